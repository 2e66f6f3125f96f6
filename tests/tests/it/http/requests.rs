//! The headers of a request and the fields of its call, over both versions of HTTP.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request as Incoming};
use axum::routing::{any, get};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use ragspan::propagation::Policy;
use ragspan::testing::{Capture, capture_async};
use ragspan::{Context, LogContext, rag_span};
use tokio::sync::Barrier;

use super::server::{Client, Tasks, Version, each, serve};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn to(uri: &str) -> http::request::Builder {
    Request::get(uri).header("host", "localhost")
}

fn empty(request: http::request::Builder) -> Request<String> {
    request.body(String::new()).unwrap()
}

async fn text<B: http_body::Body<Error: std::fmt::Debug>>(response: Response<B>) -> String {
    let whole = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(whole.to_vec()).unwrap()
}

#[rag_span(layer = "retrieval")]
async fn search() {}

fn app() -> Router {
    let answer = || async {
        search().await;
        "an answer"
    };
    let broken = || async { StatusCode::SERVICE_UNAVAILABLE };
    Router::new()
        .route("/query", get(answer))
        .route("/broken", any(broken))
        .route("/health", get(|| async { "well" }))
        .layer(ragspan::http::layer())
}

#[tokio::test]
async fn a_request_is_a_call_with_its_harmless_attributes() {
    let ask = |client: Client| async move {
        let request = to("/query?question=s3cret")
            .header("x-request-id", "r-1")
            .header("user-agent", "tests/1.0")
            .header("authorization", "Bearer t0ken");
        let response = client.send(empty(request)).await.unwrap();
        let (head, body) = response.into_parts();
        let id = head.headers["x-trace-id"].to_str().unwrap().to_owned();
        assert_eq!(head.headers["x-request-id"], "r-1");
        assert_eq!(text(Response::new(body)).await, "an answer");
        id
    };
    for ((trace, seen), version) in each(app, ask)
        .await
        .into_iter()
        .zip(["HTTP/1.1", "HTTP/2.0"])
    {
        let call = seen
            .span("http_request")
            .assert_success()
            .assert_root()
            .assert_layer("api");
        call.assert_field("http_method", "GET")
            .assert_no_field("http_path")
            .assert_no_field("http_route")
            .assert_field("http_version", version)
            .assert_field("http_status", 200)
            .assert_field("bytes_sent", 9)
            .assert_no_field("user_agent");
        let record = call.record();
        assert_eq!(record["trace_id"], trace);
        assert_eq!(record["request_id"], "r-1");
        assert!(record["metrics"]["time_to_first_byte_ms"].is_number());
        seen.span("search").assert_under("http_request");
        seen.assert_no_text("s3cret").assert_no_text("t0ken");
        seen.assert_metric(
            "rag_requests_total",
            &[("layer", "api"), ("status", "success")],
            1.0,
        )
        .assert_metric("rag_active_queries", &[("layer", "api")], 0.0);
    }
}

#[tokio::test]
async fn the_status_decides_the_outcome_of_a_request() {
    let ask = |client: Client| async move {
        for (path, status) in [("/nowhere", 404), ("/broken", 503), ("/query", 405)] {
            let mut request = to(path);
            if path == "/query" {
                request = request.method("POST");
            }
            let response = client.send(empty(request)).await.unwrap();
            assert_eq!(response.status(), status);
            text(response).await;
        }
    };
    for ((), seen) in each(app, ask).await {
        let calls = seen.spans("http_request");
        calls[0].assert_success().assert_field("http_status", 404);
        calls[1]
            .assert_failed_with("http_503")
            .assert_field("http_status", 503);
        calls[2].assert_success().assert_field("http_status", 405);
        assert_eq!(calls.len(), 3);
    }
}

#[rag_span(layer = "data")]
async fn load() -> Result<(), std::io::Error> {
    Err(std::io::Error::other("the index is away"))
}

#[rag_span(layer = "retrieval")]
async fn recovers() -> usize {
    usize::from(load().await.is_ok())
}

