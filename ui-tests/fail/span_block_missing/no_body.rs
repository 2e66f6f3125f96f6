fn main() {
    ragspan::span!("parsing", layer = "ingestion", |span|);
}
