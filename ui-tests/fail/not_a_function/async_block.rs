use ragspan::rag_span;

fn search() {
    #[rag_span(layer = "data")]
    async {
        1
    };
}

fn main() {
    search();
}
