//! A call of a request lasts until the last byte of its response, and records the outcome of the body.

use std::convert::Infallible;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use futures_util::{FutureExt, Stream, StreamExt, stream};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use ragspan::http::outbound_layer;
use ragspan::rag_span;
use ragspan::testing::{Captured, CapturedSpan, capture_async};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tower_layer::Layer;
use tower_service::Service;

use super::server::{Client, Version, each, on};

#[rag_span(layer = "generation")]
async fn token(at: usize) -> String {
    format!("token {at}\n")
}

/// A stream of tokens, each from an annotated call.
fn tokens(most: usize) -> impl Stream<Item = Result<String, io::Error>> {
    stream::iter(0..most).then(|at| async move { Ok(token(at).await) })
}

fn app(body: impl Fn() -> Response<Body> + Clone + Send + Sync + 'static) -> Router {
    Router::new()
        .fallback(move || std::future::ready(body()))
        .layer(ragspan::http::layer())
}

fn streamed(
    body: impl Stream<Item = Result<String, io::Error>> + Send + 'static,
) -> Response<Body> {
    Response::new(Body::from_stream(body))
}

fn get() -> Request<String> {
    let request = Request::get("/").header("host", "localhost");
    request.body(String::new()).unwrap()
}

fn call(seen: &Captured) -> CapturedSpan<'_> {
    let spans = seen.spans("http_request");
    assert_eq!(spans.len(), 1, "{}", seen.tree());
    spans[0]
}

/// Reads a body, which must fail.
async fn broken(client: Client) {
    let response = client.send(get()).await;
    if let Ok(response) = response {
        response.into_body().collect().await.unwrap_err();
    }
}

