fn main() {
    ragspan::span!("parsing", layer = "ingestion", |span| { span.record("a", 1) }, context(b = 1));
}
