//! Prints our messages to standard error, on a thread of its own, so that a standard error that nobody reads blocks
//! nothing else.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::worker::is_worker;
use crate::privacy::redact;
use crate::sink::write_all;

/// The most messages that wait; further ones are counted.
const MAX_WAITING: usize = 64;

/// How long a thread of the application waits for its message, so that the end of the process does not lose it.
const PATIENCE: Duration = Duration::from_secs(1);

static PRINTER: Mutex<Option<Printer>> = Mutex::new(None);

/// Messages that were lost since the last one was printed.
static LOST: AtomicUsize = AtomicUsize::new(0);

/// A wait was in vain, and nothing was printed since.
static IS_STUCK: AtomicBool = AtomicBool::new(false);

/// A line, and where to send that it was printed.
type Message = (String, SyncSender<()>);

/// The thread that prints. A forked process does not have its parent's.
struct Printer {
    pid: u32,
    messages: SyncSender<Message>,
}

/// Prints a line to standard error, without secrets. Waits for at most a second, and on the worker not at all. A standard
/// error that is closed is ignored; lines for one that nobody reads are counted, and the number is printed later.
pub(crate) fn print_to_stderr(line: &str) {
    let line = format!("ragspan: {}", redact(line));
    let Some(printed) = send(line) else {
        LOST.fetch_add(1, Ordering::Relaxed);
        return;
    };
    if is_worker() || IS_STUCK.load(Ordering::Relaxed) {
        return;
    }
    if printed.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        IS_STUCK.store(true, Ordering::Relaxed);
    }
}

/// Waits until everything that was sent before is printed, for at most this time.
pub(crate) fn wait_until_printed(limit: Duration) {
    let is_idle = lock().is_none();
    if is_idle || IS_STUCK.load(Ordering::Relaxed) {
        return;
    }
    if let Some(printed) = send(String::new()) {
        // A timeout is as good as the end of the wait.
        let _printed = printed.recv_timeout(limit);
    }
}

/// Sends a line to the thread, and starts the thread if there is none. Returns `None` if the line is lost.
fn send(line: String) -> Option<Receiver<()>> {
    let (printed, is_printed) = mpsc::sync_channel(1);
    let mut printer = lock();
    let pid = std::process::id();
    if printer.as_ref().is_none_or(|printer| printer.pid != pid) {
        let (messages, lines) = mpsc::sync_channel(MAX_WAITING);
        let thread = std::thread::Builder::new().name("ragspan-stderr".to_owned());
        if thread.spawn(move || print_all(&lines)).is_err() {
            // The system gives no thread; it is more important to say so than not to wait.
            print(&line);
            return Some(is_printed);
        }
        IS_STUCK.store(false, Ordering::Relaxed);
        *printer = Some(Printer { pid, messages });
    }
    let sent = printer.as_ref()?.messages.try_send((line, printed));
    match sent {
        Ok(()) => Some(is_printed),
        Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => None,
    }
}

fn lock() -> std::sync::MutexGuard<'static, Option<Printer>> {
    PRINTER.lock().unwrap_or_else(PoisonError::into_inner)
}

fn print_all(lines: &Receiver<Message>) {
    while let Ok((line, printed)) = lines.recv() {
        print(&line);
        IS_STUCK.store(false, Ordering::Relaxed);
        let lost = LOST.swap(0, Ordering::Relaxed);
        if lost > 0 {
            print(&format!(
                "ragspan: {lost} messages before this one were not printed"
            ));
        }
        // The sender may have stopped waiting.
        let _received = printed.try_send(());
    }
}

fn print(line: &str) {
    if !line.is_empty() {
        // A standard error that is closed is ignored.
        let _written = write_all(
            &mut std::io::stderr().lock(),
            format!("{line}\n").as_bytes(),
        );
    }
}
