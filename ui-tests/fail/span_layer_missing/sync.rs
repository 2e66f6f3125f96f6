fn main() {
    let pages = ragspan::span!("parsing", || vec!["bees"]);
    let _: usize = pages.len();
}
