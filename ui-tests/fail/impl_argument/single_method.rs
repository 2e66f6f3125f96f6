use ragspan::rag_span;

struct Index;

#[rag_span(layer = "data", context(n), operation = "load")]
impl Index {
    fn load(&self, _n: u8) {}
}

fn main() {
    Index.load(1);
}
