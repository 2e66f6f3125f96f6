use ragspan::rag_span;

#[rag_span(layer = "data")]
#[rag_span(layer = "api")]
fn load() {}

fn main() {
    load();
}
