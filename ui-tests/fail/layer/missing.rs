use ragspan::rag_span;

#[rag_span]
fn search() {}

#[rag_span(context(n))]
fn load(n: u8) {}

fn main() {
    search();
    load(1);
}
