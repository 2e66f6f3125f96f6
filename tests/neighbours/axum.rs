// A service that answers one request, and shuts down as on a signal.
// expect: runs
//@ ragspan = { path = "PACKAGED" }
//@ axum = { version = "0.8", default-features = false, features = ["http1", "json", "tokio"] }
//@ tokio = { version = "1", features = ["macros", "rt-multi-thread", "net"] }
use std::io::{Read, Write};

use axum::{Router, extract::State, routing::get};
use ragspan::rag_span;

#[rag_span(layer = "api", ok(|answer| chars = answer.len()))]
async fn query() -> String {
    "bees".to_owned()
}


async fn metrics(State(telemetry): State<&'static ragspan::Telemetry>) -> String {
    telemetry.render_metrics(None).body
}

fn ask(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = ragspan::Config::default().sqlite("axum.db").without_metrics_listener();
    let telemetry: &'static ragspan::Telemetry = Box::leak(Box::new(ragspan::start(config)?));
    let app = Router::new().route("/query", get(query)).route("/metrics", get(metrics)).with_state(telemetry);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let until = async move {
        tokio::select! { () = ragspan::terminated() => {}, _ = ended => {} }
    };
    let serving = tokio::spawn(async move { axum::serve(listener, app).with_graceful_shutdown(until).await });
    let (answer, metrics) = tokio::task::spawn_blocking(move || (ask(address, "/query"), ask(address, "/metrics"))).await?;
    assert!(answer.ends_with("bees"), "{answer}");
    assert!(metrics.contains(r#"rag_requests_total{layer="api",status="success"} 1"#), "{metrics}");
    end.send(()).unwrap();
    serving.await??;
    assert!(telemetry.flush().await);
    assert!(telemetry.health().is_ok());
    tokio::task::spawn_blocking(|| assert!(std::fs::metadata("axum.db").unwrap().len() > 0)).await?;
    Ok(())
}
