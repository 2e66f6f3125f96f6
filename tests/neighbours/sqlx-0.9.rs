// The sqlx version that ragspan uses.
// expect: runs
//@ ragspan = { path = "PACKAGED" }
//@ sqlx = { version = "0.9", default-features = false, features = ["runtime-tokio", "sqlite"] }
//@ tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
use ragspan::rag_span;

#[rag_span(layer = "retrieval", ok(|hits| hits = hits.len()))]
fn search(query: &str) -> Vec<String> {
    vec![query.to_owned()]
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = ragspan::start(ragspan::Config::default().without_metrics_listener())?;
    assert_eq!(search("bees").len(), 1);
    let theirs = sqlx::SqlitePool::connect("sqlite::memory:").await?;
    let (one,): (i64,) = sqlx::query_as("SELECT 1").fetch_one(&theirs).await?;
    assert_eq!(one, 1);
    assert!(telemetry.shutdown(std::time::Duration::from_secs(5)).await.is_complete());
    Ok(())
}
