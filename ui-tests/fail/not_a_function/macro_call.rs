use ragspan::rag_span;

#[rag_span(layer = "data")]
thread_local! {
    static COUNT: u8 = const { 1 };
}

fn main() {
    COUNT.with(|_| {});
}
