use ragspan::rag_span;

#[derive(Debug)]
struct Away;

#[rag_span(layer = "data", err)]
fn load() -> Result<u8, Away> {
    Err(Away)
}

fn main() {}
