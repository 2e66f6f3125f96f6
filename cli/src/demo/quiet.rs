//! Runs code that panics on purpose, without a message on standard error.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the panic hook from printing while [`catch`] runs. Must be called before ragspan installs its own hook, which
/// notes the message for the record and then calls this one.
pub(super) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |info| {
            if !IS_QUIET.get() {
                previous(info);
            }
        }));
    });
}

/// Returns the value of `work`, or `None` if it panicked.
pub(super) fn catch<R>(work: impl FnOnce() -> R) -> Option<R> {
    let before = IS_QUIET.replace(true);
    let value = catch_unwind(AssertUnwindSafe(work)).ok();
    IS_QUIET.set(before);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_and_the_next_one_is_printed_again() {
        install();
        assert_eq!(catch(|| 1), Some(1));
        assert_eq!(catch(|| -> u32 { panic!("on purpose") }), None);
        assert!(!IS_QUIET.get());
    }
}