#[tokio::test]
async fn an_inner_failure_is_recorded_once_for_every_status() {
    let app = || {
        let failing = || async {
            match load().await {
                Ok(()) => StatusCode::OK,
                Err(_) => StatusCode::SERVICE_UNAVAILABLE,
            }
        };
        let handled = || async { recovers().await.to_string() };
        Router::new()
            .route("/failing", get(failing))
            .route("/handled", get(handled))
            .layer(ragspan::http::layer())
    };
    let ask = |client: Client| async move {
        text(client.send(empty(to("/failing"))).await.unwrap()).await;
        text(client.send(empty(to("/handled"))).await.unwrap()).await;
    };
    for ((), seen) in each(app, ask).await {
        let calls = seen.spans("http_request");
        let origin_id = &seen.spans("load")[0].record()["span_id"];
        let record = calls[0].assert_failed_with("http_503").record();
        assert_eq!(
            (&record["level"], &record["context"]["error_span_id"]),
            (&"INFO".into(), origin_id)
        );
        calls[1].assert_success();
        let errors = seen.records().iter().filter(|it| it["level"] == "ERROR");
        assert_eq!(errors.count(), 2, "once for each call of `load`");
        assert_eq!(
            seen.metric(
                "rag_errors_total",
                &[("error_type", "http_503"), ("layer", "api")]
            ),
            None
        );
    }
}

#[tokio::test]
async fn probes_are_not_recorded() {
    let ask = |client: Client| async move {
        let response = client.send(empty(to("/health?deep=1"))).await.unwrap();
        assert!(!response.headers().contains_key("x-trace-id"));
        assert_eq!(text(response).await, "well");
    };
    for ((), seen) in each(app, ask).await {
        assert!(seen.records().is_empty());
    }
    let others = || {
        let layer = ragspan::http::layer().leave_out(["/query", "/bro*"]).path();
        Router::new().fallback(|| async { "here" }).layer(layer)
    };
    let ask = |client: Client| async move {
        for path in ["/health", "/query", "/broken", "/query/more"] {
            text(client.send(empty(to(path))).await.unwrap()).await;
        }
    };
    for ((), seen) in each(others, ask).await {
        let calls = seen.spans("http_request");
        calls[0].assert_field("http_path", "/health");
        calls[1].assert_field("http_path", "/query/more");
        assert_eq!(calls.len(), 2);
    }
}

#[tokio::test]
async fn a_route_names_the_call_and_no_word_of_a_user_is_recorded() {
    let routed = || {
        let layer = ragspan::http::layer().route(|parts| {
            let path = parts.extensions.get::<MatchedPath>();
            path.map(MatchedPath::as_str)
        });
        Router::new()
            .route("/users/{name}/notes", any(|| async { "notes" }))
            .layer(layer)
    };
    let ask = |client: Client| async move {
        for (method, path) in [
            ("GET", "/users/ada-s3cret/notes"),
            ("POST", "/users/bob-s3cret/notes?q=s3cret"),
            ("S3CRET", "/users/bob-s3cret/notes"),
            ("GET", "/s3cret"),
        ] {
            let request = to(path).method(method);
            text(client.send(empty(request)).await.unwrap()).await;
        }
    };
    for ((), seen) in each(routed, ask).await {
        for name in ["GET", "POST", "HTTP"] {
            seen.span(&format!("{name} /users/{{name}}/notes"))
                .assert_layer("api")
                .assert_field("http_route", "/users/{name}/notes")
                .assert_field("http_status", 200)
                .assert_no_field("http_path");
        }
        seen.span("http_request")
            .assert_field("http_status", 404)
            .assert_no_field("http_route");
        seen.assert_no_text("s3cret");
        let labels = [("operation", "GET /users/{name}/notes"), ("layer", "api")];
        seen.assert_metric("rag_request_latency_ms_count", &labels, 1.0);
    }
}

