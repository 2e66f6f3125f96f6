use ragspan::rag_span;

struct Index;

#[rag_span(layer = "data")]
impl Index {
    fn load(&self) -> u8 {
        let x = ;
        x
    }

    fn save(&self) {}
}

fn main() {
    Index.save();
}
