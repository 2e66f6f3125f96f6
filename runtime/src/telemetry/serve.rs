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

use super::health::{Part, State};
use super::report;
use crate::pipeline::Pipeline;

/// So many ports after the one that is wanted are tried.
const TRIES: u16 = 10;

/// How often a port that could not be had is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// So many scrapers are answered at once; the others wait.
const SCRAPERS: usize = 4;

/// A client that takes longer to say what it wants is let go.
const PATIENCE: Duration = Duration::from_secs(5);

/// Binds the address, or the next free port; tells if it was another, or none.
pub(super) fn bind(wanted: SocketAddr, state: &State) -> Option<TcpListener> {
    let ports = (0..TRIES).filter_map(|step| wanted.port().checked_add(step));
    let addresses = ports.map(|port| SocketAddr::new(wanted.ip(), port));
    let mut refused = None;
    for address in addresses {
        match TcpListener::bind(address) {
            Ok(listener) => return Some(found(listener, wanted, state)),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    let why = refused.map_or_else(String::new, |error| format!(" ({error})"));
    let text = format!(
        "metrics are not served: neither {wanted}{why} nor the ports after it can be had; trying again"
    );
    state.is_ill(Part::Listener, text);
    None
}

fn found(listener: TcpListener, wanted: SocketAddr, state: &State) -> TcpListener {
    let got = listener.local_addr().ok();
    state.serves_as_wanted(got);
    if let Some(got) = got.filter(|got| wanted.port() != 0 && *got != wanted) {
        let why = format!("metrics are on {got}, as {wanted} is taken");
        state.is_ill(Part::Listener, why);
    }
    listener
}

/// Tries again until there is a listener.
async fn insist(wanted: SocketAddr, state: &State) -> TcpListener {
    loop {
        tokio::time::sleep(AGAIN).await;
        if let Some(listener) = bind(wanted, state) {
            return listener;
        }
    }
}

/// Answers for as long as the runtime runs.
pub(super) async fn run(
    listener: Option<TcpListener>,
    wanted: Option<SocketAddr>,
    state: Arc<State>,
) {
    let listener = match (listener, wanted) {
        (Some(listener), _) => listener,
        (None, Some(wanted)) => insist(wanted, &state).await,
        (None, None) => return,
    };
    let Some(listener) = into_async(listener) else {
        state.serves_at(None);
        return state.is_ill(
            Part::Listener,
            "metrics are not served: the listener cannot be used",
        );
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
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(|request| std::future::ready(answer(&request, &state)));
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

fn answer(request: &Request<Incoming>, state: &State) -> Result<Response<String>, Infallible> {
    if request.method() != Method::GET {
        return Ok(plain(
            StatusCode::METHOD_NOT_ALLOWED,
            "only GET is answered here\n",
        ));
    }
    Ok(match request.uri().path() {
        "/metrics" => metrics(request, &state.pipeline),
        "/health" => health(state),
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

fn health(state: &State) -> Response<String> {
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
