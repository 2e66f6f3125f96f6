//! The HTTP listener for `GET /metrics` and `GET /health`.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{ACCEPT, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;

use super::health::{Component, HealthState};
use super::report;
use crate::pipeline::Pipeline;

/// The number of consecutive ports to try, beginning with the configured one.
const PORTS: u16 = 10;

/// The interval between attempts to bind a port.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// The number of concurrent connections; further ones wait.
const MAX_CONNECTIONS: usize = 4;

/// The time in which a client must send its request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// Binds the address or the next free port, and reports a different port or the lack of one.
pub(super) fn bind(configured: SocketAddr, state: &HealthState) -> Option<TcpListener> {
    let ports = (0..PORTS).filter_map(|step| configured.port().checked_add(step));
    let addresses = ports.map(|port| SocketAddr::new(configured.ip(), port));
    let mut first_error = None;
    for address in addresses {
        match TcpListener::bind(address) {
            Ok(listener) => return Some(bound(listener, configured, state)),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    let reason = first_error.map_or_else(String::new, |error| format!(" ({error})"));
    let message = format!(
        "metrics are not served: cannot bind {configured}{reason} or one of the next ports; trying again"
    );
    state.report(Component::Listener, message);
    None
}

fn bound(listener: TcpListener, configured: SocketAddr, state: &HealthState) -> TcpListener {
    let address = listener.local_addr().ok();
    state.set_serving(address);
    let other = address.filter(|address| configured.port() != 0 && *address != configured);
    if let Some(other) = other {
        let message = format!("metrics are on {other}, as {configured} is taken");
        state.report(Component::Listener, message);
    }
    listener
}

/// Retries until a port can be bound.
async fn bind_with_retries(configured: SocketAddr, state: &HealthState) -> TcpListener {
    loop {
        tokio::time::sleep(RETRY_INTERVAL).await;
        if let Some(listener) = bind(configured, state) {
            return listener;
        }
    }
}

/// Answers requests until the runtime shuts down.
pub(super) async fn run(
    listener: Option<TcpListener>,
    configured: Option<SocketAddr>,
    state: Arc<HealthState>,
) {
    let listener = match (listener, configured) {
        (Some(listener), _) => listener,
        (None, Some(configured)) => bind_with_retries(configured, &state).await,
        (None, None) => return,
    };
    let Some(listener) = into_async(listener) else {
        state.set_address(None);
        return state.report(
            Component::Listener,
            "metrics are not served: the listener cannot be used",
        );
    };
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&connections).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(|request| std::future::ready(answer(&request, &state)));
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .keep_alive(false);
            let serving = http.serve_connection(TokioIo::new(stream), service);
            // A client that disconnects is not an error.
            let _served = tokio::time::timeout(HEADER_TIMEOUT * 2, serving).await;
            drop(permit);
        });
    }
}

fn into_async(listener: TcpListener) -> Option<tokio::net::TcpListener> {
    listener.set_nonblocking(true).ok()?;
    tokio::net::TcpListener::from_std(listener).ok()
}

fn answer(
    request: &Request<Incoming>,
    state: &HealthState,
) -> Result<Response<String>, Infallible> {
    if request.method() != Method::GET {
        return Ok(plain(
            StatusCode::METHOD_NOT_ALLOWED,
            "only GET is supported\n",
        ));
    }
    Ok(match request.uri().path() {
        "/metrics" => metrics(request, &state.pipeline),
        "/health" => health(state),
        _ => plain(
            StatusCode::NOT_FOUND,
            "not found; use /metrics or /health\n",
        ),
    })
}

fn metrics(request: &Request<Incoming>, pipeline: &Pipeline) -> Response<String> {
    let accept = request
        .headers()
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let rendered = report::render(pipeline, accept);
    let mut response = Response::new(rendered.body);
    let content_type = hyper::header::HeaderValue::from_static(rendered.content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

fn health(state: &HealthState) -> Response<String> {
    let mut response = Response::new(state.health().to_json() + "\n");
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn plain(status: StatusCode, text: &str) -> Response<String> {
    let mut response = Response::new(text.to_owned());
    *response.status_mut() = status;
    response
}