async fn whole(client: Client) {
    client
        .send(get())
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_stream_is_polled_inside_and_ends_the_call() {
    for ((), seen) in each(|| app(|| streamed(tokens(3))), whole).await {
        call(&seen).assert_success().assert_field("bytes_sent", 24);
        let tokens = seen.spans("token");
        assert_eq!(tokens.len(), 3);
        tokens.iter().for_each(|token| {
            token.assert_under("http_request");
        });
        let last = seen.messages().last().copied();
        assert_eq!(last, Some("http_request_complete"));
    }
}

#[tokio::test]
async fn a_stream_that_fails_fails_the_call() {
    let fails = || {
        let lost = stream::once(async { Err(io::Error::other("the model hung up")) });
        streamed(tokens(2).chain(lost))
    };
    for ((), seen) in each(|| app(fails), broken).await {
        let call = call(&seen)
            .assert_failed_with("http_body")
            .assert_field("bytes_sent", 16);
        assert!(
            call.record()["error"]["message"]
                .to_string()
                .contains("hung up")
        );
    }
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_the_call() {
    /// Stays pending until it is dropped.
    #[rag_span(layer = "generation")]
    fn endless() -> impl Stream<Item = Result<String, io::Error>> {
        tokens(1).chain(stream::pending())
    }

    let read = |client: Client| async move {
        let mut response = client.send(get()).await.unwrap();
        let first = response.body_mut().frame().await.unwrap().unwrap();
        assert_eq!(first.into_data().unwrap(), "token 0\n");
    };
    for ((), seen) in each(|| app(|| streamed(endless())), read).await {
        call(&seen)
            .assert_cancelled()
            .assert_field("cancelled_by", "disconnect")
            .assert_field("bytes_sent", 8);
        let inner = seen.span("endless").assert_cancelled();
        inner
            .assert_under("http_request")
            .assert_field("cancelled_by", "disconnect");
        seen.assert_metric("rag_active_queries", &[("layer", "api")], 0.0);
    }
}

#[tokio::test]
async fn a_client_that_does_not_wait_for_the_answer_cancels_the_call() {
    type Asked = Arc<tokio::sync::Mutex<UnboundedReceiver<()>>>;
    let (notify, asked) = unbounded_channel();
    let asked: Asked = Arc::new(tokio::sync::Mutex::new(asked));
    let pending = || {
        let notify = notify.clone();
        let handler = move || {
            let notify = notify.clone();
            async move {
                notify.send(()).unwrap();
                std::future::pending::<()>().await;
            }
        };
        Router::new()
            .fallback(handler)
            .layer(ragspan::http::layer())
    };
    let leave = |client: Client| {
        let asked = Arc::clone(&asked);
        async move {
            let mut asked = asked.lock().await;
            tokio::select! {
                _ = client.send(get()) => panic!("nobody answers"),
                _ = asked.recv() => {}
            }
        }
    };
    for ((), seen) in each(pending, leave).await {
        call(&seen)
            .assert_cancelled()
            .assert_field("cancelled_by", "disconnect")
            .assert_no_field("http_status");
    }
}

#[tokio::test]
async fn an_unread_trailer_is_not_missing() {
    /// Returns a body that does not report its end before it is polled.
    fn unasked() -> Body {
        Body::from_stream(stream::iter([Ok::<_, Infallible>("token")]))
    }
    type Make = fn() -> Response<Body>;
    let cases: [(&str, u64, Make); 6] = [
        ("GET", 0, || Response::new(Body::empty())),
        ("GET", 5, || Response::new(Body::from("token"))),
        ("GET", 5, || {
            let response = Response::builder().header("content-length", 5);
            response.body(unasked()).unwrap()
        }),
        ("HEAD", 0, || Response::new(unasked())),
        ("GET", 0, || {
            Response::builder().status(204).body(unasked()).unwrap()
        }),
        ("GET", 0, || {
            Response::builder().status(304).body(unasked()).unwrap()
        }),
    ];
    for (method, bytes, make) in cases {
        let read = |client: Client| async move {
            let mut request = get();
            *request.method_mut() = method.parse().unwrap();
            let response = client.send(request).await.unwrap();
            response.into_body().collect().await.unwrap();
        };
        // Not with axum, which removes the body itself, and not with HTTP/2, where hyper sends the body as it is.
        let ((), seen) = on(Version::One, Plain(make).layered(), read).await;
        call(&seen)
            .assert_success()
            .assert_field("bytes_sent", bytes);
    }
}

#[tokio::test]
async fn an_error_status_stays_an_error_when_the_body_is_dropped() {
    let bad = || {
        let mut response = streamed(tokens(1).chain(stream::pending()));
        *response.status_mut() = http::StatusCode::BAD_GATEWAY;
        response
    };
    let leave = |client: Client| async move {
        client
            .send(get())
            .await
            .unwrap()
            .body_mut()
            .frame()
            .await
            .unwrap()
            .unwrap();
    };
    for ((), seen) in each(|| app(bad), leave).await {
        call(&seen)
            .assert_failed_with("http_502")
            .assert_field("http_status", 502);
    }
}

#[tokio::test]
async fn a_panic_in_a_body_is_recorded() {
    let panics = || streamed(tokens(1).chain(stream::once(async { panic!("as tested") })));
    for ((), seen) in each(|| app(panics), broken).await {
        call(&seen).assert_panicked();
    }
}

fn grpc(status: &'static str, in_trailers: bool) -> Response<Body> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(status));
    let response = Response::builder().header("content-type", "application/grpc+proto");
    if !in_trailers {
        let response = response.header("grpc-status", status);
        return response.body(Body::empty()).unwrap();
    }
    let frames = [
        Frame::data(Bytes::from_static(b"\0\0\0\0\x05token")),
        Frame::trailers(trailers),
    ];
    let frames = stream::iter(frames.map(Ok::<_, Infallible>));
    response.body(Body::new(StreamBody::new(frames))).unwrap()
}

#[tokio::test]
async fn the_trailers_of_grpc_decide_the_outcome() {
    for in_trailers in [true, false] {
        for (status, label) in [
            ("0", None),
            ("14", Some("grpc_unavailable")),
            ("x", Some("grpc_unknown")),
        ] {
            for ((), seen) in each(|| app(move || grpc(status, in_trailers)), whole).await {
                let call = call(&seen).assert_field("http_status", 200);
                match label {
                    None => call.assert_success().assert_field("grpc_status", 0),
                    Some(label) => call.assert_failed_with(label),
                };
            }
        }
    }
    // The header has no meaning in other responses.
    let other = || {
        Response::builder()
            .header("grpc-status", "14")
            .body(Body::empty())
            .unwrap()
    };
    for ((), seen) in each(|| app(other), whole).await {
        call(&seen).assert_success().assert_no_field("grpc_status");
    }
}

/// A service without a framework.
#[derive(Clone)]
struct Plain(fn() -> Response<Body>);

impl Plain {
    fn layered(self) -> ragspan::http::HttpService<Self> {
        ragspan::http::layer().layer(self)
    }
}

impl<B> Service<Request<B>> for Plain {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        std::future::ready(Ok(self.0()))
    }
}

/// A service that calls a function.
#[derive(Clone)]
struct Odd<F>(F);

impl<B, F, T> Service<Request<B>> for Odd<F>
where
    F: Fn() -> T,
    T: Future<Output = Result<Response<String>, io::Error>>,
{
    type Response = Response<String>;
    type Error = io::Error;
    type Future = T;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> T {
        self.0()
    }
}

#[tokio::test]
async fn a_service_error_fails_the_server_and_the_client_call() {
    let fails = || {
        std::future::ready(Err::<Response<String>, _>(io::Error::other(
            "no more workers",
        )))
    };
    let ((), seen) = capture_async(async {
        ragspan::http::layer()
            .layer(Odd(fails))
            .call(get())
            .await
            .unwrap_err();
        outbound_layer()
            .layer(Odd(fails))
            .call(get())
            .await
            .unwrap_err();
    })
    .await;
    for (operation, label) in [("http_request", "Error"), ("http_call", "http_transport")] {
        let call = seen
            .span(operation)
            .assert_failed_with(label)
            .assert_no_field("http_status");
        assert_eq!(call.record()["error"]["message"], "no more workers");
    }
}

#[tokio::test]
async fn a_service_that_panics_before_it_returns_a_future_is_recorded() {
    #[rag_span(layer = "data")]
    fn begin() {}

    let panics = || -> std::future::Ready<io::Result<Response<String>>> {
        begin();
        panic!("as tested")
    };
    let ((), seen) = capture_async(async {
        let mut services = (
            ragspan::http::layer().layer(Odd(panics)),
            outbound_layer().layer(Odd(panics)),
        );
        catch_unwind(AssertUnwindSafe(|| drop(services.0.call(get())))).unwrap_err();
        catch_unwind(AssertUnwindSafe(|| drop(services.1.call(get())))).unwrap_err();
    })
    .await;
    let begun = seen.spans("begin");
    for (begun, operation) in begun.iter().zip(["http_request", "http_call"]) {
        seen.span(operation).assert_panicked();
        begun.assert_under(operation);
    }
    assert_eq!(begun.len(), 2);
}

#[tokio::test]
async fn a_cancellation_is_recorded_and_a_known_outcome_wins() {
    let pending = || std::future::pending::<io::Result<Response<String>>>();
    let ((), seen) = capture_async(async {
        let mut client = outbound_layer().layer(Odd(pending));
        assert!(client.call(get()).now_or_never().is_none());
        let mut server = ragspan::http::layer().layer(Odd(pending));
        let most = std::time::Duration::ZERO;
        ragspan::task::timeout(most, server.call(get()))
            .await
            .unwrap_err();
    })
    .await;
    seen.span("http_call")
        .assert_cancelled()
        .assert_no_field("cancelled_by");
    seen.span("http_request")
        .assert_cancelled()
        .assert_field("cancelled_by", "timeout");
}
