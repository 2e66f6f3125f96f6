use ragspan::rag_span;

struct Reply;

#[rag_span(
    layer = "generation",
    model = 7,
    usage = |reply| reply,
    cost = |_| "free",
    documents = |_| 7,
    versions(prompt = Reply),
)]
fn answer() -> Reply {
    Reply
}

fn main() {}
