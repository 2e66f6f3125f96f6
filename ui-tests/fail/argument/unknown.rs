use ragspan::rag_span;

#[rag_span(layer = "data", contxt(n))]
fn slip(n: u8) {}

#[rag_span(layer = "data", banana)]
fn no_slip() {}

#[rag_span(layer = "data", outcom = |v| v)]
fn slip_of_a_later_one() {}

#[rag_span(layer = "data", "load")]
fn bare_string() {}

#[rag_span(layer = "data", 7)]
fn no_argument() {}

fn main() {
    slip(1);
}
