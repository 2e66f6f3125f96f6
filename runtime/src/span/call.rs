//! One call of an annotated function: its span, and what becomes of it on every way out.
//!
//! A call ends once: when its value was judged, or, by [`Drop`], when it panicked or its future was dropped. What an expansion
//! calls is not generic where it can be, and is compiled once: every annotated function would pay for it otherwise.

use futures_core::Stream;
use tracing::{Span, Value};

use super::callsite::SpanCallsite;
use super::future::{Annotated, Making};
use super::opening::Opening;
use super::panics::{self, Panic};
use super::pending::Pending;
use super::stream::Streamed;
use super::watch::Watch;
use crate::record::{ErrorKind, Outcome};

/// A call that is running.
#[derive(Debug)]
pub struct Call {
    pub(super) site: &'static SpanCallsite,
    pub(super) span: Span,
    /// What is measured, until it has ended; `None` where no pipeline listens.
    pub(super) watch: Option<Watch>,
    /// The call has not begun.
    pub(super) pending: Option<Box<Pending>>,
    /// How the value was judged.
    pub(super) outcome: Outcome,
    /// How the call has ended if it is dropped now.
    unfinished: Outcome,
    /// What the panic said that has unwound through a poll.
    unwound: Option<Box<Panic>>,
    /// The thread is inside the span.
    entered: bool,
    announced: bool,
    /// The value is there and was judged, so that a drop ends the call as it was told.
    pub(super) judged: bool,
    /// What belongs to it is being dropped.
    dropping: bool,
    /// The call was begun, or last entered, while the thread unwound, so that a panic is another's.
    unwinding: bool,
    pub(super) heard: bool,
}

impl Call {
    /// Begins a call: opens its span and counts it.
    #[must_use]
    #[inline(never)]
    pub fn open(site: &'static SpanCallsite) -> Self {
        Self::open_as(site, |opening| opening.call(&[]))
    }

    /// The same, and records these values as the site's first fields.
    #[must_use]
    #[inline(never)]
    pub fn open_with(site: &'static SpanCallsite, values: &[&dyn Value]) -> Self {
        let mut call = Self::open(site);
        if call.heard {
            call.fields(0, values);
        }
        call
    }

    /// The same, where `open` says what belongs to the span from its creation on.
    pub fn open_as(site: &'static SpanCallsite, open: impl FnOnce(Opening) -> Self) -> Self {
        match Opening::begin(site) {
            Some(opening) => open(opening),
            None => Self::new(site, Span::none(), None),
        }
    }

    pub(super) fn new(site: &'static SpanCallsite, span: Span, watch: Option<Watch>) -> Self {
        let heard = watch.is_some() || !span.is_none();
        Self {
            site,
            span,
            watch,
            pending: None,
            outcome: Outcome::Success,
            unfinished: Outcome::Panic,
            unwound: None,
            entered: false,
            announced: false,
            judged: false,
            dropping: false,
            unwinding: std::thread::panicking(),
            heard,
        }
    }

    /// A call that begins with the first poll of what the function returns.
    pub(super) fn later(site: &'static SpanCallsite, pending: Pending) -> Self {
        let mut call = Self::new(site, Span::none(), None);
        call.pending = Some(Box::new(pending));
        call.heard = true;
        call
    }

    /// Whether anybody wants to know what happens in it.
    #[must_use]
    #[inline(always)]
    pub fn has_listeners(&self) -> bool {
        self.heard
    }

    #[cold]
    fn begin(&mut self, pending: &mut Pending) {
        let Some(opening) = Opening::begin(self.site) else {
            return;
        };
        let opening = opening.now(std::mem::take(&mut pending.said));
        let (created, after) = pending.values();
        let mut call = opening.call(&created);
        if !after.is_empty() {
            call.fields(created.len(), &after);
        }
        if let Some(model) = &pending.model {
            call.model(model);
        }
        call.unfinished = self.unfinished;
        // What is left in its place has no watch, and ends without a word.
        std::mem::swap(self, &mut call);
    }

    /// Goes inside the span; the first time it leaves the `_started` record, where DEBUG is on.
    #[inline(never)]
    pub fn enter(&mut self) {
        if let Some(mut pending) = self.pending.take() {
            self.begin(&mut pending);
        }
        if !std::mem::replace(&mut self.announced, true)
            && let Some(watch) = &self.watch
        {
            watch.announce(&self.span, self.site);
        }
        self.span.with_subscriber(|(id, to)| to.enter(id));
        self.entered = true;
        self.unwinding = std::thread::panicking();
    }

    /// What belongs to the call is dropped now, inside the span, unless it was never entered; the call itself comes after it.
    #[inline(never)]
    pub(super) fn drop_inside(&mut self) {
        if self.pending.is_none() {
            self.enter();
            self.dropping = true;
        }
    }

    fn leave(&mut self) {
        if std::mem::take(&mut self.entered) {
            self.span.with_subscriber(|(id, to)| to.exit(id));
        }
    }

    /// Ends the call as its value was judged.
    pub(super) fn end(&mut self) {
        self.leave();
        let outcome = self.outcome;
        if let Some(watch) = self.watch.take() {
            watch.end(self.site, &self.span, outcome);
        }
    }

    /// The value is there, and is judged now. What the annotation says of it is the user's code too, and may panic.
    #[inline(always)]
    pub(super) fn start_classifying(&mut self) -> &mut Self {
        self.unfinished = Outcome::Panic;
        self.judged = true;
        self
    }

    /// From now on a drop is a cancellation.
    #[inline(always)]
    pub(super) fn mark_cancellable(&mut self) {
        self.unfinished = Outcome::Cancelled;
        self.judged = false;
    }

