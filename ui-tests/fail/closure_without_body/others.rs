use ragspan::rag_span;

#[rag_span(layer = "data", empty = |hits|)]
fn search() -> Vec<u8> {
    Vec::new()
}

#[rag_span(layer = "data", outcome = |hits|, err(level = |error|, type = |error|))]
fn load() -> Result<u8, String> {
    Ok(1)
}

fn main() {}