#[tokio::test]
async fn a_request_id_is_accepted_created_or_replaced() {
    let named = || {
        let header = http::HeaderName::from_static("x-correlation-id");
        let layer = ragspan::http::layer()
            .request_id_header(header)
            .user_agent();
        Router::new().fallback(|| async {}).layer(layer)
    };
    let long = "x".repeat(129);
    let long = &long;
    let ask = |client: Client| async move {
        let mut ids = Vec::new();
        for id in ["r-1", "", long, "tab\tbed"] {
            let mut request = to("/").header("user-agent", "tests/1.0");
            if !id.is_empty() {
                request = request.header("x-correlation-id", id);
            }
            let response = client.send(empty(request)).await.unwrap();
            let id = response.headers()["x-correlation-id"].to_str().unwrap();
            ids.push(id.to_owned());
            assert!(!response.headers().contains_key("x-request-id"));
        }
        ids
    };
    for (ids, seen) in each(named, ask).await {
        let calls = seen.spans("http_request");
        assert_eq!(calls.len(), 4);
        for (id, call) in ids.iter().zip(&calls) {
            assert_eq!(call.record()["request_id"], *id);
            call.assert_field("user_agent", "tests/1.0");
        }
        assert_eq!(ids[0], "r-1");
        assert!(ids[1..].iter().all(|id| id.starts_with("req-")), "{ids:?}");
        seen.assert_metric("ragspan_propagation_rejected_total", &[], 2.0);
    }
}

#[tokio::test]
async fn the_trace_of_the_caller_continues() {
    let ask = |client: Client| async move {
        let request = to("/query")
            .header("traceparent", PARENT)
            .header("baggage", "request_id=from-baggage");
        text(client.send(empty(request)).await.unwrap()).await;
    };
    for ((), seen) in each(app, ask).await {
        let record = seen.span("http_request").record();
        assert_eq!(record["trace_id"], "0af76519-16cd-43dd-8448-eb211c80319c");
        assert_eq!(
            record["parent_span_id"],
            "00000000-0000-0000-b7ad-6b7169203331"
        );
        assert_eq!(record["request_id"], "from-baggage");
        assert_eq!(seen.span("search").record()["trace_id"], record["trace_id"]);
    }
}

#[tokio::test]
async fn a_new_trace_at_an_edge_records_the_trace_of_the_caller() {
    let edge = Capture::new().propagation(Policy::new().trust(false));
    let ((), seen) = edge
        .run_async(async {
            let tasks = Tasks::default();
            let address = serve(Version::One, 1, app(), &tasks).await;
            let client = Client::connect(Version::One, address).await;
            let request = to("/query").header("traceparent", PARENT);
            text(client.send(empty(request)).await.unwrap()).await;
            drop(client);
            tasks.end().await;
        })
        .await;
    let linked = "0af76519-16cd-43dd-8448-eb211c80319c";
    let call = seen
        .span("http_request")
        .assert_root()
        .assert_field("linked_trace_id", linked);
    assert_ne!(call.record()["trace_id"], linked);
}

#[derive(LogContext)]
struct Caller {
    user_id: Option<String>,
    tenant_id: &'static str,
}

#[tokio::test]
async fn the_handler_sets_the_user_and_an_outer_layer_wins() {
    let app = || {
        let inner = ragspan::http::layer()
            .operation("query")
            .context(|parts| Caller {
                user_id: parts.extensions.get::<String>().cloned(),
                tenant_id: "acme",
            });
        let login = axum::middleware::map_request(|mut request: Incoming| async {
            request.extensions_mut().insert("ada".to_owned());
            request
        });
        Router::new()
            .fallback(|| async { search().await })
            .layer(inner)
            .layer(login)
            .layer(ragspan::http::layer())
    };
    let ask = |client: Client| async move {
        let request = to("/")
            .header("traceparent", PARENT)
            .header("x-request-id", "r-1");
        text(client.send(empty(request)).await.unwrap()).await;
    };
    for ((), seen) in each(app, ask).await {
        seen.span("query")
            .assert_under("http_request")
            .assert_user("ada");
        seen.span("search").assert_under("query").assert_user("ada");
        let records = seen.records();
        assert_eq!(records.len(), 6);
        assert!(records.iter().all(|record| record["request_id"] == "r-1"));
        assert_eq!(seen.span("query").record()["tenant_id"], "acme");
        assert!(seen.span("http_request").record()["user_id"].is_null());
        seen.assert_metric(
            "rag_requests_total",
            &[("layer", "api"), ("status", "success")],
            1.0,
        );
    }
}

