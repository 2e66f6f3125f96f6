use ragspan::rag_span;

#[rag_span(layer = "api", ret, ok(|_| n = 1))]
fn serve() -> ! {
    loop {}
}

fn main() {}
