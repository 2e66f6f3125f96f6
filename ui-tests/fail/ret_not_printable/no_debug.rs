use ragspan::rag_span;

struct Row;

#[rag_span(layer = "data", ret)]
fn load() -> Row {
    Row
}

fn main() {}
