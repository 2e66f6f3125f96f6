//! The future of a served request: resolves to the response, whose body keeps the request's call open.

use std::any::type_name;
use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::Body;

use super::body::ResponseBody;
use super::callsites::STATUS_OF_REQUEST;
use crate::record::ErrorKind;
use crate::span::{Call, WithCall};

pin_project_lite::pin_project! {
    /// The future of an [`HttpService`](super::HttpService), polled inside the span of its request.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        held: WithCall<F>,
        // The response header that the request's id is written to, if it is.
        request_id_header: Option<HeaderName>,
        // The request's method is HEAD, so the response has no body.
        is_head: bool,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(
        held: WithCall<F>,
        request_id_header: Option<HeaderName>,
        is_head: bool,
    ) -> Self {
        Self {
            held,
            request_id_header,
            is_head,
        }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body<Error: Display>,
    E: Display,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let result = ready!(this.held.as_mut().poll(|inner| inner.poll(context)));
        let mut call = this.held.take();
        let mut response = match result {
            Ok(response) => response,
            Err(error) => {
                if let Some(call) = &mut call {
                    let kind = ErrorKind::TypeName(type_name::<E>());
                    call.fail(kind, format_args!("{error}"), None);
                }
                return Poll::Ready(Err(error));
            }
        };
        if let Some(call) = &mut call {
            let status = response.status();
            call.classify_status(status);
            call.fields(STATUS_OF_REQUEST, &[&status.as_u16()]);
            if let Some(name) = this.request_id_header.take() {
                set_id_headers(call, name, response.headers_mut());
            }
        }
        let is_complete = *this.is_head || has_no_body(response.status());
        let (head, body) = response.into_parts();
        let body = ResponseBody::new(call, body, &head, is_complete);
        Poll::Ready(Ok(Response::from_parts(head, body)))
    }
}

/// Writes the ids of the trace and the request into the response, so that the client can refer to them.
fn set_id_headers(call: &Call, request_id: HeaderName, headers: &mut HeaderMap) {
    let Some((trace, request)) = call.ids() else {
        return;
    };
    if let Ok(trace) = HeaderValue::try_from(trace.to_string()) {
        headers.insert("x-trace-id", trace);
    }
    // An id that the program set may be any text, so it may not be a valid header value.
    if let Some(Ok(request)) = request.map(HeaderValue::try_from) {
        headers.insert(request_id, request);
    }
}

/// Returns whether a response with this status has no body; servers do not poll the body of such a response.
fn has_no_body(status: StatusCode) -> bool {
    let without_body = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED];
    status.is_informational() || without_body.contains(&status)
}
