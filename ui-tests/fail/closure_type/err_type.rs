use ragspan::rag_span;

#[rag_span(layer = "data", err(type = |error| error.to_owned()))]
async fn load() -> Result<u8, String> {
    Ok(1)
}

fn main() {}
