struct Pages;

fn main() {
    ragspan::span!("parsing", layer = "ingestion", |span| {
        span.record("pages", Pages);
        span.metric("title", "bees");
        ragspan::record("pages", Pages);
    });
}
