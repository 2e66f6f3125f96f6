fn main() {
    ragspan::span!("parsing", layer = "ingestion", |span, file| span.record("file", file));
}
