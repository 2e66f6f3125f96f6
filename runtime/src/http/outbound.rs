//! The tower layer for clients: makes each request a call, and writes the trace into its headers.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::HOST;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use tower_service::Service;

use super::callsites::{self, CALL, STATUS_OF_CALL};
use super::hosts::Hosts;
use crate::propagation::{Inject, inject};
use crate::record::ErrorKind;
use crate::scope::OFF;
use crate::span::{Call, WithCall};
use crate::trace;

/// A layer for clients that makes each request a call and propagates the trace: a tower layer, and with the feature
/// `reqwest` also a middleware.
///
/// - The call is named `http_call`. It has the layer of the enclosing call, so the request of a search counts as
///   retrieval; outside any call it has the layer `http`. It records `http_method`, `http_host` and `http_status`. It
///   records neither the path nor the query string, since both may contain API keys.
/// - The call ends with the head of the response. A status of 5xx is an error (`http_503`), and so is a request without
///   a response (`http_transport`; with `reqwest` also `http_timeout` and `http_connect`). To measure a response that
///   streams, annotate the function that reads it.
/// - Every host receives `traceparent`, which contains two random ids. Trusted hosts also receive `tracestate`, the
///   baggage that the configuration names (`propagation.baggage`), and LangSmith's header. The trusted hosts are those
///   of [`only_to`](Outbound::only_to); by default, those that are not on the public internet: names without a dot
///   (`localhost`, `search`), names that end with `.local`, `.internal` or `.localhost`, and loopback and private
///   addresses.
///
/// A client that follows redirects sends the headers to the new host too.
///
/// ```
/// use http::{Request, Response};
/// use tower_layer::Layer;
/// use tower_service::Service;
///
/// /// A client whose response lists the names of the request's headers.
/// #[derive(Clone)]
/// struct Echo;
///
/// impl Service<Request<()>> for Echo {
///     type Response = Response<String>;
///     type Error = std::convert::Infallible;
///     type Future = std::future::Ready<Result<Response<String>, Self::Error>>;
///
///     fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
///         std::task::Poll::Ready(Ok(()))
///     }
///
///     fn call(&mut self, request: Request<()>) -> Self::Future {
///         let sent = request.headers().keys().map(|name| name.as_str().to_owned());
///         std::future::ready(Ok(Response::new(sent.collect::<Vec<_>>().join(" "))))
///     }
/// }
///
/// #[ragspan::rag_span(layer = "retrieval")]
/// async fn search(url: &str) -> String {
///     let mut client = ragspan::http::outbound_layer().layer(Echo);
///     let request = Request::get(url).body(()).unwrap();
///     client.call(request).await.unwrap().into_body()
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let ((inside, outside), seen) = ragspan::testing::capture_async(async {
///     (search("http://search.internal/").await, search("https://example.com/?key=1").await)
/// })
/// .await;
/// assert_eq!(inside, "traceparent tracestate baggage");
/// assert_eq!(outside, "traceparent");
/// seen.spans("http_call")[1].assert_under("search").assert_layer("retrieval").assert_field("http_host", "example.com");
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "it does nothing until a client has it"]
pub struct Outbound {
    trusted: Hosts,
}

/// Returns a tower layer for clients, which makes each request a call and propagates the trace; see [`Outbound`].
pub fn outbound_layer() -> Outbound {
    Outbound::new()
}

impl Outbound {
    /// Creates the layer. It sends baggage only to hosts that are not on the public internet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the trusted hosts, which receive more than `traceparent`. They replace the default, the hosts that are not
    /// on the public internet. A host that begins with `*.` matches all its subdomains.
    ///
    /// ```
    /// let outbound = ragspan::http::Outbound::new().only_to(["*.example.com", "localhost"]);
    /// # drop(outbound);
    /// ```
    pub fn only_to(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.trusted = Hosts::only(hosts);
        self
    }

    /// Opens the call of a request, and writes the trace into its headers. Returns `None` if nothing records the call.
    pub(super) fn open(
        &self,
        method: &Method,
        target: &Target<'_>,
        headers: &mut HeaderMap,
    ) -> Option<Call> {
        if OFF {
            return None;
        }
        let layer = trace::current().callsite.map(|callsite| callsite.layer);
        let callsite = layer.map_or(&CALL, |layer| callsites::derive(&CALL, "http_call", layer));
        let mut call = Call::open_as(callsite, |builder| {
            builder.call(&[&method.as_str(), &tracing::field::display(target)])
        });
        let mut headers = FilteredHeaders {
            is_trusted: self.trusted.contains(target.host),
            headers,
        };
        call.inside(|| inject(&mut headers));
        call.has_listeners().then_some(call)
    }
}

/// The host and port of a request, as they are recorded.
pub(super) struct Target<'a> {
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
}

impl Display for Target<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.port {
            Some(port) => write!(out, "{}:{port}", self.host),
            None => out.write_str(self.host),
        }
    }
}

/// Records the status of the response, and the outcome that follows from it.
pub(super) fn record_status(call: &mut Call, status: StatusCode) {
    call.classify_status(status);
    call.fields(STATUS_OF_CALL, &[&status.as_u16()]);
}

/// The headers of a request; ignores all but `traceparent` if the host is not trusted.
struct FilteredHeaders<'a> {
    is_trusted: bool,
    headers: &'a mut HeaderMap,
}

impl Inject for FilteredHeaders<'_> {
    fn set(&mut self, name: &'static str, value: String) {
        if self.is_trusted || name == "traceparent" {
            self.headers.set(name, value);
        }
    }
}

impl<S> tower_layer::Layer<S> for Outbound {
    type Service = OutboundService<S>;

    fn layer(&self, inner: S) -> OutboundService<S> {
        OutboundService {
            inner,
            outbound: self.clone(),
        }
    }
}

/// The client service that [`Outbound`] wraps around another one.
#[derive(Debug, Clone)]
pub struct OutboundService<S> {
    inner: S,
    outbound: Outbound,
}

impl<S, Q, R> Service<Request<Q>> for OutboundService<S>
where
    S: Service<Request<Q>, Response = Response<R>, Error: Display>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = OutboundFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let host_header = parts.headers.get(HOST).cloned();
        let host_header = host_header
            .as_ref()
            .and_then(|host| host.to_str().ok()?.parse().ok());
        let authority = parts.uri.authority().or(host_header.as_ref());
        let target = Target {
            host: authority.map_or("", http::uri::Authority::host),
            port: authority.and_then(http::uri::Authority::port_u16),
        };
        let mut call = self
            .outbound
            .open(&parts.method, &target, &mut parts.headers);
        let request = Request::from_parts(parts, body);
        let inner = match &mut call {
            Some(call) => call.inside(|| self.inner.call(request)),
            None => self.inner.call(request),
        };
        OutboundFuture {
            held: WithCall::new(call, inner),
        }
    }
}

pin_project_lite::pin_project! {
    /// The future of an [`OutboundService`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct OutboundFuture<F> {
        #[pin]
        held: WithCall<F>,
    }
}

impl<F, R, E> Future for OutboundFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Display,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut held = self.project().held;
        let result = ready!(held.as_mut().poll(|inner| inner.poll(context)));
        if let Some(call) = held.as_mut().call() {
            match &result {
                Ok(response) => record_status(call, response.status()),
                Err(error) => {
                    let kind = ErrorKind::Label("http_transport");
                    call.fail(kind, format_args!("{error}"), None);
                }
            }
        }
        held.end();
        Poll::Ready(result)
    }
}
