use ragspan::rag_span;

struct Chunk;

#[rag_span(layer = "data", ok(|found| found = found))]
fn search() -> Result<Chunk, u8> {
    Ok(Chunk)
}

fn main() {}
