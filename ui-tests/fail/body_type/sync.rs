use ragspan::rag_span;

#[rag_span(layer = "data")]
fn tail() -> u8 {
    "tail"
}

#[rag_span(layer = "data", context(early))]
fn early(early: bool) -> Result<u8, String> {
    if early {
        return Err(7);
    }
    Ok(1)
}

#[rag_span(layer = "data")]
fn nothing() {
    1
}

#[rag_span(layer = "data")]
fn missing_tail() -> u8 {
    let _n = 1;
}

fn main() {}
