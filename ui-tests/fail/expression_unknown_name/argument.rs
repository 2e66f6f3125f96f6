use ragspan::rag_span;

#[rag_span(layer = "data", context(topk))]
fn search(top_k: usize) -> usize {
    top_k
}

fn main() {}
