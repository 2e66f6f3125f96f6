use ragspan::rag_span;

#[rag_span(layer = "data")]
mod search {
    pub fn run() {}
}

fn main() {
    search::run();
}
