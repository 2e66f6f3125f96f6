use ragspan::rag_span;

#[rag_span(layer = "data", context(n))]
fn sees_nothing(n: u8) -> u8 {
    let _ = (CALLSITE, __call, __ret, __value, call, ret);
    n
}

#[rag_span(layer = "data", context(callsite = CALLSITE, call = __call))]
async fn fields_see_nothing(n: u8) -> u8 {
    n
}

fn main() {}
