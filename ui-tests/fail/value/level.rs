use ragspan::rag_span;

#[rag_span(layer = "data", level = "warn ing")]
fn slip() {}

#[rag_span(layer = "data", level = 6)]
fn number() {}

fn main() {}
