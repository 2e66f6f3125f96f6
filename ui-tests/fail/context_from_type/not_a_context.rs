use ragspan::rag_span;

struct Request;

#[rag_span(layer = "api", context_from = request)]
fn answer(request: &Request) {}

fn main() {}
