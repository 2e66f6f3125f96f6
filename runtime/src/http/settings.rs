//! What a server's layer measures, and what it records.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderName, Uri};

use super::callsites::{self, REQUEST};
use super::server::HttpService;
use crate::context::Layer;
use crate::scope::LogContext;
use crate::span::SpanCallsite;

/// What probes and browsers ask for by themselves.
const LEFT_OUT: [&str; 6] = [
    "/health",
    "/healthz",
    "/livez",
    "/readyz",
    "/metrics",
    "/favicon.ico",
];

/// What gives a request's context to whoever opens its call.
type Hook = dyn Fn(&Parts, &mut dyn FnMut(&dyn LogContext)) + Send + Sync;

/// A tower layer that makes each request a call of the layer `api`, from its head to the last byte of its response.
///
/// - The call is `http_request`, unless [`operation`](HttpLayer::operation) names it. It has `http_method`, `http_path` (without
///   the query string), `http_version` and `http_status`, and among its metrics `bytes_sent` and `time_to_first_byte_ms`.
/// - The caller's trace goes on, as [`propagation::extract`](crate::propagation::extract) reads it from the headers.
/// - The request's id is that of the header `x-request-id`, if it is one; otherwise it is made. The response has it, and
///   `x-trace-id`.
/// - 5xx is an error (`http_503`), as are a service or a body that fails; of gRPC a `grpc-status` other than 0. A client that goes away before it
///   has the whole response has cancelled the call (`context.cancelled_by` is `disconnect`). A panic passes through, and is told.
/// - `/health`, `/healthz`, `/livez`, `/readyz`, `/metrics` and `/favicon.ico` are left out.
///
/// ```
/// use axum::Router;
/// use axum::body::{Body, to_bytes};
/// use axum::routing::post;
/// use http::Request;
/// use tower_service::Service;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let ((), seen) = ragspan::testing::capture_async(async {
///     let mut app: Router = Router::new()
///         .route("/query", post(|| async { "an answer" }))
///         .layer(ragspan::http::layer().operation("query"));
///     let request = Request::post("/query?q=bees").header("x-request-id", "r-1");
///     let response = app.call(request.body(Body::empty()).unwrap()).await.unwrap();
///     assert_eq!(response.headers()["x-request-id"], "r-1");
///     assert_eq!(response.headers()["x-trace-id"].len(), 36);
///     to_bytes(response.into_body(), 1024).await.unwrap();
/// })
/// .await;
/// let call = seen.span("query").succeeded().with("bytes_sent", 9);
/// call.with("http_path", "/query").with("http_status", 200);
/// assert_eq!(call.record()["request_id"], "r-1");
/// # }
/// ```
///
/// Put it outside of what may answer in the service's place, as timeouts, limits and the catching of panics: what they answer is
/// then measured too. What is dropped by a layer outside of it counts as a client that went away.
#[derive(Clone)]
#[must_use = "a layer does nothing until a service has it"]
pub struct HttpLayer {
    settings: Arc<Settings>,
}

/// Measures the requests of a server; see [`HttpLayer`].
pub fn layer() -> HttpLayer {
    HttpLayer {
        settings: Arc::new(Settings {
            site: &REQUEST,
            left_out: LEFT_OUT.map(Box::from).into(),
            request_id: HeaderName::from_static("x-request-id"),
            user_agent: false,
            context: None,
        }),
    }
}

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) site: &'static SpanCallsite,
    left_out: Vec<Box<str>>,
    /// The header that has a request's id, in requests and responses.
    pub(super) request_id: HeaderName,
    pub(super) user_agent: bool,
    pub(super) context: Option<Arc<Hook>>,
}

impl Settings {
    /// Whether nothing is recorded of such a request.
    pub(super) fn leaves_out(&self, uri: &Uri) -> bool {
        let path = uri.path();
        self.left_out
            .iter()
            .any(|there| match there.strip_suffix('*') {
                Some(start) => path.starts_with(start),
                None => path == &**there,
            })
    }
}

impl HttpLayer {
    /// Names the call, in the place of `http_request`. Names are kept for good; the program's first 64 are taken.
    pub fn operation(self, name: &'static str) -> Self {
        let site = callsites::like(&REQUEST, name, Layer::Api);
        self.with(|settings| settings.site = site)
    }

    /// The paths that are not measured, in the place of those of probes and browsers. One that ends with `*` is all that begin so.
    ///
    /// ```
    /// let layer = ragspan::http::layer().leave_out(["/health", "/metrics", "/static/*"]);
    /// # drop(layer);
    /// ```
    pub fn leave_out(self, paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let paths = paths.into_iter().map(|path| path.into().into());
        self.with(|settings| settings.left_out = paths.collect())
    }

    /// The header that has a request's id, in requests and responses, in the place of `x-request-id`.
    ///
    /// ```
    /// let name = http::HeaderName::from_static("x-correlation-id");
    /// let layer = ragspan::http::layer().request_id_header(name);
    /// # drop(layer);
    /// ```
    pub fn request_id_header(self, name: HeaderName) -> Self {
        self.with(|settings| settings.request_id = name)
    }

    /// Records the header `user-agent` too. It is left out otherwise: it tells of a person's device.
    pub fn user_agent(self) -> Self {
        self.with(|settings| settings.user_agent = true)
    }

    /// Adds fields to the context of each request, which all records inside it repeat. What it says counts more than the headers, also
    /// of the request's id.
    ///
    /// ```
    /// use ragspan::LogContext;
    ///
    /// #[derive(LogContext)]
    /// struct Caller { user_id: Option<String> }
    ///
    /// let layer = ragspan::http::layer().context(|parts| Caller {
    ///     user_id: parts.extensions.get::<String>().cloned(),
    /// });
    /// # drop(layer);
    /// ```
    ///
    /// It runs before the call is opened: what it records is no part of the request, and a panic in it passes through untold.
    pub fn context<C: LogContext>(
        self,
        context: impl Fn(&Parts) -> C + Send + Sync + 'static,
    ) -> Self {
        let hook =
            move |parts: &Parts, open: &mut dyn FnMut(&dyn LogContext)| open(&context(parts));
        self.with(|settings| settings.context = Some(Arc::new(hook)))
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<S> tower_layer::Layer<S> for HttpLayer {
    type Service = HttpService<S>;

    fn layer(&self, inner: S) -> HttpService<S> {
        HttpService::new(inner, Arc::clone(&self.settings))
    }
}

impl fmt::Debug for HttpLayer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(out)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("HttpLayer")
            .field("site", &self.site)
            .field("left_out", &self.left_out)
            .field("request_id", &self.request_id)
            .field("user_agent", &self.user_agent)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::propagation::Remote;

    #[test]
    fn a_layer_can_be_shared_and_sent_and_shows_its_settings() {
        fn shared<T: Clone + Send + Sync + 'static>(of: &T) -> T {
            of.clone()
        }
        let layer = shared(&layer().context(|_| Remote::default()));
        let shown = format!("{layer:?}");
        assert!(
            shown.contains("http_request") && shown.contains("/health"),
            "{shown}"
        );
    }
}
