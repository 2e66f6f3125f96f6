//! The stream of an annotated function: its span stays open to its last item, its first error, or its drop.
//!
//! Polls go straight through, inside the span, and no task is added; so a timeout of the user's means what it says.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::call::{Call, Polling};
use crate::clock::{self, Moment};
use crate::record::Outcome;

pin_project_lite::pin_project! {
    /// The stream that an annotated function returned, with the call that it belongs to.
    #[derive(Debug)]
    #[must_use = "streams do nothing unless they are polled"]
    pub struct Streamed<S: Stream, D> {
        call: Call,
        #[pin]
        body: Option<S>,
        each: D,
        flow: Flow,
    }

    impl<S: Stream, D> PinnedDrop for Streamed<S, D> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.flow.note(this.call);
            this.call.drop_inside();
            this.body.set(None);
        }
    }
}

/// What has come so far.
#[derive(Debug, Default)]
pub(super) struct Flow {
    pub(super) items: u64,
    /// Microseconds from the call to the first item.
    pub(super) first: Option<u64>,
    /// The longest that the consumer has waited for an item after the first, in microseconds.
    pub(super) longest_gap: u64,
    waiting: Option<Moment>,
}

impl<S: Stream, D> Streamed<S, D> {
    pub(super) fn new(call: Call, body: S, each: D) -> Self {
        Self {
            call,
            body: Some(body),
            each,
            flow: Flow::default(),
        }
    }
}

impl<S: Stream, D: FnMut(&S::Item, &mut Call)> Stream for Streamed<S, D> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let Some(body) = this.body.as_pin_mut() else {
            return Poll::Ready(None);
        };
        this.flow.wait(this.call);
        let mut polling = Polling::of(this.call);
        let polled = body.poll_next(context);
        if let Poll::Ready(Some(item)) = &polled
            && polling.call().watch.is_some()
        {
            (this.each)(item, polling.start_classifying());
            // Only its last item ends a stream.
            polling.call().mark_cancellable();
        }
        drop(polling);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(_)) => this.flow.item(this.call),
            Poll::Ready(None) => this.flow.end(this.call),
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.body.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}

impl<S: FusedStream, D: FnMut(&S::Item, &mut Call)> FusedStream for Streamed<S, D> {
    fn is_terminated(&self) -> bool {
        self.body.as_ref().is_none_or(FusedStream::is_terminated)
    }
}

impl Flow {
    /// The consumer asks for the next item.
    fn wait(&mut self, call: &Call) {
        if call.watch.is_some() && self.waiting.is_none() {
            self.waiting = Some(clock::now());
        }
    }

    /// An item has come; the first error ends the call.
    fn item(&mut self, call: &mut Call) {
        let Some(watch) = &mut call.watch else {
            return;
        };
        let now = clock::now();
        let waited = self.waiting.take();
        self.items += 1;
        if self.first.is_none() {
            let micros = now.micros_since(watch.start);
            self.first = Some(micros);
            watch.first_item(&call.span, call.site, micros);
        } else if let Some(since) = waited {
            self.longest_gap = self.longest_gap.max(now.micros_since(since));
        }
        if call.outcome == Outcome::Error {
            self.note(call);
            call.end();
        }
    }

    /// The stream has ended; without an item it was empty, where the annotation asks for that.
    fn end(&mut self, call: &mut Call) {
        self.note(call);
        if self.items == 0 && call.site.empty_stream {
            call.outcome = Outcome::Empty;
        }
        call.end();
    }

    /// Writes into the record what has come.
    fn note(&self, call: &mut Call) {
        if let Some(watch) = &mut call.watch {
            watch.flowed(self);
        }
    }
}
