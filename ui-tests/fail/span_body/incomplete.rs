fn pages(file: &str) -> usize {
    ragspan::span!("parsing", layer = "ingestion", |span| {
        span.
    })
}

fn main() {
    pages("bees");
}
