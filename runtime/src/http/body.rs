//! The body of a response: keeps the call of its request open until the last byte was sent.

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
use ragspan_core::record::keys;

pin_project_lite::pin_project! {
    /// The body of a response: polled inside the span of its request, and ends the request's call.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        held: WithCall<B>,
        progress: Progress,
    }

    impl<B> PinnedDrop for ResponseBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let Some(call) = this.held.as_mut().call() else {
                return;
            };
            this.progress.record(call);
            if this.progress.is_complete() {
                this.held.complete();
            }
        }
    }
}

/// How much of the body has been sent so far.
#[derive(Debug)]
struct Progress {
    bytes: u64,
    /// Microseconds from the request to the first byte.
    first_byte: Option<u64>,
    /// The length of the whole body, if it is known in advance.
    expected: Option<u64>,
    /// The body has signalled its end.
    is_over: bool,
    is_grpc: bool,
}

impl<B: Body> ResponseBody<B> {
    /// Wraps the body of a response with this head. `is_complete` is true if the response has no body, so that the
    /// server will not poll it.
    pub(super) fn new(mut call: Option<Call>, body: B, head: &Parts, is_complete: bool) -> Self {
        let progress = Progress {
            bytes: 0,
            first_byte: None,
            expected: length(&head.headers).or_else(|| body.size_hint().exact()),
            is_over: is_complete || body.is_end_stream(),
            is_grpc: is_grpc(&head.headers),
        };
        if let Some(call) = &mut call {
            progress.check_grpc_status(call, &head.headers);
        }
        let held = WithCall::served(call, body);
        Self { held, progress }
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
        this.progress.is_over |= is_over;
        if let (Poll::Ready(frame), Some(call)) = (&polled, this.held.as_mut().call())
            && this.progress.update::<B>(call, frame.as_ref())
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

impl Progress {
    /// Adds a frame to the progress, and returns whether it was the end of the body.
    fn update<B: Body<Error: Display>>(
        &mut self,
        call: &mut Call,
        frame: Option<&Result<Frame<B::Data>, B::Error>>,
    ) -> bool {
        match frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.add_data(call, data.remaining());
                } else if let Some(trailers) = frame.trailers_ref() {
                    self.check_grpc_status(call, trailers);
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
        self.record(call);
        true
    }

    fn add_data(&mut self, call: &Call, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if bytes > 0 && self.first_byte.is_none() {
            self.first_byte = call.elapsed();
        }
    }

    /// Returns whether everything was sent, so that a drop of the body does not mean a disconnect. Servers do not poll
    /// the body again after the last expected byte.
    fn is_complete(&self) -> bool {
        let all_sent = |expected| !self.is_grpc && self.bytes >= expected;
        self.is_over || self.expected.is_some_and(all_sent)
    }

    /// Records the status of a gRPC response, if these headers or trailers contain it.
    fn check_grpc_status(&self, call: &mut Call, headers: &HeaderMap) {
        if let Some(status) = headers.get("grpc-status").filter(|_| self.is_grpc) {
            let text = status.to_str().ok();
            grpc::record_status(call, text.and_then(|text| text.parse().ok()));
        }
    }

    /// Writes the progress into the call's record.
    fn record(&self, call: &mut Call) {
        call.record_value(keys::BYTES_SENT.field, Value::U64(self.bytes));
        if let Some(micros) = self.first_byte {
            let millis = Value::millis(micros);
            call.record_value(keys::TIME_TO_FIRST_BYTE_MS.field, millis);
        }
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_grpc(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}
