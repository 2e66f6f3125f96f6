use ragspan::rag_span;

#[rag_span(layer = "data", metrics(self.weight))]
fn weigh() {}

fn main() {}
