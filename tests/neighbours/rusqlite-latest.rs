// Only one crate of a program can link SQLite, and this rusqlite requires a newer `libsqlite3-sys` than sqlx 0.9 allows.
// expect: does not resolve
//@ ragspan = { path = "PACKAGED" }
//@ rusqlite = { version = "0.42", features = ["bundled"] }
use ragspan::rag_span;

#[rag_span(layer = "retrieval", ok(|hits| hits = hits.len()))]
fn search(query: &str) -> Vec<String> {
    vec![query.to_owned()]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = ragspan::start(ragspan::Config::default().without_metrics_listener())?;
    assert_eq!(search("bees").len(), 1);
    let theirs = rusqlite::Connection::open("theirs.db")?;
    theirs.execute_batch("CREATE TABLE IF NOT EXISTS t (a); INSERT INTO t VALUES (1)")?;
    let rows: i64 = theirs.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?;
    assert!(rows > 0);
    assert!(telemetry.shutdown_blocking(std::time::Duration::from_secs(5)).is_complete());
    Ok(())
}
