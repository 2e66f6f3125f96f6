use ragspan::rag_span;
use std::future::Future;
use std::pin::Pin;

#[rag_span(layer = "data")]
const fn constant() -> u8 {
    1
}

#[rag_span(layer = "data")]
fn future() -> impl Future<Output = u8> {
    async { 1 }
}

#[rag_span(layer = "data")]
fn boxed() -> Pin<Box<dyn Future<Output = u8> + Send>> {
    Box::pin(async { 1 })
}

#[rag_span(layer = "data")]
struct Index;

#[rag_span(layer = "data")]
impl Index {
    fn load(&self) {}
}

trait Load {
    #[rag_span(layer = "data")]
    fn load(&self);
}

impl Load for Index {
    fn load(&self) {}
}

fn main() {
    let _ = (constant(), future(), boxed());
    Load::load(&Index);
}
