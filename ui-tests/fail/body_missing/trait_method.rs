use ragspan::rag_span;

trait Load {
    #[rag_span(layer = "data")]
    fn load(&self);
}

struct Index;

impl Load for Index {
    fn load(&self) {}
}

fn main() {
    Index.load();
}
