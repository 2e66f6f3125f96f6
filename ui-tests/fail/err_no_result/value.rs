use ragspan::rag_span;

#[rag_span(layer = "data", err)]
fn load() -> u8 {
    1
}

#[rag_span(layer = "data", err(type = "timeout"), ret)]
async fn load_later() -> Option<u8> {
    None
}

fn main() {}
