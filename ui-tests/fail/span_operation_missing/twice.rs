fn main() {
    ragspan::span!("parsing", operation = "reading", layer = "ingestion", || ());
    ragspan::span!("two words", layer = "ingestion", || ());
}
