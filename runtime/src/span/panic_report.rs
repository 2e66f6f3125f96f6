//! The message and backtrace of the last panic on each thread, for the calls that it unwinds through.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::RefCell;
use std::panic::PanicHookInfo;
use std::sync::{Once, OnceLock};

use ragspan_core::source::{shorten_path, shorten_stack_trace};

use crate::clock;
use crate::value::bounded;

thread_local! {
    static LAST: RefCell<Option<PanicReport>> = const { RefCell::new(None) };
}

/// The message and backtrace of a panic.
#[derive(Clone, Debug)]
pub(super) struct PanicReport {
    /// The message, with the source location.
    pub(super) message: Box<str>,
    /// Captured if backtraces are enabled (`RUST_BACKTRACE`).
    pub(super) backtrace: Option<Box<str>>,
}

/// Installs a panic hook in front of the current one, once in a process. The hook only stores a report for its
/// thread: it takes no shared lock, does not block and does not print.
pub(crate) fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            store(info);
            previous(info);
        }));
    });
}

fn store(info: &PanicHookInfo<'_>) {
    let payload = info
        .payload_as_str()
        .unwrap_or("panicked with a value that is not text");
    let message = match info.location() {
        Some(location) => {
            let (file, line) = (shorten_path(location.file()), location.line());
            bounded(format_args!("{payload} ({file}:{line})"))
        }
        None => bounded(format_args!("{payload}")),
    };
    let report = PanicReport {
        message: message.into(),
        backtrace: capture_backtrace(),
    };
    // The thread-local is gone while the thread is being torn down.
    let _gone = LAST.try_with(|last| last.try_borrow_mut().map(|mut last| *last = Some(report)));
}

/// Captures a backtrace if `RUST_BACKTRACE` is set. A test that has stopped time gets none, so that its records are
/// the same in each run.
fn capture_backtrace() -> Option<Box<str>> {
    if clock::is_stopped() {
        return None;
    }
    let backtrace = Backtrace::capture();
    let is_captured = backtrace.status() == BacktraceStatus::Captured;
    is_captured.then(|| stored_backtrace(&backtrace.to_string()))
}

/// Returns a backtrace as a record holds it: without the folders of the machine that compiled the program, and at most
/// its first 16 KiB.
pub(super) fn stored_backtrace(backtrace: &str) -> Box<str> {
    const MAX_LENGTH: usize = 16 * 1024;
    let backtrace = shorten_stack_trace(backtrace);
    let (kept, rest) = backtrace.split_at(backtrace.floor_char_boundary(MAX_LENGTH));
    if rest.is_empty() {
        kept.into()
    } else {
        format!("{kept}\n({} bytes left out)", rest.len()).into()
    }
}

impl PanicReport {
    /// Returns the report of the last panic on this thread.
    pub(super) fn last() -> Self {
        LAST.try_with(|last| last.try_borrow().ok().and_then(|last| last.clone()))
            .ok()
            .flatten()
            .unwrap_or_else(|| Self {
                message: "panicked".into(),
                backtrace: None,
            })
    }
}

/// Returns whether backtraces of errors are enabled. As in the standard library, the environment is read once.
pub(super) fn backtraces_are_enabled() -> bool {
    static ENABLED: OnceLock<bool> = OnceLock::new();
    *ENABLED.get_or_init(|| {
        let for_errors = std::env::var_os("RUST_LIB_BACKTRACE");
        let set = for_errors.or_else(|| std::env::var_os("RUST_BACKTRACE"));
        set.is_some_and(|set| set != "0")
    })
}
