use ragspan::rag_span;

struct Index;

#[rag_span]
impl Index {
    fn load(&self) {}
}

fn main() {
    Index.load();
}
