fn main() {
    let pages = ragspan::span!(
        "parsing",
        layer = "ingestion",
        name = "parse",
        skip(password),
        skip_all,
        inputs(a),
        |span| {
            span.record("pages", 1);
            vec!["bees"]
        }
    );
    let _: usize = pages.len();
    ragspan::span!("parsing", "reading", layer = "ingestion", || ());
}
