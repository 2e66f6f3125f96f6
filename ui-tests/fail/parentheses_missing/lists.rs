use ragspan::rag_span;

#[rag_span(layer = "data", context = n, metrics, ok = |n| n, fields)]
fn load(n: u8) -> u8 {
    n
}

fn main() {}
