use ragspan::rag_span;

#[rag_span(layer = "data")]
async fn comes_back() -> ! {
    1
}

fn main() {}
