use ragspan::rag_span;

#[rag_span(layer = "data")]
fn dangling() -> &'static str {
    let local = String::new();
    &local
}

#[rag_span(layer = "data", ok(|_| chars = text.len()))]
async fn moved(text: String) -> usize {
    drop(text);
    1
}

fn main() {}
