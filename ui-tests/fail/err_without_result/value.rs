use ragspan::rag_span;

#[rag_span(layer = "data", err)]
fn load() -> u8 {
    1
}

#[rag_span(layer = "data", err, ret)]
async fn load_later() -> Option<u8> {
    None
}

#[rag_span(layer = "data", err(type = |error| error.kind()))]
fn read() -> u8 {
    1
}

fn main() {}
