// A program with its own metrics recorder: both expositions are complete.
// expect: runs
//@ ragspan = { path = "PACKAGED" }
//@ metrics = "0.24"
//@ metrics-exporter-prometheus = { version = "0.18", default-features = false }
use ragspan::rag_span;

#[rag_span(layer = "retrieval", ok(|hits| hits = hits.len()))]
fn search(query: &str) -> Vec<String> {
    vec![query.to_owned()]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let theirs = metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder()?;
    let telemetry = ragspan::start(ragspan::Config::default().without_metrics_listener())?;
    assert!(telemetry.health().warnings[0].contains("another metrics recorder"));
    metrics::counter!("mine_total").increment(1);
    assert_eq!(search("bees").len(), 1);
    assert!(theirs.render().contains("mine_total 1"));
    let ours = telemetry.render_metrics(None).body;
    assert!(ours.contains(r#"rag_requests_total{layer="retrieval",status="success"} 1"#), "{ours}");
    assert!(telemetry.shutdown_blocking(std::time::Duration::from_secs(5)).is_complete());
    Ok(())
}
