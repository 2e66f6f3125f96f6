use ragspan::rag_span;

struct Index;

#[rag_span(layer = "data", contxt(n), skip_al)]
impl Index {
    fn load(&self) {}
}

fn main() {
    Index.load();
}
