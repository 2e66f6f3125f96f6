use ragspan::rag_span;

struct Filter;

#[rag_span(layer = "data", context(filter))]
fn bare(filter: Filter) {}

#[rag_span(layer = "data", context(?filter, %filter2))]
fn by_sign(filter: Filter, filter2: Filter) {}

#[rag_span(layer = "data", metrics(weight))]
fn metric(weight: &str) {}

#[rag_span(layer = "data", ok(|found| found = found))]
fn success() -> Result<Filter, u8> {
    Ok(Filter)
}

fn main() {}
