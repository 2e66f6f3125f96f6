// SeaORM uses sqlx 0.8; ragspan shares the SQLite that sqlx 0.8 links.
// expect: runs
//@ ragspan = { path = "PACKAGED" }
//@ sea-orm = { version = "1", default-features = false, features = ["macros", "runtime-tokio", "sqlx-sqlite"] }
//@ tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
use sea_orm::ConnectionTrait;
use ragspan::rag_span;

#[rag_span(layer = "retrieval", ok(|hits| hits = hits.len()))]
fn search(query: &str) -> Vec<String> {
    vec![query.to_owned()]
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = ragspan::start(ragspan::Config::default().without_metrics_listener())?;
    assert_eq!(search("bees").len(), 1);
    let theirs = sea_orm::Database::connect("sqlite::memory:").await?;
    theirs.execute_unprepared("CREATE TABLE t (a)").await?;
    assert!(telemetry.shutdown(std::time::Duration::from_secs(5)).await.is_complete());
    Ok(())
}
