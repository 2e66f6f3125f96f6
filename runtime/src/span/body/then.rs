//! Functions that return a future or a stream: the call continues in the returned value.

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::span::call::{Call, PollGuard};

pin_project_lite::pin_project! {
    /// The body of an async function that returns a future or a stream. The call moves into the value that `wrap`
    /// returns.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct CallThen<F, W> {
        #[pin]
        body: F,
        rest: Option<(Call, W)>,
    }

    impl<F, W> PinnedDrop for CallThen<F, W> {
        fn drop(this: Pin<&mut Self>) {
            if let Some((call, _)) = this.project().rest {
                call.enter_to_drop();
            }
        }
    }
}

impl<F: Future, W: FnOnce(F::Output, Call) -> R, R> Future for CallThen<F, W> {
    type Output = R;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        let this = self.project();
        let Some((call, _)) = this.rest else {
            return Poll::Pending;
        };
        let guard = PollGuard::enter(call);
        let Poll::Ready(returned) = this.body.poll(context) else {
            return Poll::Pending;
        };
        drop(guard);
        let rest = this.rest.take();
        rest.map_or(Poll::Pending, |(call, wrap)| {
            Poll::Ready(wrap(returned, call))
        })
    }
}

impl Call {
    /// Runs the body of an async function, and passes its value and the call to `wrap`.
    #[inline]
    pub fn future_then<F: Future, W: FnOnce(F::Output, Self) -> R, R>(
        mut self,
        body: F,
        wrap: W,
    ) -> CallThen<F, W> {
        self.mark_cancellable();
        let rest = Some((self, wrap));
        CallThen { body, rest }
    }

    /// Runs the body of a function inside the span, and passes its value and the call to `wrap`.
    #[inline]
    pub fn run_then<T, R>(
        mut self,
        body: impl FnOnce() -> T,
        wrap: impl FnOnce(T, Self) -> R,
    ) -> R {
        self.enter();
        let returned = body();
        self.leave();
        wrap(returned, self)
    }

    /// Runs the body of a function that returns a future, and passes its value and the call to `wrap`. As under
    /// `tracing`'s own attribute, the span is first entered by a poll of that future.
    #[inline]
    pub fn prepare_then<T, R>(
        self,
        body: impl FnOnce() -> T,
        wrap: impl FnOnce(T, Self) -> R,
    ) -> R {
        wrap(body(), self)
    }

    /// Passes the stream or future in `Ok` and the call to `wrap`. An error ends the call.
    #[inline]
    pub fn fallible<T, E, R>(
        mut self,
        returned: Result<T, E>,
        classify: impl FnOnce(&Result<T, E>, &mut Self),
        wrap: impl FnOnce(T, Self) -> R,
    ) -> Result<R, E> {
        if returned.is_err() {
            self.enter();
            classify(&returned, self.start_classifying());
            self.end();
        }
        returned.map(|returned| wrap(returned, self))
    }

    /// Passes the stream or future in `Some` and the call to `wrap`. `None` ends the call.
    #[inline]
    pub fn optional<T, R>(
        mut self,
        returned: Option<T>,
        classify: impl FnOnce(&Option<T>, &mut Self),
        wrap: impl FnOnce(T, Self) -> R,
    ) -> Option<R> {
        if returned.is_none() {
            self.enter();
            classify(&returned, self.start_classifying());
            self.end();
        }
        returned.map(|returned| wrap(returned, self))
    }
}
