//! A client whose requests are calls and take the trace along.

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

/// Makes each request of a client a call, and takes the trace along: a tower layer, and with the feature `reqwest` a middleware.
///
/// - The call is `http_call`, of the layer of the call around it: a search that asks a server is retrieval there too. Outside of any call
///   it is of the layer `http`. It has `http_method`, `http_host` and `http_status`; neither the path nor the query string, since both are
///   where keys are put.
/// - It ends with the head of the response: 5xx is an error (`http_503`), and so is a request that gets none (`http_transport`; of
///   `reqwest` also `http_timeout` and `http_connect`). A response that streams is measured by an annotated function around it.
/// - Every host gets `traceparent`, which tells two random ids. One's own hosts get the rest too: `tracestate`, the baggage that
///   the configuration names (`propagation.baggage`), and LangSmith's header. One's own are, unless [`only_to`](Outbound::only_to) names
///   them, those that are not on the open internet: names without a dot (`localhost`, `search`), names that end with `.local`, `.internal`
///   or `.localhost`, and loopback and private addresses.
///
/// A client that follows redirects takes the headers along to where they lead.
///
/// ```
/// use http::{Request, Response};
/// use tower_layer::Layer;
/// use tower_service::Service;
///
/// /// A client: this one answers with what it was sent.
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
/// seen.spans("http_call")[1].under("search").in_layer("retrieval").with("http_host", "example.com");
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "it does nothing until a client has it"]
pub struct Outbound {
    own: Hosts,
}

/// A tower layer for clients: the requests are calls, and take the trace along; see [`Outbound`].
pub fn outbound_layer() -> Outbound {
    Outbound::new()
}

impl Outbound {
    /// Takes baggage only to hosts that are not on the open internet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The hosts that get more than `traceparent`, in the place of those that are not on the open internet. One that begins with `*.`
    /// is all below it.
    ///
    /// ```
    /// let outbound = ragspan::http::Outbound::new().only_to(["*.example.com", "localhost"]);
    /// # drop(outbound);
    /// ```
    pub fn only_to(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.own = Hosts::only(hosts);
        self
    }

    /// Opens the call of a request, and writes its headers.
    pub(super) fn begin(
        &self,
        method: &Method,
        to: &To<'_>,
        headers: &mut HeaderMap,
    ) -> Option<Call> {
        if OFF {
            return None;
        }
        let around = trace::current().callsite.map(|callsite| callsite.layer);
        let site = around.map_or(&CALL, |layer| callsites::like(&CALL, "http_call", layer));
        let mut call = Call::open_as(site, |builder| {
            builder.call(&[&method.as_str(), &tracing::field::display(to)])
        });
        let mut headers = Careful {
            is_own: self.own.has(to.host),
            headers,
        };
        call.inside(|| inject(&mut headers));
        call.has_listeners().then_some(call)
    }
}

/// Where a request goes, as it is recorded.
pub(super) struct To<'a> {
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
}

impl Display for To<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.port {
            Some(port) => write!(out, "{}:{port}", self.host),
            None => out.write_str(self.host),
        }
    }
}

/// A status says how the call ended.
pub(super) fn answered(call: &mut Call, status: StatusCode) {
    call.classify_status(status);
    call.fields(STATUS_OF_CALL, &[&status.as_u16()]);
}

/// Headers of a request that may go to a stranger.
struct Careful<'a> {
    is_own: bool,
    headers: &'a mut HeaderMap,
}

impl Inject for Careful<'_> {
    fn set(&mut self, name: &'static str, value: String) {
        if self.is_own || name == "traceparent" {
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

/// What [`outbound_layer`] makes of a client.
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
        let named = parts.headers.get(HOST).cloned();
        let named = named
            .as_ref()
            .and_then(|host| host.to_str().ok()?.parse().ok());
        let authority = parts.uri.authority().or(named.as_ref());
        let to = To {
            host: authority.map_or("", http::uri::Authority::host),
            port: authority.and_then(http::uri::Authority::port_u16),
        };
        let mut call = self.outbound.begin(&parts.method, &to, &mut parts.headers);
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
        let answer = ready!(held.as_mut().poll(|inner| inner.poll(context)));
        if let Some(call) = held.as_mut().call() {
            match &answer {
                Ok(response) => answered(call, response.status()),
                Err(error) => {
                    let kind = ErrorKind::Label("http_transport");
                    call.fail(kind, format_args!("{error}"), None);
                }
            }
        }
        held.end();
        Poll::Ready(answer)
    }
}
