use ragspan::rag_span;

#[rag_span(layer = "data", err(Debug, Display))]
fn load() -> Result<u8, String> {
    Ok(1)
}

fn main() {}
