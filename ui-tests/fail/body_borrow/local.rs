use ragspan::rag_span;

#[rag_span(layer = "data")]
fn dangling() -> &'static str {
    let local = String::new();
    &local
}

#[rag_span(layer = "data", context(text))]
fn moved(text: String) -> usize {
    drop(text);
    text.len()
}

#[rag_span(layer = "data")]
async fn borrowed_twice(mut hits: Vec<u8>) -> u8 {
    let first = &hits[0];
    hits.push(1);
    *first
}

fn main() {}
