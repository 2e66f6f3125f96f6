use ragspan::rag_span;

#[rag_span(layer = "data")]
fn opaque() -> Result<impl Iterator<Item = u8>, String> {
    Err(7)?;
    Ok(vec![1].into_iter())
}

#[rag_span(layer = "data")]
fn no_iterator() -> impl Iterator<Item = u8> {
    1
}

fn main() {}
