use ragspan::rag_span;

#[rag_span(layer = "data", crate = crate::telemetry)]
fn load() {}

fn main() {}
