use ragspan::rag_span;

#[rag_span(layer = "data", level = "critical")]
fn load() {}

#[rag_span(layer = "data", ret(level = "critical"))]
fn read() -> u8 {
    1
}

fn main() {}
