use ragspan::rag_span;

#[rag_span(layer = "data")]
fn tail() -> u8 {
    "tail"
}

#[rag_span(layer = "data")]
async fn tail_async() -> Result<u8, String> {
    Ok("tail")
}

#[rag_span(layer = "data")]
fn early(early: bool) -> Result<u8, String> {
    if early {
        return Err(7);
    }
    Ok(1)
}

#[rag_span(layer = "data")]
async fn early_async(early: bool) {
    if early {
        return 7;
    }
}

#[rag_span(layer = "data")]
async fn question_mark(text: &str) -> Result<u8, String> {
    let n: u8 = text.parse()?;
    Ok(n)
}

#[rag_span(layer = "data")]
fn nothing() {
    1
}

#[rag_span(layer = "data")]
async fn comes_back() -> ! {
    1
}

#[rag_span(layer = "data")]
fn missing_tail() -> u8 {
    let _n = 1;
}

#[rag_span(layer = "data")]
fn opaque() -> Result<impl Iterator<Item = u8>, String> {
    Err(7)?;
    Ok(1)
}

fn main() {}
