use ragspan::rag_span;

fn search() {
    let run = #[rag_span(layer = "data")]
    || 1;
    run();
}

fn main() {
    search();
}
