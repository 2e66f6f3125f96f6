use ragspan::rag_span;

struct Index;

#[rag_span(layer = "data")]
impl Index {
    #[rag_span(contxt(n))]
    fn load(&self, n: u8) -> u8 {
        n
    }

    #[rag_span(layer = "dta")]
    fn save(&self) {}

    #[rag_span(skip, slow = "1s")]
    fn left_out(&self) {}
}

fn main() {
    Index.load(1);
    Index.save();
    Index.left_out();
}
