use ragspan::rag_span;

use futures_core::Stream;
use std::pin::Pin;

#[rag_span(layer = "generation")]
fn no_stream() -> Pin<Box<dyn Stream<Item = u8> + Send>> {
    vec![1_u8]
}

#[rag_span(layer = "generation")]
async fn wrong_error() -> Result<Pin<Box<dyn Stream<Item = u8>>>, String> {
    Err(7)
}

fn main() {}
