use ragspan::rag_span;

struct Answer;

#[rag_span(layer = "data", empty)]
fn answer() -> Answer {
    Answer
}

fn main() {}
