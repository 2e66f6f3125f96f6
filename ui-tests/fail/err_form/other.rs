use ragspan::rag_span;

#[rag_span(layer = "data", err = Debug)]
fn assigned() -> Result<u8, String> {
    Ok(1)
}

#[rag_span(layer = "data", err(7))]
fn number() -> Result<u8, String> {
    Ok(1)
}

fn main() {}
