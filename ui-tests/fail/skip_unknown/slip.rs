use ragspan::rag_span;

#[rag_span(layer = "data", skip(pasword))]
fn login(_user: &str, _password: &str) {}

#[rag_span(layer = "data", skip(body))]
fn logout() {}

fn main() {}
