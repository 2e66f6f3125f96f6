use ragspan::rag_span;

struct Index;

#[rag_span(layer = "data")]
impl Index {
    fn load(&self) -> u8 {
        self.size()
    }

    async fn save(&self) -> Result<(), String> {
        Err(1)
    }
}

fn main() {
    Index.load();
}
