use ragspan::rag_span;

#[rag_span(layer = "data")]
#[track_caller]
fn first(hits: &[u8]) -> Option<u8> {
    let hit = hits.first()?;
    Some(*hit)
}

fn main() {}
