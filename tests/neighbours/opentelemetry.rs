// The OpenTelemetry layer beside that of ragspan: it gets the spans of annotated functions as ordinary spans.
// expect: runs
//@ ragspan = { path = "PACKAGED" }
//@ opentelemetry = "0.33"
//@ opentelemetry_sdk = { version = "0.33", features = ["testing"] }
//@ tracing-opentelemetry = "0.34"
//@ tracing-subscriber = "0.3"
use opentelemetry::trace::TracerProvider;
use tracing_subscriber::prelude::*;
use ragspan::rag_span;

#[rag_span(layer = "retrieval", ok(|hits| hits = hits.len()))]
fn search(query: &str) -> Vec<String> {
    vec![query.to_owned()]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let exporter = opentelemetry_sdk::trace::InMemorySpanExporter::default();
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    tracing_subscriber::registry()
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("app")))
        .with(ragspan::layer())
        .init();
    let telemetry = ragspan::start(ragspan::Config::default().without_metrics_listener())?;
    assert_eq!(search("bees").len(), 1);
    assert_eq!(exporter.get_finished_spans()?[0].name, "search");
    assert!(telemetry.shutdown_blocking(std::time::Duration::from_secs(5)).is_complete());
    Ok(())
}
