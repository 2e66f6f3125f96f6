use ragspan::rag_span;

unsafe extern "C" {
    #[rag_span(layer = "data")]
    fn abs(n: i32) -> i32;
}

fn main() {
    let _ = unsafe { abs(1) };
}
