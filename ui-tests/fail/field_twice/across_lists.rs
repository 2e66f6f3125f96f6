use ragspan::rag_span;

#[rag_span(layer = "data", context(id, metrics.n = 1), metrics(n = 2), ok(|row| id = row))]
fn load(id: u8) -> u8 {
    id
}

fn main() {}
