//! What the last panic of a thread said, kept for the span that it passes through.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::RefCell;
use std::panic::PanicHookInfo;
use std::sync::{Once, OnceLock};

use crate::clock;

thread_local! {
    static LAST: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// What is known of a panic.
#[derive(Clone, Debug)]
pub(super) struct Panic {
    pub(super) said: Box<str>,
    /// Where backtraces are on (`RUST_BACKTRACE`).
    pub(super) backtrace: Option<Box<str>>,
}

/// Puts our hook before the one that is there, once a process. It only notes the message: it takes no
/// lock of ours, waits for nothing and prints nothing.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            note(info);
            previous(info);
        }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    let message = info
        .payload_as_str()
        .unwrap_or("panicked with a value that is no text");
    let said = match info.location() {
        Some(place) => format!("{message} ({}:{})", place.file(), place.line()),
        None => message.to_owned(),
    };
    let panic = Panic {
        said: said.into(),
        backtrace: backtrace(),
    };
    // On a thread that is ending there is nowhere to keep it.
    let _gone = LAST.try_with(|last| last.try_borrow_mut().map(|mut last| *last = Some(panic)));
}

/// Captures a backtrace where `RUST_BACKTRACE` asks for one. Not while a test has stopped time: its records are the same in
/// each run.
fn backtrace() -> Option<Box<str>> {
    if clock::is_stopped() {
        return None;
    }
    let backtrace = Backtrace::capture();
    let is_captured = backtrace.status() == BacktraceStatus::Captured;
    is_captured.then(|| backtrace.to_string().into())
}

/// What the panic that unwinds this thread said.
pub(super) fn last() -> Panic {
    LAST.try_with(|last| last.try_borrow().ok().and_then(|last| last.clone()))
        .ok()
        .flatten()
        .unwrap_or_else(|| Panic {
            said: "panicked".into(),
            backtrace: None,
        })
}

/// Whether errors are asked for their backtraces: as std does it, the environment is looked at once.
pub(super) fn backtraces() -> bool {
    static ON: OnceLock<bool> = OnceLock::new();
    *ON.get_or_init(|| {
        let of_errors = std::env::var_os("RUST_LIB_BACKTRACE");
        let set = of_errors.or_else(|| std::env::var_os("RUST_BACKTRACE"));
        set.is_some_and(|set| set != "0")
    })
}
