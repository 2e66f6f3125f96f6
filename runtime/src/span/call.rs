//! One call of an annotated function: its span, and what becomes of it on every way out.
//!
//! A call ends once: when its value was judged, or, by [`Drop`], when it panicked or its future was dropped.

use futures_core::Stream;
use tracing::Span;
use tracing::span::Entered;

use super::future::{Annotated, Making};
use super::opening::Opening;
use super::panics;
use super::pending::Pending;
use super::running::Running;
use super::site::Site;
use super::stream::Streamed;
use super::watch::Watch;
use crate::dispatch;
use crate::record::{ErrorKind, Outcome};

/// A call that is running.
#[derive(Debug)]
pub struct Call {
    pub(super) span: Span,
    pub(super) state: State,
}

/// What is known of a running call beside its span.
#[derive(Debug)]
pub(super) struct State {
    pub(super) site: &'static Site,
    /// What is measured, until it has ended; `None` where no pipeline listens.
    pub(super) watch: Option<Watch>,
    /// How the value was judged.
    pub(super) outcome: Outcome,
    /// How the call has ended if it is dropped now.
    pub(super) unfinished: Outcome,
    /// The call has not begun.
    pub(super) pending: Option<Box<Pending>>,
    /// What the panic said that has unwound through a poll.
    unwound: Option<Box<str>>,
}

