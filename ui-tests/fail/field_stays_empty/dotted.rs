use ragspan::rag_span;

struct Request {
    id: u8,
}

#[rag_span(layer = "data", fields(request.id))]
fn load(request: &Request) -> u8 {
    request.id
}

fn main() {}
