//! Bodies that are streams: the span stays open until the last item, the first error, or the drop of the stream.
//!
//! The stream is polled inside the span, without a task of its own, so timeouts of the consumer behave as without
//! ragspan.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use crate::clock::{self, Moment};
use crate::record::Outcome;
use crate::span::call::{Call, PollGuard};
use crate::span::observer::StreamStats;

pin_project_lite::pin_project! {
    /// A stream that an annotated function returned, with its call.
    #[derive(Debug)]
    #[must_use = "streams do nothing unless they are polled"]
    pub struct CallStream<S: Stream, D> {
        call: Call,
        #[pin]
        body: Option<S>,
        each: D,
        timing: Timing,
    }

    impl<S: Stream, D> PinnedDrop for CallStream<S, D> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.timing.record(this.call);
            this.call.enter_to_drop();
            this.body.set(None);
        }
    }
}

/// Measures the items of a stream.
#[derive(Debug, Default)]
struct Timing {
    stats: StreamStats,
    /// The time since which the consumer waits for an item.
    waiting_since: Option<Moment>,
}

impl Call {
    /// Runs the stream that a function returned. `each` classifies its items. The call ends with the stream, with its
    /// first error, or when it is dropped.
    #[inline]
    pub fn returned_stream<S: Stream, D: FnMut(&S::Item, &mut Self)>(
        mut self,
        returned: S,
        each: D,
    ) -> CallStream<S, D> {
        self.mark_cancellable();
        CallStream {
            call: self,
            body: Some(returned),
            each,
            timing: Timing::default(),
        }
    }
}

impl<S: Stream, D: FnMut(&S::Item, &mut Call)> Stream for CallStream<S, D> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let Some(body) = this.body.as_pin_mut() else {
            return Poll::Ready(None);
        };
        this.timing.wait(this.call);
        let mut guard = PollGuard::enter(this.call);
        let polled = body.poll_next(context);
        if let Poll::Ready(Some(item)) = &polled
            && guard.call().observer.is_some()
        {
            (this.each)(item, guard.start_classifying());
            // The call ends with the last item or the first error, not with the guard.
            guard.call().resume();
        }
        drop(guard);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(_)) => this.timing.item(this.call),
            Poll::Ready(None) => this.timing.end(this.call),
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.body.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}

impl<S: FusedStream, D: FnMut(&S::Item, &mut Call)> FusedStream for CallStream<S, D> {
    fn is_terminated(&self) -> bool {
        self.body.as_ref().is_none_or(FusedStream::is_terminated)
    }
}

impl Timing {
    /// The consumer polls for the next item.
    fn wait(&mut self, call: &Call) {
        if call.observer.is_some() && self.waiting_since.is_none() {
            self.waiting_since = Some(clock::now());
        }
    }

    /// Measures an item. The first error ends the call.
    fn item(&mut self, call: &mut Call) {
        let Some(observer) = &mut call.observer else {
            return;
        };
        let now = clock::now();
        let waiting_since = self.waiting_since.take();
        let stats = &mut self.stats;
        stats.items += 1;
        if stats.first_item.is_none() {
            let micros = now.micros_since(observer.start);
            stats.first_item = Some(micros);
            observer.emit_first_item(call.callsite, micros);
        } else if let Some(since) = waiting_since {
            stats.longest_gap = stats.longest_gap.max(now.micros_since(since));
        }
        if call.outcome == Outcome::Error {
            self.record(call);
            call.end();
        }
    }

    /// Ends the call with the stream. A stream without items is `Empty` if the annotation counts items.
    fn end(&mut self, call: &mut Call) {
        self.record(call);
        if self.stats.items == 0 && call.callsite.counts_items {
            call.outcome = Outcome::Empty;
        }
        call.end();
    }

    /// Writes the measurements into the record.
    fn record(&self, call: &mut Call) {
        if let Some(observer) = &mut call.observer {
            observer.record_stream(&self.stats);
        }
    }
}
