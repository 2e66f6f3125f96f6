//! Services that ragspan traces and services that a vendor's client traces call one another in one trace.

#![expect(clippy::string_slice, reason = "ids and headers are ASCII")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use ragspan::propagation::{Policy, extract, inject};
use ragspan::rag_span;
use ragspan::task::ContextHandle;
use ragspan::testing::{Capture, Captured};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A service in Python, which ends when its standard input closes.
struct Python {
    process: Child,
    address: String,
}

impl Python {
    fn start(client: &str) -> Self {
        let python = interpreter();
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("python/service.py");
        let mut process = Command::new(&python)
            .arg(script)
            .arg(client)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{} does not start ({error}): `scripts/test` makes it, or `scripts/python`",
                    python.display()
                )
            });
        let mut port = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut port).unwrap();
        assert!(
            !port.is_empty(),
            "{client} has ended: is what `scripts/python` installs there?"
        );
        Self {
            process,
            address: format!("http://127.0.0.1:{}/", port.trim()),
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}

/// Returns the interpreter with the vendors' clients that `scripts/python` installs.
fn interpreter() -> PathBuf {
    if let Some(set) = std::env::var_os("RAGSPAN_PYTHON") {
        return set.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache"),
        PathBuf::from,
    );
    cache.join("ragspan-tools/python/bin/python")
}

/// Starts a service that ragspan traces, and returns its address.
async fn service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // The tasks of axum do not belong to the capture, so the handler gets the context of the capture, which has no span.
    let app = Router::new()
        .route("/", post(handle))
        .with_state(ContextHandle::current());
    ragspan::task::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}/")
}

async fn handle(
    State(handle): State<ContextHandle>,
    headers: HeaderMap,
    Json(hops): Json<Vec<String>>,
) -> Json<Value> {
    Json(handle.wrap_future(answer(&headers, hops)).await)
}

#[rag_span(layer = "api", context_from = extract(headers))]
async fn answer(headers: &HeaderMap, hops: Vec<String>) -> Value {
    let next = match hops.split_first() {
        Some((next, rest)) => Some(call(next, rest).await),
        None => None,
    };
    let context = ragspan::Context::current();
    json!({
        "trace_id": context.trace_id().unwrap().to_string(),
        "span_id": context.span_id().unwrap().to_string(),
        "parent_id": context.parent_span_id().map(|id| id.to_string()),
        "next": next,
    })
}

/// Calls the next service over HTTP, with our headers.
#[rag_span(layer = "retrieval")]
async fn call(address: &str, hops: &[String]) -> Value {
    let mut headers = Vec::new();
    inject(&mut headers);
    let body = json!(hops).to_string();
    headers.push(("content-type".to_owned(), "application/json".to_owned()));
    headers.push(("content-length".to_owned(), body.len().to_string()));
    let host = address.trim_start_matches("http://").trim_end_matches('/');
    let host: SocketAddr = host.parse().unwrap();
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let request = format!("POST / HTTP/1.0\r\nhost: {host}\r\n{lines}\r\n{body}");
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let (_, body) = response
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("{response}"));
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {response}"))
}

/// A request that starts in the test and passes through all these services.
#[rag_span(layer = "api")]
async fn begin(hops: Vec<String>) -> Value {
    call(&hops[0], &hops[1..]).await
}

/// Returns the span that each service reports, in the order of the hops.
fn hops(answer: &Value) -> Vec<&Value> {
    let mut all = vec![answer];
    while let Some(next) = all
        .last()
        .map(|last| &last["next"])
        .filter(|next| next.is_object())
    {
        all.push(next);
    }
    all
}

fn low(id: &Value) -> String {
    let digits = id.as_str().unwrap().replace('-', "");
    digits[digits.len() - 16..].to_owned()
}

/// Returns the span that made the call to the next hop: the one below the entry point, or that of the vendor.
fn caller(seen: &Captured, entry: &Value) -> Value {
    let below = |record: &&Value| {
        record["message"] == "call_complete" && record["parent_span_id"] == entry["span_id"]
    };
    let call = seen.records().iter().find(below);
    call.map_or(entry["span_id"].clone(), |call| call["span_id"].clone())
}

/// Runs a request through alternating services of ragspan and of the vendor, and checks each hop.
async fn one_trace(policy: Policy, client: &'static str, whole: bool) {
    let vendor = Python::start(client);
    let capture = Capture::new().propagation(policy);
    let (answer, seen) = capture
        .run_async(async {
            let (first, second) = (service().await, service().await);
            let there = vendor.address.clone();
            begin(vec![first.clone(), there.clone(), second, there, first]).await
        })
        .await;
    let all = hops(&answer);
    assert_eq!(all.len(), 5, "{answer}");
    let root = seen.record("begin_complete");
    let trace = root["trace_id"].as_str().unwrap();
    let mut above = caller(&seen, root);
    for hop in all {
        let shown = |id: &Value| id.as_str().unwrap().replace('-', "");
        assert_eq!(shown(&hop["trace_id"]), trace.replace('-', ""), "{answer}");
        if whole {
            assert_eq!(hop["parent_id"], above, "{answer}");
        } else {
            assert_eq!(low(&hop["parent_id"]), low(&above), "{answer}");
        }
        above = caller(&seen, hop);
    }
    for record in seen.records() {
        assert_eq!(record["trace_id"], trace, "{record}");
    }
}

#[tokio::test]
async fn a_request_through_services_of_opentelemetry_is_one_trace() {
    one_trace(Policy::new(), "otel", false).await;
}

#[tokio::test]
async fn a_request_through_services_of_langsmith_is_one_trace() {
    one_trace(Policy::new().langsmith(true), "langsmith", true).await;
}
