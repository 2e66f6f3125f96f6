use ragspan::rag_span;

#[rag_span(layer = "data", metrics(?weight), context(metrics.height = %height))]
fn weigh(_weight: u8, _height: u8) {}

fn main() {}
