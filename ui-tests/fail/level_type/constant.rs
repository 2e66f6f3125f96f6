use ragspan::rag_span;

const QUIET: u8 = 1;

#[rag_span(layer = "data", level = QUIET)]
fn load() {}

fn main() {}
