use ragspan::rag_span;

#[rag_span(layer = "data", ok(|hits| n = hits.length()))]
fn search() -> Vec<usize> {
    Vec::new()
}

fn main() {}
