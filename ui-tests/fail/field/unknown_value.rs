use ragspan::rag_span;

#[rag_span(layer = "data", context(topk), ok(|hits| n = hits.length()))]
fn search(top_k: usize) -> Vec<usize> {
    vec![top_k]
}

fn main() {
    search(1);
}