    /// The body of an async function; the call ends when it is ready, or dropped.
    #[inline]
    pub fn future<F: Future, D: FnMut(&F::Output, &mut Self)>(
        mut self,
        body: F,
        done: D,
    ) -> Annotated<F, D> {
        self.mark_cancellable();
        Annotated::new(self, body, done)
    }

    /// The body of an async function that returns a stream or a future: the call goes on in what `wrap` makes of it.
    #[inline]
    pub fn making<F: Future, W: FnOnce(F::Output, Self) -> R, R>(
        mut self,
        body: F,
        wrap: W,
    ) -> Making<F, W> {
        self.mark_cancellable();
        Making::new(self, body, wrap)
    }

    /// Runs what comes before a stream is returned: the call goes on in what `wrap` makes of it.
    #[inline]
    pub fn make<T, R>(mut self, body: impl FnOnce() -> T, wrap: impl FnOnce(T, Self) -> R) -> R {
        self.enter();
        let made = body();
        self.leave();
        wrap(made, self)
    }

    /// Runs what comes before a future is returned. As under `tracing`'s own attribute, a span is first entered by a poll.
    #[inline]
    pub fn prepare<T, R>(self, body: impl FnOnce() -> T, wrap: impl FnOnce(T, Self) -> R) -> R {
        wrap(body(), self)
    }

    /// The future that a function returned. Until it is first polled nothing has happened.
    #[inline]
    pub fn follow<F: IntoFuture, D: FnMut(&F::Output, &mut Self)>(
        mut self,
        made: F,
        done: D,
    ) -> Annotated<F::IntoFuture, D> {
        self.mark_cancellable();
        Annotated::new(self, made.into_future(), done)
    }

    /// The stream that a function returned, whose items `each` judges. The call ends with the stream, with its first error,
    /// or when it is dropped.
    #[inline]
    pub fn stream<S: Stream, D: FnMut(&S::Item, &mut Self)>(
        mut self,
        made: S,
        each: D,
    ) -> Streamed<S, D> {
        self.mark_cancellable();
        Streamed::new(self, made, each)
    }

    /// A `Result` that may hold such a stream or future: an error ends the call.
    #[inline]
    pub fn fallible<T, E, R>(
        mut self,
        made: Result<T, E>,
        judge: impl FnOnce(&Result<T, E>, &mut Self),
        wrap: impl FnOnce(T, Self) -> R,
    ) -> Result<R, E> {
        if made.is_err() {
            self.enter();
            judge(&made, self.start_classifying());
            self.end();
        }
        made.map(|made| wrap(made, self))
    }

    /// An `Option` that may hold such a stream or future: without one the call ends.
    #[inline]
    pub fn optional<T, R>(
        mut self,
        made: Option<T>,
        judge: impl FnOnce(&Option<T>, &mut Self),
        wrap: impl FnOnce(T, Self) -> R,
    ) -> Option<R> {
        if made.is_none() {
            self.enter();
            judge(&made, self.start_classifying());
            self.end();
        }
        made.map(|made| wrap(made, self))
    }

    /// How a call has ended that is dropped now.
    fn dropped(&self) -> Outcome {
        let panicked = std::thread::panicking() && !self.unwinding;
        // What panics while it is dropped was not only cancelled.
        let own = self.dropping || self.unfinished == Outcome::Panic;
        if self.unwound.is_some() || panicked && own {
            Outcome::Panic
        } else if self.judged {
            self.outcome
        } else if self.unfinished == Outcome::Panic {
            // A body that does not stand in a closure may have returned behind a macro's back.
            Outcome::Success
        } else {
            self.unfinished
        }
    }
}

/// Runs the body of a function. It is a closure, so that nothing in it returns past what comes after it.
#[inline(always)]
pub fn run<R>(body: impl FnOnce() -> R) -> R {
    body()
}

impl Drop for Call {
    #[inline(never)]
    fn drop(&mut self) {
        let outcome = self.dropped();
        // What panicked before it could return a future was a call all the same.
        if let Some(mut pending) = self.pending.take_if(|_| outcome == Outcome::Panic) {
            self.begin(&mut pending);
        }
        self.leave();
        let Some(mut watch) = self.watch.take() else {
            return;
        };
        if outcome == Outcome::Panic {
            let panic = self
                .unwound
                .take()
                .map_or_else(panics::last, |panic| *panic);
            watch.fail(
                ErrorKind::Label("panic"),
                format_args!("{}", panic.said),
                None,
            );
            if let Some(backtrace) = &panic.backtrace {
                watch.panicked_at(backtrace);
            }
        }
        if outcome == Outcome::Cancelled {
            watch.cancelled();
        }
        watch.end(self.site, &self.span, outcome);
    }
}

/// One poll, inside the span. A panic that unwinds through it is noted there and then: what was polled may be dropped much later.
#[derive(Debug)]
pub(super) struct Polling<'a>(&'a mut Call);

impl<'a> Polling<'a> {
    #[inline(never)]
    pub(super) fn of(call: &'a mut Call) -> Self {
        call.enter();
        Self(call)
    }

    pub(super) fn call(&mut self) -> &mut Call {
        self.0
    }

    /// What was polled is ready, and is judged inside the span; then the call has ended.
    #[inline(always)]
    pub(super) fn start_classifying(&mut self) -> &mut Call {
        self.0.start_classifying()
    }
}

impl Drop for Polling<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        self.0.leave();
        if std::thread::panicking() && !self.0.unwinding {
            self.0
                .unwound
                .get_or_insert_with(|| Box::new(panics::last()));
        } else if self.0.judged {
            self.0.end();
        }
    }
}
