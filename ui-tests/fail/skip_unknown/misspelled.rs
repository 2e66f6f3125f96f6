use ragspan::rag_span;

#[rag_span(layer = "data", skip(pasword))]
fn login(user: &str, password: &str) -> usize {
    user.len() + password.len()
}

#[rag_span(layer = "data", skip(body))]
fn logout() {}

fn main() {}
