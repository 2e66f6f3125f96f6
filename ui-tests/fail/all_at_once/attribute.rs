use ragspan::rag_span;

#[rag_span(layer = "retreival", context(n.m(), n, n), slow = 2, metrics, ok(chunks = 1), level = "loud" empty)]
const fn load(n: u8) -> u8 {
    n
}

fn main() {}
