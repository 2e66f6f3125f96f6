use std::future::{Future, ready};
use std::pin::Pin;

async fn rerank(hits: Vec<u8>) -> Vec<u8> {
    let hits = ragspan::span!("rerank", layer = "retrieval", |span| async move {
        span.record("hits", hits.len());
        hits
    });
    hits.await
}

fn later() -> Pin<Box<dyn Future<Output = u8>>> {
    ragspan::span!("rerank", layer = "retrieval", || -> Pin<Box<dyn Future<Output = u8>>> { Box::pin(ready(7)) })
}

fn main() {
    let _ = (rerank(Vec::new()), later());
}
