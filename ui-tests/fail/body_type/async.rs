use ragspan::rag_span;

#[rag_span(layer = "data")]
async fn tail() -> Result<u8, String> {
    Ok("tail")
}

#[rag_span(layer = "data")]
async fn early(early: bool) {
    if early {
        return 7;
    }
}

#[rag_span(layer = "data")]
async fn missing_tail() -> u8 {
    let _n = 1;
}

fn main() {}
