use ragspan::rag_span;

#[rag_span(layer = "data", skip_all, skip(password))]
fn login(password: &str) {
    drop(password.len());
}

fn main() {}
