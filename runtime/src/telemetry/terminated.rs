//! Waits for a termination signal.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use tokio::sync::oneshot;

use crate::cancel;
use crate::pipeline::print_to_stderr;

/// Completes when the process receives SIGTERM (from an orchestrator) or SIGINT (ctrl-c), for a graceful shutdown.
///
/// The signals are caught from this call on, even before the future is polled, and under any runtime or none. They no
/// longer terminate the process: when the future completes, finish the running requests and then shut the telemetry
/// down. A task that is aborted from then on is recorded as cancelled by the `shutdown`. A second signal ends the process
/// at once, with status 130 or 143, and so does the first one if the future was dropped. If signals cannot be caught, an
/// error is printed to standard error, and the future never completes, so that the service continues.
///
/// ```no_run
/// # async fn serve(until: impl Future<Output = ()>) { until.await }
/// # async fn run(telemetry: ragspan::Telemetry) {
/// serve(ragspan::terminated()).await; // axum: `.with_graceful_shutdown(ragspan::terminated())`
/// telemetry.shutdown(std::time::Duration::from_secs(5)).await.report();
/// # }
/// ```
pub fn terminated() -> impl Future<Output = ()> + Send + 'static {
    let waiting = Waiting::new();
    let received = catch();
    if let Err(error) = &received {
        print_to_stderr(&format!(
            "cannot catch signals ({error}): stop the process in another way"
        ));
    }
    async move {
        let is_received = match received {
            Ok(received) => received.await.is_ok(),
            Err(_) => false,
        };
        if !is_received {
            std::future::pending::<()>().await;
        }
        drop(waiting);
    }
}

/// The number of futures that wait for a signal.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// One of the futures that wait.
struct Waiting;

impl Waiting {
    fn new() -> Self {
        WAITING.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Catches the signals on a dedicated thread, which works under any executor.
fn catch() -> io::Result<oneshot::Receiver<()>> {
    let (send, received) = oneshot::channel();
    let (ready, is_ready) = mpsc::channel();
    let thread = std::thread::Builder::new().name("ragspan-signals".to_owned());
    thread.spawn(move || listen(send, &ready))?;
    is_ready.recv().map_err(io::Error::other)??;
    Ok(received)
}

/// Sends the result of the setup to `ready`, and then the first signal to `signal`. The next signal ends the process, and
/// so does the first one if no future waits for it.
fn listen(signal: oneshot::Sender<()>, ready: &mpsc::Sender<io::Result<()>>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let caught = runtime.and_then(|runtime| {
        let signals = {
            let _guard = runtime.enter();
            Signals::new()?
        };
        Ok((runtime, signals))
    });
    let (runtime, mut signals) = match caught {
        Ok(caught) => caught,
        // `catch` waits for this message.
        Err(error) => return drop(ready.send(Err(error))),
    };
    let _sent = ready.send(Ok(()));
    let mut status = runtime.block_on(signals.next());
    let is_awaited = WAITING.load(Ordering::Relaxed) > 0;
    cancel::shutting_down();
    let is_received = signal.send(()).is_ok();
    if is_received || is_awaited {
        // Who asks twice does not want to wait for a shutdown that hangs.
        status = runtime.block_on(signals.next());
    }
    std::process::exit(status);
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for a signal, and returns the exit status of a process that it ends.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.terminate.recv() => 143,
            _ = self.interrupt.recv() => 130,
        }
    }
}

#[cfg(windows)]
struct Signals(
    tokio::signal::windows::CtrlC,
    tokio::signal::windows::CtrlClose,
);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_c, ctrl_close};
        Ok(Self(ctrl_c()?, ctrl_close()?))
    }

    /// Waits for a signal, and returns the exit status of a process that it ends.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.0.recv() => 130,
            _ = self.1.recv() => 143,
        }
    }
}
