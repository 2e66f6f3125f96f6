//! An outbound request is a call, and its trace continues in the receiving service.

use std::fmt::Display;

use axum::Router;
use axum::extract::Request as Incoming;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client as Legacy;
use hyper_util::rt::TokioExecutor;
use ragspan::http::{Outbound, outbound_layer};
use ragspan::testing::{Captured, capture_async};
use ragspan::{LogContext, rag_span};
use reqwest_middleware::ClientBuilder;
use tower_layer::Layer;
use tower_service::Service;

use super::server::{Tasks, Version, serve};

/// The two kinds of clients.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Tower,
    Reqwest,
}

#[derive(LogContext)]
struct Asked {
    request_id: &'static str,
}

/// Sends a request as a search does, and gives the status and the body.
#[rag_span(layer = "retrieval")]
async fn search(
    kind: Kind,
    outbound: Outbound,
    url: String,
) -> Result<(StatusCode, String), String> {
    let text = |error: &dyn Display| error.to_string();
    match kind {
        Kind::Tower => {
            let client = Legacy::builder(TokioExecutor::new()).build_http::<String>();
            let request = Request::get(url).body(String::new()).unwrap();
            let response = outbound
                .layer(client)
                .call(request)
                .await
                .map_err(|error| text(&error))?;
            let status = response.status();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            Ok((status, String::from_utf8(body.to_vec()).unwrap()))
        }
        Kind::Reqwest => {
            // In a build of the whole workspace an example enables TLS, and a client then needs a crypto provider.
            let _chosen_before = rustls::crypto::ring::default_provider().install_default();
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let client = ClientBuilder::new(client).with(outbound).build();
            let response = client.get(url).send().await.map_err(|error| text(&error))?;
            Ok((response.status(), response.text().await.unwrap()))
        }
    }
}

fn names(headers: &HeaderMap) -> String {
    let ours = ["traceparent", "tracestate", "baggage"];
    let there = ours.iter().filter(|name| headers.contains_key(**name));
    there.copied().collect::<Vec<_>>().join(" ")
}

/// A service that returns the names of the received propagation headers.
fn app() -> Router {
    let busy = |request: Incoming| async move {
        let status = match request.uri().path() {
            "/busy" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        };
        (status, names(request.headers()))
    };
    Router::new().fallback(busy).layer(ragspan::http::layer())
}

type Answer = Result<(StatusCode, String), String>;

async fn ask(kind: Kind, outbound: Outbound, path: &str) -> (Answer, Captured) {
    capture_async(async {
        let tasks = Tasks::default();
        let address = serve(Version::One, 1, app(), &tasks).await;
        let url = format!("http://{address}{path}");
        let answer = Asked { request_id: "r-1" }
            .scope(search(kind, outbound, url))
            .await;
        tasks.end().await;
        answer
    })
    .await
}

#[tokio::test]
async fn both_clients_propagate_the_trace() {
    for kind in [Kind::Tower, Kind::Reqwest] {
        let (answer, seen) = ask(kind, outbound_layer(), "/find?key=s3cret").await;
        let all = "traceparent tracestate baggage".to_owned();
        assert_eq!(answer, Ok((StatusCode::OK, all)));
        let call = seen
            .span("http_call")
            .assert_success()
            .assert_under("search")
            .assert_layer("retrieval");
        call.assert_field("http_method", "GET")
            .assert_field("http_status", 200);
        let host = call.record()["context"]["http_host"].to_string();
        assert!(host.starts_with("\"127.0.0.1:"), "{host}");
        let served = seen.span("http_request").assert_under("http_call").record();
        assert_eq!(served["trace_id"], call.record()["trace_id"]);
        assert_eq!(served["request_id"], "r-1");
        seen.assert_no_text("s3cret");
        assert!(!call.record().to_string().contains("find"));
    }
}

#[tokio::test]
async fn an_external_host_gets_only_the_ids() {
    for kind in [Kind::Tower, Kind::Reqwest] {
        let outbound = Outbound::new().only_to(["*.internal"]);
        let (answer, seen) = ask(kind, outbound, "/").await;
        assert_eq!(answer, Ok((StatusCode::OK, "traceparent".to_owned())));
        let (call, served) = (seen.span("http_call"), seen.span("http_request"));
        assert_eq!(served.record()["trace_id"], call.record()["trace_id"]);
    }
}

#[tokio::test]
async fn a_server_error_and_a_connection_error_are_errors() {
    for kind in [Kind::Tower, Kind::Reqwest] {
        let (answer, seen) = ask(kind, outbound_layer(), "/busy").await;
        assert_eq!(answer.unwrap().0, 503);
        seen.span("http_call")
            .assert_failed_with("http_503")
            .assert_field("http_status", 503);
        // The port is closed now.
        let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://user:s3cret@{}/?key=s3cret",
            gone.local_addr().unwrap()
        );
        drop(gone);
        let outbound = outbound_layer();
        let asked = capture_async(async { search(kind, outbound, url).await.is_err() });
        let (failed, seen) = asked.await;
        assert!(failed);
        let label = match kind {
            Kind::Tower => "http_transport",
            Kind::Reqwest => "http_connect",
        };
        let call = seen.span("http_call").assert_failed_with(label);
        assert!(!call.record().to_string().contains("s3cret"));
    }
}

#[tokio::test]
async fn a_request_outside_of_any_call_begins_a_trace() {
    let ((), seen) = capture_async(async {
        let tasks = Tasks::default();
        let address = serve(Version::One, 1, app(), &tasks).await;
        let mut client = outbound_layer().layer(Legacy::builder(TokioExecutor::new()).build_http());
        let request = Request::get(format!("http://{address}/")).body(String::new());
        client.call(request.unwrap()).await.unwrap();
        drop(client);
        tasks.end().await;
    })
    .await;
    seen.span("http_call").assert_root().assert_layer("http");
    seen.span("http_request").assert_under("http_call");
}
