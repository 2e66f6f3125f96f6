fn main() {
    let pages = ragspan::span!(layer = "ingestion", || vec!["bees"]);
    let _: usize = pages.len();
}
