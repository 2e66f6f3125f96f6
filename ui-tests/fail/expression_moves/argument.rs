use ragspan::rag_span;

#[rag_span(layer = "data", ok(|_| chars = text.len()))]
async fn keep(text: String) -> usize {
    drop(text);
    1
}

#[rag_span(layer = "data", empty = |_| text.is_empty())]
fn keep_now(text: String) -> usize {
    drop(text);
    1
}

fn main() {}
