use ragspan::rag_span;

use std::rc::Rc;

#[rag_span(layer = "data")]
async fn load() -> u8 {
    let shared = Rc::new(1);
    pause().await;
    *shared
}

async fn pause() {}

fn spawn(_: impl Future<Output = u8> + Send) {}

fn main() {
    spawn(load());
}
