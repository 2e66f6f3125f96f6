// The twelve lines of the README; afterwards `ragspan trace last` reads the database.
// expect: runs
// then: ragspan trace last
// shows: hybrid_search
//@ ragspan = { path = "PACKAGED" }
//@ tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
use std::time::Duration;

use ragspan::{LogContext, rag_span};

#[derive(LogContext)]
struct Request { user_id: String }

#[rag_span(layer = "retrieval", context(top_k), ok(|hits| chunks = hits.len()))]
async fn hybrid_search(query: &str, top_k: usize) -> Result<Vec<String>, std::io::Error> {
    Ok(vec![query.to_owned(); top_k])
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = ragspan::Config::default().service("rag-api", "1.4.0", "production");
    let telemetry = ragspan::start(config)?;
    let request = Request { user_id: "ada".into() };
    request.scope(hybrid_search("what is X?", 3)).await?;
    telemetry.shutdown(Duration::from_secs(5)).await.report();
    Ok(())
}
