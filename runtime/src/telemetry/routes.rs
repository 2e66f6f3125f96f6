//! Answers the requests of the listener: `GET /metrics` and `GET /health`.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::connections::Connection;
use super::health::HealthState;
use super::renderings::Renderings;
use super::{host, report};
use crate::metrics;

/// The bytes of a body that are sent at once.
const FRAME_BYTES: usize = 64 * 1024;

const NOT_LOCAL: &str = "this listener is bound to a loopback address, and only answers requests whose Host is localhost or an IP address\n";

/// The text of a response, which several responses may share.
pub(super) struct SharedText(Bytes);

impl Body for SharedText {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.0.len().min(FRAME_BYTES);
        let next = self.0.split_to(length);
        Poll::Ready((!next.is_empty()).then(|| Ok(Frame::data(next))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

/// What the listener serves.
pub(super) struct Routes {
    state: Arc<HealthState>,
    renderings: Renderings,
    is_loopback: bool,
}

impl Routes {
    /// `is_loopback` is whether the listener is bound to a loopback address: then other hosts are rejected.
    pub(super) fn new(state: Arc<HealthState>, renderings: Renderings, is_loopback: bool) -> Self {
        Self {
            state,
            renderings,
            is_loopback,
        }
    }

    /// Returns the renderings of a pipeline's metrics.
    pub(super) fn renderings(state: &HealthState) -> Renderings {
        let pipeline = Arc::clone(&state.pipeline);
        Renderings::new(move |format| report::render_as(&pipeline, format))
    }

    pub(super) async fn answer<B>(
        &self,
        request: &Request<B>,
        connection: &Arc<Connection>,
    ) -> Response<SharedText> {
        if self.is_loopback && !host::is_local(request) {
            return plain(StatusCode::MISDIRECTED_REQUEST, NOT_LOCAL);
        }
        if request.method() != Method::GET {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET is supported\n");
        }
        match request.uri().path() {
            "/metrics" => self.metrics(request, connection).await,
            "/health" => self.health(),
            _ => plain(
                StatusCode::NOT_FOUND,
                "not found; use /metrics or /health\n",
            ),
        }
    }

    async fn metrics<B>(
        &self,
        request: &Request<B>,
        connection: &Arc<Connection>,
    ) -> Response<SharedText> {
        let accept = request.headers().get(ACCEPT);
        let format = metrics::negotiate(accept.and_then(|accept| accept.to_str().ok()));
        match self.renderings.render(format, connection).await {
            Some(body) => response(format.content_type(), body),
            None => plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "the metrics could not be rendered: raise the limit on threads\n",
            ),
        }
    }

    fn health(&self) -> Response<SharedText> {
        let body = self.state.health().to_json() + "\n";
        response("application/json", body.into())
    }
}

fn response(content_type: &'static str, body: Bytes) -> Response<SharedText> {
    let mut response = Response::new(SharedText(body));
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<SharedText> {
    let body = Bytes::from_static(text.as_bytes());
    let mut response = response("text/plain; charset=utf-8", body);
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_sent_in_frames_of_its_exact_length() {
        let length = 2 * FRAME_BYTES + 1;
        let mut body = SharedText(vec![b'x'; length].into());
        assert_eq!(body.size_hint().exact(), Some(length as u64));
        let mut task = Context::from_waker(std::task::Waker::noop());
        let mut sizes = Vec::new();
        while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut body).poll_frame(&mut task) {
            sizes.push(frame.into_data().unwrap().len());
        }
        assert_eq!(sizes, [FRAME_BYTES, FRAME_BYTES, 1]);
        assert!(body.is_end_stream());
    }
}
