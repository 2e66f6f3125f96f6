fn pages() -> Result<usize, String> {
    ragspan::span!("parsing", layer = "ingestion", context(missing), ok(|pages| pages = pages.len()), |span| {
        let text: usize = "bees";
        span.recrd("text", text);
        Ok(text)
    })
}

fn main() {
    let _ = pages();
}
