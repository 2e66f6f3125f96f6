use ragspan::rag_span;

#[rag_span(layer = "api")]
async fn serve() -> ! {
    7
}

#[rag_span(layer = "api")]
fn run() -> ! {
    7
}

fn main() {
    let _ = serve();
    run();
}
