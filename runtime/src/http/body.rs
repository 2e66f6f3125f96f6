//! The body of a response, which keeps its request's call open to the last byte.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::response::Parts;
use http_body::{Body, Frame, SizeHint};

use super::grpc;
use crate::record::ErrorKind;
use crate::span::{Call, WithCall};
use crate::value::Value;

pin_project_lite::pin_project! {
    /// A response's body: polled inside the span of its request, whose call ends with it.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        held: WithCall<B>,
        flow: Flow,
    }

    impl<B> PinnedDrop for ResponseBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let Some(call) = this.held.as_mut().call() else {
                return;
            };
            this.flow.tell(call);
            if this.flow.is_whole() {
                this.held.complete();
            }
        }
    }
}

/// What has been sent so far.
#[derive(Debug)]
struct Flow {
    bytes: u64,
    /// Microseconds from the request to the first byte.
    first: Option<u64>,
    /// As many bytes as there will be, where that is known before.
    expected: Option<u64>,
    /// The body has said that nothing more will come.
    is_over: bool,
    is_grpc: bool,
}

impl<B: Body> ResponseBody<B> {
    /// The body of a response with this head; `is_whole` where the server will not ask for it.
    pub(super) fn new(mut call: Option<Call>, body: B, head: &Parts, is_whole: bool) -> Self {
        let flow = Flow {
            bytes: 0,
            first: None,
            expected: length(&head.headers).or_else(|| body.size_hint().exact()),
            is_over: is_whole || body.is_end_stream(),
            is_grpc: is_grpc(&head.headers),
        };
        if let Some(call) = &mut call {
            flow.judge(call, &head.headers);
        }
        let held = WithCall::served(call, body);
        Self { held, flow }
    }
}

impl<B: Body<Error: Display>> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let (polled, is_over) = this.held.as_mut().poll(|mut body| {
            let polled = body.as_mut().poll_frame(context);
            let is_over = polled.is_ready() && body.is_end_stream();
            (polled, is_over)
        });
        this.flow.is_over |= is_over;
        if let (Poll::Ready(frame), Some(call)) = (&polled, this.held.as_mut().call())
            && this.flow.take::<B>(call, frame.as_ref())
        {
            this.held.end();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.held.get().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.held.get().size_hint()
    }
}

impl Flow {
    /// Takes a frame into account; tells whether it was the end.
    fn take<B: Body<Error: Display>>(
        &mut self,
        call: &mut Call,
        frame: Option<&Result<Frame<B::Data>, B::Error>>,
    ) -> bool {
        match frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.data(call, data.remaining());
                } else if let Some(trailers) = frame.trailers_ref() {
                    self.judge(call, trailers);
                    self.is_over = true;
                }
                return false;
            }
            Some(Err(error)) if !call.has_failed() => {
                let kind = ErrorKind::Label("http_body");
                call.fail(kind, format_args!("{error}"), None);
            }
            _ => {}
        }
        self.tell(call);
        true
    }

    fn data(&mut self, call: &Call, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if bytes > 0 && self.first.is_none() {
            self.first = call.elapsed();
        }
    }

    /// Whether a drop takes nothing from the client: servers do not ask for more than there is.
    fn is_whole(&self) -> bool {
        let all = |expected| !self.is_grpc && self.bytes >= expected;
        self.is_over || self.expected.is_some_and(all)
    }

    /// A response of gRPC tells how it ended in these headers or trailers.
    fn judge(&self, call: &mut Call, headers: &HeaderMap) {
        if let Some(status) = headers.get("grpc-status").filter(|_| self.is_grpc) {
            let text = status.to_str().ok();
            grpc::answered(call, text.and_then(|text| text.parse().ok()));
        }
    }

    /// Writes into the record what was sent.
    fn tell(&self, call: &mut Call) {
        call.record_value("metrics.bytes_sent", Value::U64(self.bytes));
        if let Some(first) = self.first {
            let first = Value::millis(first);
            call.record_value("metrics.time_to_first_byte_ms", first);
        }
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_grpc(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|of| of.as_bytes().starts_with(b"application/grpc"))
}
