//! The future of a request: from its head to the head of its response.

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
    /// The future of an [`HttpService`](super::HttpService).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        held: WithCall<F>,
        // The header of the request's id, where the response tells it.
        names: Option<HeaderName>,
        is_head: bool,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(held: WithCall<F>, names: Option<HeaderName>, is_head: bool) -> Self {
        Self {
            held,
            names,
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
        let answer = ready!(this.held.as_mut().poll(|inner| inner.poll(context)));
        let mut call = this.held.take();
        let mut response = match answer {
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
            if let Some(name) = this.names.take() {
                tell(call, name, response.headers_mut());
            }
        }
        let is_whole = *this.is_head || has_no_body(response.status());
        let (head, body) = response.into_parts();
        let body = ResponseBody::new(call, body, &head, is_whole);
        Poll::Ready(Ok(Response::from_parts(head, body)))
    }
}

/// Names the trace and the request to whoever asked, so that they can be found again.
fn tell(call: &Call, request_id: HeaderName, headers: &mut HeaderMap) {
    let Some((trace, request)) = call.ids() else {
        return;
    };
    if let Ok(trace) = HeaderValue::try_from(trace.to_string()) {
        headers.insert("x-trace-id", trace);
    }
    // One that the program has named may be of any text.
    if let Some(Ok(request)) = request.map(HeaderValue::try_from) {
        headers.insert(request_id, request);
    }
}

/// Servers do not ask for the body of such a response.
fn has_no_body(status: StatusCode) -> bool {
    let none = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED];
    status.is_informational() || none.contains(&status)
}
