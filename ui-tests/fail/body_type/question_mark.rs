use ragspan::rag_span;

#[rag_span(layer = "data")]
async fn parse(text: &str) -> Result<u8, String> {
    let n: u8 = text.parse()?;
    Ok(n)
}

#[rag_span(layer = "data")]
fn first(hits: Vec<u8>) -> u8 {
    *hits.first()?
}

fn main() {}
