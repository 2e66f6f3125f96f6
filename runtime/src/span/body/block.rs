//! Bodies that run on the stack.

use crate::span::call::Call;
use crate::span::handle::Span;

/// Runs the body of a function. The body is a closure, so that a `return` inside it cannot skip the classification
/// after it.
#[inline(always)]
pub fn run<R>(body: impl FnOnce() -> R) -> R {
    body()
}

impl Call {
    /// Runs a block with a handle of its call, and classifies its value. `_expected` fixes the type of the value for
    /// inference.
    #[inline]
    pub fn block<R>(
        mut self,
        expected: Option<R>,
        body: impl FnOnce(Span) -> R,
        done: impl FnOnce(&R, &mut Self),
    ) -> R {
        let span = Span::of(&mut self);
        self.block_without_handle(expected, || body(span), done)
    }

    /// Runs a block without a handle, and classifies its value.
    #[inline]
    pub fn block_without_handle<R>(
        mut self,
        _expected: Option<R>,
        body: impl FnOnce() -> R,
        done: impl FnOnce(&R, &mut Self),
    ) -> R {
        self.enter();
        let value = body();
        done(&value, &mut self);
        value
    }
}

/// Runs a block without a call, for builds with instrumentation disabled.
#[inline]
pub fn plain_block<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Runs a block that takes a handle without a call, for builds with instrumentation disabled.
#[inline]
pub fn plain_block_with<R>(body: impl FnOnce(Span) -> R) -> R {
    body(Span::none())
}
