use ragspan::rag_span;

#[rag_span(layer = "data", err(level, type =))]
fn load() -> Result<u8, String> {
    Ok(1)
}

#[rag_span(layer = "data", ret(level))]
fn read() -> u8 {
    1
}

fn main() {}
