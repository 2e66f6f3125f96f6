use ragspan::rag_span;

#[rag_span(layer = "data", ok(|hits: &Vec<u16>| hits = hits.len()))]
fn search() -> Vec<u8> {
    Vec::new()
}

fn main() {}
