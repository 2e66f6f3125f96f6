//! What the last panic of a thread said, kept for the span that it passes through.

use std::cell::RefCell;
use std::panic::PanicHookInfo;
use std::sync::Once;

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Puts our hook before the one that is there, once a process. It only notes the message: it takes no
/// lock, waits for nothing and prints nothing.
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
    let text = match info.location() {
        Some(place) => format!("{message} ({}:{})", place.file(), place.line()),
        None => message.to_owned(),
    };
    // On a thread that is ending there is nowhere to keep it.
    let _gone = LAST.try_with(|last| last.try_borrow_mut().map(|mut last| *last = Some(text)));
}

/// What the panic that unwinds this thread said.
pub(super) fn last() -> String {
    LAST.try_with(|last| last.try_borrow().ok().and_then(|last| last.clone()))
        .ok()
        .flatten()
        .unwrap_or_else(|| "panicked".to_owned())
}