impl Call {
    /// Begins a call: opens its span, counts it, and lets `capture` record fields if anybody listens.
    pub fn enter(site: &'static Site, capture: impl FnOnce(&mut Running<'_>)) -> Self {
        Self::enter_as(site, |opening| opening.call(&[]), capture)
    }

    /// The same, where `open` says what belongs to the span from its creation on.
    pub fn enter_as(
        site: &'static Site,
        open: impl FnOnce(Opening) -> Self,
        capture: impl FnOnce(&mut Running<'_>),
    ) -> Self {
        let (enabled, handle) = (site.is_enabled(), dispatch::current());
        if handle.is_none() {
            dispatch::miss(site.origin.operation);
            if !enabled {
                return Self::new(site, Span::none(), None);
            }
        }
        let mut call = open(Opening::new(site, enabled, handle));
        capture(&mut call.running());
        call.announce();
        call
    }

    pub(super) fn new(site: &'static Site, span: Span, watch: Option<Watch>) -> Self {
        let state = State {
            site,
            watch,
            outcome: Outcome::Success,
            unfinished: Outcome::Panic,
            pending: None,
            unwound: None,
        };
        Self { span, state }
    }

    /// A call that begins with the first poll of what the function returns.
    pub(super) fn later(site: &'static Site, pending: Pending) -> Self {
        let mut call = Self::new(site, Span::none(), None);
        call.state.pending = Some(Box::new(pending));
        call
    }

    /// What was to come later begins now.
    #[inline]
    pub(super) fn begin(&mut self) {
        if let Some(pending) = self.state.pending.take() {
            self.begin_with(*pending);
        }
    }

    #[cold]
    fn begin_with(&mut self, mut pending: Pending) {
        let site = self.state.site;
        let opening = Opening::new(site, site.is_enabled(), dispatch::current());
        let opening = opening.now(std::mem::take(&mut pending.said));
        let (created, after) = pending.values();
        let mut call = opening.call(&created);
        if !after.is_empty() {
            call.running().fields(created.len(), &after);
        }
        if let Some(model) = &pending.model {
            call.running().model(model);
        }
        call.state.unfinished = self.state.unfinished;
        // What is left here has no watch, and ends without a word.
        std::mem::swap(self, &mut call);
        self.announce();
    }

    fn running(&mut self) -> Running<'_> {
        Running {
            span: &self.span,
            state: &mut self.state,
        }
    }

    /// Leaves the `_started` record, where DEBUG is on.
    pub(super) fn announce(&self) {
        if let Some(watch) = &self.state.watch {
            watch.announce(&self.span, self.state.site);
        }
    }

    /// Runs the body of a function and ends the call with what `done` makes of the value.
    #[inline]
    pub fn run<R>(
        mut self,
        body: impl FnOnce() -> R,
        done: impl FnOnce(&R, &mut Running<'_>),
    ) -> R {
        let value = {
            let _entered = self.span.enter();
            let value = body();
            self.state.judge(&self.span, &value, done);
            value
        };
        self.end();
        value
    }

    /// The inside of the span, for a body that cannot stand in a closure.
    #[inline]
    pub fn inside(&self) -> Entered<'_> {
        self.span.enter()
    }

    /// Ends the call of such a body with what `done` makes of its value.
    #[inline]
    pub fn close<R>(self, value: R, done: impl FnOnce(&R, &mut Running<'_>)) -> R {
        self.run(|| value, done)
    }

    /// The body of an async function; the call ends when it is ready, or dropped.
    #[inline]
    pub fn future<F: Future, D: FnOnce(&F::Output, &mut Running<'_>)>(
        mut self,
        body: F,
        done: D,
    ) -> Annotated<F, D> {
        self.state.unfinished = Outcome::Cancelled;
        Annotated::new(self, body, done)
    }

    /// The body of an async function that returns a stream or a future: the call goes on in what `wrap` makes of it.
    #[inline]
    pub fn making<F: Future, W: FnOnce(F::Output, Self) -> R, R>(
        mut self,
        body: F,
        wrap: W,
    ) -> Making<F, W> {
        self.state.unfinished = Outcome::Cancelled;
        Making::new(self, body, wrap)
    }

    /// Runs what comes before a stream is returned: the call goes on in what `wrap` makes of it.
    #[inline]
    pub fn make<T, R>(self, body: impl FnOnce() -> T, wrap: impl FnOnce(T, Self) -> R) -> R {
        let made = self.span.in_scope(body);
        wrap(made, self)
    }

    /// Runs what comes before a future is returned. As under `tracing`'s own attribute, a span is first entered by a poll.
    #[inline]
    pub fn prepare<T, R>(self, body: impl FnOnce() -> T, wrap: impl FnOnce(T, Self) -> R) -> R {
        wrap(body(), self)
    }

    /// The future that a function returned. Until it is first polled nothing has happened.
    #[inline]
    pub fn follow<F: IntoFuture, D: FnOnce(&F::Output, &mut Running<'_>)>(
        mut self,
        made: F,
        done: D,
    ) -> Annotated<F::IntoFuture, D> {
        self.state.unfinished = Outcome::Cancelled;
        Annotated::new(self, made.into_future(), done)
    }

    /// The stream that a function returned, whose items `each` judges. The call ends with the stream, with its first error,
    /// or when it is dropped.
    #[inline]
    pub fn stream<S: Stream, D: FnMut(&S::Item, &mut Running<'_>)>(
        mut self,
        made: S,
        each: D,
    ) -> Streamed<S, D> {
        self.state.unfinished = Outcome::Cancelled;
        Streamed::new(self, made, each)
    }

    /// A `Result` that may hold such a stream or future: an error ends the call.
    #[inline]
    pub fn fallible<T, E, R>(
        mut self,
        made: Result<T, E>,
        judge: impl FnOnce(&Result<T, E>, &mut Running<'_>),
        wrap: impl FnOnce(T, Self) -> R,
    ) -> Result<R, E> {
        if made.is_err() {
            self.finish(&made, judge);
        }
        made.map(|made| wrap(made, self))
    }

    /// An `Option` that may hold such a stream or future: without one the call ends.
    #[inline]
    pub fn optional<T, R>(
        mut self,
        made: Option<T>,
        judge: impl FnOnce(&Option<T>, &mut Running<'_>),
        wrap: impl FnOnce(T, Self) -> R,
    ) -> Option<R> {
        if made.is_none() {
            self.finish(&made, judge);
        }
        made.map(|made| wrap(made, self))
    }

    fn finish<R>(&mut self, value: &R, done: impl FnOnce(&R, &mut Running<'_>)) {
        self.begin();
        {
            let _entered = self.span.enter();
            self.state.judge(&self.span, value, done);
        }
        self.end();
    }

    /// Ends the call as its value was judged.
    pub(super) fn end(&mut self) {
        let outcome = self.state.outcome;
        self.state.end(&self.span, outcome);
    }
}

impl State {
    /// Lets `done` judge the value. What it runs is the user's too, and may panic.
    #[inline]
    pub(super) fn judge<R>(
        &mut self,
        span: &Span,
        value: &R,
        done: impl FnOnce(&R, &mut Running<'_>),
    ) {
        self.unfinished = Outcome::Panic;
        done(value, &mut Running { span, state: self });
    }

    /// Polls or drops a body, and notes a panic there and then: what was polled may be dropped much later, and what
    /// panics while it is dropped has not only been cancelled.
    #[inline]
    pub(super) fn poll<R>(&mut self, body: impl FnOnce() -> R) -> R {
        let unwinding = Unwinding(&mut self.unwound);
        let polled = body();
        std::mem::forget(unwinding);
        polled
    }

    pub(super) fn end(&mut self, span: &Span, outcome: Outcome) {
        if let Some(watch) = self.watch.take() {
            watch.end(self.site, span, outcome);
        }
    }

    /// How a call has ended that is dropped now.
    fn dropped(&self) -> Outcome {
        if self.unwound.is_some() {
            return Outcome::Panic;
        }
        // A body that does not stand in a closure may have returned behind a macro's back.
        let returned = self.unfinished == Outcome::Panic && !std::thread::panicking();
        if returned {
            Outcome::Success
        } else {
            self.unfinished
        }
    }

    fn abandon(&mut self, span: &Span) {
        let outcome = self.dropped();
        let Some(mut watch) = self.watch.take() else {
            return;
        };
        if outcome == Outcome::Panic {
            let said = self.unwound.take().map_or_else(panics::last, String::from);
            watch.fail(ErrorKind::Label("panic"), format_args!("{said}"), None);
        }
        watch.end(self.site, span, outcome);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // What panicked before it could return a future was a call all the same.
        if self.state.pending.is_some() && self.state.dropped() == Outcome::Panic {
            self.begin();
        }
        self.state.abandon(&self.span);
    }
}

/// Dropped, and not forgotten, only when a panic unwinds through it.
struct Unwinding<'a>(&'a mut Option<Box<str>>);

impl Drop for Unwinding<'_> {
    fn drop(&mut self) {
        *self.0 = Some(panics::last().into());
    }
}
