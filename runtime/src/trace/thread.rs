//! Whether a thread can open and enter spans: it has a slot in `tracing`'s registry, and is not ending.
//!
//! The registry of `tracing_subscriber` panics on the 4,097th live thread that opens a span, and on a thread whose
//! thread-locals are being dropped. A panic there aborts the process, so such a thread opens no span: its calls run, are
//! measured, and have a trace of their own.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::span::Id;
use tracing::{Span, Subscriber};
use tracing_subscriber::Registry;

/// The number of threads that may open spans at a time. A quarter of the registry's slots is left to threads that
/// only code without ragspan opens spans on, and that no layer of ours sees.
const MAX_THREADS: usize = if cfg!(target_pointer_width = "64") {
    3072
} else {
    96
};

/// The number of live threads that have a slot in the registry.
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// The thread has a slot in the registry.
const HAS_SLOT: u8 = 1;
/// The thread has left a span, so the thread-locals of all layers exist by now.
const USED: u8 = 2;
/// The thread drops its thread-locals, perhaps those of `tracing` too.
const ENDING: u8 = 4;

thread_local! {
    // It needs no drop, so it can be read until the very end of the thread.
    static STATE: Cell<u8> = const { Cell::new(0) };
    static SLOT: Guard = const { Guard { holds_slot: true } };
    static USE: Guard = const { Guard { holds_slot: false } };
}

/// A thread-local whose drop marks the thread as ending.
///
/// Thread-locals are dropped in the reverse order of their first use: each guard is used just after the thread-locals
/// that it guards, and so is dropped before them.
struct Guard {
    holds_slot: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        add(ENDING);
        if self.holds_slot {
            THREADS.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[inline(always)]
fn state() -> u8 {
    STATE.with(Cell::get)
}

fn add(flag: u8) {
    STATE.with(|state| state.set(state.get() | flag));
}

/// Returns whether this thread drops its thread-locals. It must not enter spans or ask filters, since other layers may
/// have lost theirs.
#[inline(always)]
pub(crate) fn is_ending() -> bool {
    state() & ENDING != 0
}

/// Returns whether this thread has opened a span before and is not ending. If not, use [`open_first`].
#[inline(always)]
pub(crate) fn can_open_spans() -> bool {
    state() & (HAS_SLOT | ENDING) == HAS_SLOT
}

/// Opens a span, or returns none where the registry would panic.
pub(crate) fn open_span(open: impl FnOnce() -> Span) -> Span {
    if can_open_spans() {
        open()
    } else {
        open_first(open)
    }
}

/// Opens the first span of a thread, or returns none where the registry would panic.
#[cold]
#[inline(never)]
pub(crate) fn open_first(open: impl FnOnce() -> Span) -> Span {
    if is_ending() || THREADS.load(Ordering::Relaxed) >= MAX_THREADS {
        return Span::none();
    }
    // Other code may have taken the slots that are left, or may have opened spans on this thread before it was ending.
    match catch_unwind(AssertUnwindSafe(open)) {
        Ok(span) => {
            take_slot();
            span
        }
        Err(panic) if is_of_registry(&*panic) => Span::none(),
        // A panic of another layer or of a test's subscriber is the program's own.
        Err(panic) => resume_unwind(panic),
    }
}

/// Returns whether the registry has panicked because it has no slot for this thread, or because the thread is ending.
fn is_of_registry(panic: &(dyn Any + Send)) -> bool {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.is_some_and(|text| {
        text.starts_with("creating a new thread ID") || text.contains("Thread Local Storage value")
    })
}

/// Closes a span on a thread that drops its thread-locals: other layers may panic, which would abort the process.
#[cold]
pub(crate) fn close(span: Span) {
    let _panic_of_other_layers = catch_unwind(AssertUnwindSafe(|| drop(span)));
}

/// Counts this thread as one that has a slot in the registry; called after the first span was opened.
#[inline(always)]
pub(crate) fn opened() {
    if state() & HAS_SLOT == 0 {
        take_slot();
    }
}

#[cold]
#[inline(never)]
fn take_slot() {
    // Entering a span uses a second thread-local. All registries share it, and the span need not exist.
    static ANY: LazyLock<Registry> = LazyLock::new(Registry::default);
    if state() & (HAS_SLOT | ENDING) == 0 {
        let id = Id::from_u64(1);
        ANY.enter(&id);
        ANY.exit(&id);
        add(HAS_SLOT);
        THREADS.fetch_add(1, Ordering::Relaxed);
        // The thread-local is gone only on a thread that is ending.
        let _gone = SLOT.try_with(|_| ());
    }
}

/// Notes that all layers have seen a span or an event of this thread.
#[inline(always)]
pub(crate) fn used() {
    if state() & USED == 0 {
        guard_use();
    }
}

#[cold]
#[inline(never)]
fn guard_use() {
    add(USED);
    let _gone = USE.try_with(|_| ());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_panics_of_the_registry_are_caught() {
        let of_registry = "creating a new thread ID (4096) would exceed the maximum number of thread ID bits \
             specified in sharded_slab::cfg::DefaultConfig (4095)";
        let ending =
            "cannot access a Thread Local Storage value during or after destruction: AccessError";
        for text in [of_registry, ending] {
            assert!(is_of_registry(&text.to_owned()));
        }
        let on_new_thread = |text: &'static str| {
            let thread = std::thread::spawn(move || open_first(|| std::panic::panic_any(text)));
            thread.join().map(|span| span.is_none())
        };
        assert!(on_new_thread(of_registry).unwrap());
        let unwound = on_new_thread("a subscriber of the test expects another span").unwrap_err();
        assert!(!is_of_registry(&*unwound));
    }
}
