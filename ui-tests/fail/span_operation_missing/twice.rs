fn main() {
    ragspan::span!("parsing", operation = "reading", layer = "ingestion", || ());
    ragspan::span!("read pages", layer = "ingestion", || ());
}
