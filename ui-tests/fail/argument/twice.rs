use ragspan::rag_span;

#[rag_span(layer = "data", context(n), layer = "api", context(m))]
fn load(n: u8, m: u8) {}

#[rag_span(layer = "data")]
#[rag_span(layer = "api")]
fn measured_twice() {}

fn main() {
    load(1, 2);
}
