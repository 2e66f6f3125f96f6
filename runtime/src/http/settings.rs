//! The tower layer for servers, and its settings: which requests it measures, and what it records of them.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderName, Uri};

use super::callsites::{self, REQUEST};
use super::server::HttpService;
use crate::context::Layer;
use crate::scope::LogContext;
use crate::span::SpanCallsite;

/// The paths that are left out by default: those that probes and browsers request on their own.
const LEFT_OUT: [&str; 6] = [
    "/health",
    "/healthz",
    "/livez",
    "/readyz",
    "/metrics",
    "/favicon.ico",
];

/// The program's hook: calls its second argument with the context of a request.
type Hook = dyn Fn(&Parts, &mut dyn FnMut(&dyn LogContext)) + Send + Sync;

/// A tower layer that makes each request a call of the layer `api`, which lasts from the request's head to the last
/// byte of its response.
///
/// - The call is named `http_request`, unless [`operation`](HttpLayer::operation) names it. It records `http_method`,
///   `http_path` (without the query string), `http_version` and `http_status`, and the metrics `bytes_sent` and
///   `time_to_first_byte_ms`.
/// - The call continues the caller's trace, which [`propagation::extract`](crate::propagation::extract) reads from the
///   headers.
/// - The request's id is that of the header `x-request-id`; if there is none, or it is invalid, a new id is generated.
///   The response contains it, and `x-trace-id`.
/// - A status of 5xx is an error (`http_503`), and so are an error of the service or of the body, and with gRPC a
///   `grpc-status` other than 0. A client that disconnects before it has the whole response cancels the call
///   (`context.cancelled_by` is `disconnect`). A panic is recorded, and propagates.
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
/// let call = seen.span("query").assert_success().assert_field("bytes_sent", 9);
/// call.assert_field("http_path", "/query").assert_field("http_status", 200);
/// assert_eq!(call.record()["request_id"], "r-1");
/// # }
/// ```
///
/// Add it outside the layers that may respond in the place of the service, such as those for timeouts, limits and
/// panics, so that their responses are measured too. A request that an outer layer drops counts as a client that
/// disconnected.
#[derive(Clone)]
#[must_use = "a layer does nothing until a service has it"]
pub struct HttpLayer {
    settings: Arc<ServerSettings>,
}

/// Returns a tower layer for servers, which makes each request a call; see [`HttpLayer`].
pub fn layer() -> HttpLayer {
    HttpLayer {
        settings: Arc::new(ServerSettings {
            callsite: &REQUEST,
            left_out: LEFT_OUT.map(Box::from).into(),
            request_id_header: HeaderName::from_static("x-request-id"),
            user_agent: false,
            context: None,
        }),
    }
}

#[derive(Clone)]
pub(super) struct ServerSettings {
    pub(super) callsite: &'static SpanCallsite,
    left_out: Vec<Box<str>>,
    /// The header of a request's id, in requests and responses.
    pub(super) request_id_header: HeaderName,
    pub(super) user_agent: bool,
    pub(super) context: Option<Arc<Hook>>,
}

impl ServerSettings {
    /// Returns whether requests of this URI are not measured.
    pub(super) fn is_left_out(&self, uri: &Uri) -> bool {
        let path = uri.path();
        self.left_out
            .iter()
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => path.starts_with(prefix),
                None => path == &**pattern,
            })
    }
}

impl HttpLayer {
    /// Sets the name of the call, which is `http_request` by default. A name is never freed, so only the first 64 names
    /// of a program are used; calls of further names are `http_request`.
    pub fn operation(self, name: &'static str) -> Self {
        let callsite = callsites::derive(&REQUEST, name, Layer::Api);
        self.with(|settings| settings.callsite = callsite)
    }

    /// Sets the paths that are not measured; they replace the default ones. A path that ends with `*` matches all paths
    /// with that prefix.
    ///
    /// ```
    /// let layer = ragspan::http::layer().leave_out(["/health", "/metrics", "/static/*"]);
    /// # drop(layer);
    /// ```
    pub fn leave_out(self, paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let paths = paths.into_iter().map(|path| path.into().into());
        self.with(|settings| settings.left_out = paths.collect())
    }

    /// Sets the header of a request's id, in requests and responses, which is `x-request-id` by default.
    ///
    /// ```
    /// let name = http::HeaderName::from_static("x-correlation-id");
    /// let layer = ragspan::http::layer().request_id_header(name);
    /// # drop(layer);
    /// ```
    pub fn request_id_header(self, name: HeaderName) -> Self {
        self.with(|settings| settings.request_id_header = name)
    }

    /// Records the header `user-agent` too. By default it is left out, since it describes the user's device.
    pub fn user_agent(self) -> Self {
        self.with(|settings| settings.user_agent = true)
    }

    /// Adds fields to the context of each request, which is part of all records of the request. The fields override
    /// those of the headers, including the request's id.
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
    /// The closure runs before the call is opened, so its own records are not part of the request, and a panic in it is
    /// not recorded.
    pub fn context<C: LogContext>(
        self,
        context: impl Fn(&Parts) -> C + Send + Sync + 'static,
    ) -> Self {
        let hook =
            move |parts: &Parts, open: &mut dyn FnMut(&dyn LogContext)| open(&context(parts));
        self.with(|settings| settings.context = Some(Arc::new(hook)))
    }

    fn with(mut self, change: impl FnOnce(&mut ServerSettings)) -> Self {
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

impl fmt::Debug for ServerSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("HttpLayer")
            .field("callsite", &self.callsite)
            .field("left_out", &self.left_out)
            .field("request_id_header", &self.request_id_header)
            .field("user_agent", &self.user_agent)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::propagation::Remote;

    #[test]
    fn a_layer_is_send_and_sync_and_its_debug_text_has_its_settings() {
        fn cloned<T: Clone + Send + Sync + 'static>(layer: &T) -> T {
            layer.clone()
        }
        let layer = cloned(&layer().context(|_| Remote::default()));
        let shown = format!("{layer:?}");
        assert!(
            shown.contains("http_request") && shown.contains("/health"),
            "{shown}"
        );
    }
}
