use ragspan::rag_span;

struct Answer;

#[rag_span(layer = "data", empty)]
fn no_notion() -> Answer {
    Answer
}

#[rag_span(layer = "data", empty = is_blank)]
fn no_closure() -> Answer {
    Answer
}

#[rag_span(layer = "data", empty = |answer| answer)]
fn no_bool() -> u8 {
    1
}

fn main() {
    no_notion();
    no_bool();
}
