//! The listener that answers a scraper: `GET /metrics` and `GET /health`, and nothing else.

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

use super::report;
use crate::pipeline::Pipeline;

/// So many ports after the one that is wanted are tried.
const TRIES: u16 = 10;

/// So many scrapers are answered at once; the others wait.
const SCRAPERS: usize = 4;

/// A client that takes longer to say what it wants is let go.
const PATIENCE: Duration = Duration::from_secs(5);

/// Binds the address, or the next free port; tells if it was another, or none.
pub(super) fn bind(wanted: SocketAddr, troubles: &mut Vec<String>) -> Option<TcpListener> {
    let ports = (0..TRIES).filter_map(|step| wanted.port().checked_add(step));
    let mut addresses = ports.map(|port| SocketAddr::new(wanted.ip(), port));
    let listener = addresses.find_map(|address| TcpListener::bind(address).ok());
    let got = listener
        .as_ref()
        .and_then(|listener| listener.local_addr().ok());
    match got {
        Some(got) if wanted.port() == 0 || got == wanted => {}
        Some(got) => troubles.push(format!("metrics are on {got}, as {wanted} is taken")),
        None => troubles.push(format!(
            "metrics are not served: {wanted} and the ports after it are taken"
        )),
    }
    listener
}

/// Answers for as long as the runtime runs.
pub(super) async fn run(listener: Option<TcpListener>, pipeline: Arc<Pipeline>) {
    let Some(listener) = listener.and_then(into_async) else {
        return;
    };
    let scrapers = Arc::new(Semaphore::new(SCRAPERS));
    loop {
        let Ok(permit) = Arc::clone(&scrapers).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let pipeline = Arc::clone(&pipeline);
        tokio::spawn(async move {
            let service = service_fn(|request| std::future::ready(answer(&request, &pipeline)));
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .keep_alive(false);
            let serving = http.serve_connection(TokioIo::new(stream), service);
            // A client that went away is no trouble of ours.
            let _served = tokio::time::timeout(PATIENCE * 2, serving).await;
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
    pipeline: &Pipeline,
) -> Result<Response<String>, Infallible> {
    if request.method() != Method::GET {
        return Ok(plain(
            StatusCode::METHOD_NOT_ALLOWED,
            "only GET is answered here\n",
        ));
    }
    Ok(match request.uri().path() {
        "/metrics" => metrics(request, pipeline),
        "/health" => plain(StatusCode::OK, "ok\n"),
        _ => plain(
            StatusCode::NOT_FOUND,
            "there are /metrics and /health here\n",
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

fn plain(status: StatusCode, text: &str) -> Response<String> {
    let mut response = Response::new(text.to_owned());
    *response.status_mut() = status;
    response
}
