use ragspan::rag_span;

use futures_core::Stream;

#[rag_span(layer = "generation", ok(|tokens| n = tokens.len()), empty = |tokens| tokens.is_empty())]
fn answer() -> impl Stream<Item = String> {
    tokens()
}

fn tokens() -> std::pin::Pin<Box<dyn Stream<Item = String> + Send>> {
    unimplemented!()
}

fn main() {}