#[tokio::test]
async fn a_panic_passes_through_and_is_recorded() {
    let app = || {
        let panics = || async {
            if Context::current().trace_id().is_some() {
                panic!("as tested")
            }
        };
        Router::new().fallback(panics).layer(ragspan::http::layer())
    };
    let ask = |client: Client| async move {
        client.send(empty(to("/"))).await.unwrap_err();
    };
    for ((), seen) in each(app, ask).await {
        let call = seen.span("http_request").assert_panicked();
        assert!(
            call.record()["error"]["message"]
                .to_string()
                .contains("as tested")
        );
    }
}

/// The number of concurrent requests.
const MANY: usize = 10_000;

/// Waits for all requests, and reads its context.
#[rag_span(layer = "retrieval")]
async fn meet(all: Arc<Barrier>) {
    all.wait().await;
    tokio::task::yield_now().await;
    tracing::info!("found");
}

async fn answer(own: String, all: Arc<Barrier>) -> String {
    ragspan::scope::bind("user_id", own.as_str());
    meet(all).await;
    let context = Context::current();
    assert_eq!(context.user_id(), Some(&*own));
    assert_eq!(context.request_id().as_deref(), Some(&*own));
    own
}

/// Sends one request, and returns its trace and its id.
async fn ask_as(client: Client, id: String) -> (String, String) {
    let request = to("/").header("x-request-id", &id);
    let response = client.send(empty(request)).await.unwrap();
    let trace = response.headers()["x-trace-id"].to_str().unwrap();
    let trace = trace.to_owned();
    assert_eq!(text(response).await, id);
    (trace, id)
}

/// Sends all requests concurrently, and returns the ids by trace.
async fn ask_all(version: Version, address: SocketAddr) -> HashMap<String, String> {
    let mut asked = Vec::new();
    for of in 0..4 {
        let client = Client::connect(version, address).await;
        let ask = |at| tokio::spawn(ask_as(client.clone(), format!("r-{of}-{at}")));
        asked.extend((0..MANY / 4).map(ask));
    }
    let mut traces = HashMap::new();
    for asked in asked {
        traces.extend([asked.await.unwrap()]);
    }
    traces
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_concurrent_requests_have_separate_contexts() {
    let (traces, seen) = capture_async(async {
        let all = Arc::new(Barrier::new(MANY));
        let handler = move |request: Incoming| {
            let id = request.headers()["x-request-id"].to_str().unwrap();
            answer(id.to_owned(), Arc::clone(&all))
        };
        let app = Router::new()
            .fallback(handler)
            .layer(ragspan::http::layer());
        let tasks = Tasks::default();
        let address = serve(Version::Two, 4, app, &tasks).await;
        let traces = ask_all(Version::Two, address).await;
        tasks.end().await;
        traces
    })
    .await;
    // Each request has five records: the start and the end of two calls, and the event.
    assert_eq!((traces.len(), seen.records().len()), (MANY, 5 * MANY));
    for record in seen.records() {
        let own = traces[record["trace_id"].as_str().unwrap()].as_str();
        assert_eq!(record["request_id"], own);
        // The handler binds the user, after the start is recorded.
        if record["message"] != "http_request_started" {
            assert_eq!(record["user_id"], own);
        }
    }
    let counted = [("layer", "api"), ("status", "success")];
    seen.assert_metric("rag_requests_total", &counted, MANY as f64);
}
