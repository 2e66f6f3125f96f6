fn parse() -> usize {
    ragspan::span!("parsing", layer = "ingestion", {
        let pages = vec!["bees"];
        pages.len()
    })
}

async fn embed() -> usize {
    ragspan::span!("embedding", layer = "ingestion", async move { 7 }).await
}

fn main() {
    let _: usize = parse();
    let _ = embed();
}
