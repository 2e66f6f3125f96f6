//! Waits until the process is asked to end.

use std::io;
use std::sync::mpsc;

use tokio::sync::oneshot;

use crate::cancel;
use crate::pipeline::print_to_stderr;

/// Resolves when the process gets SIGTERM (an orchestrator ends it) or SIGINT (ctrl-c); for a graceful shutdown.
///
/// The signals are caught from this call on, also before the future is polled, and in any runtime or none. They do not end
/// the process any more: when the future is ready, finish what runs, then shut the telemetry down. A task that is aborted from then on
/// was cancelled by the `shutdown`. Where signals cannot be
/// caught it says so on standard error and never resolves, so that nothing ends unasked.
///
/// ```no_run
/// # async fn serve(until: impl Future<Output = ()>) { until.await }
/// # async fn run(telemetry: ragspan::Telemetry) {
/// serve(ragspan::terminated()).await; // axum: `.with_graceful_shutdown(ragspan::terminated())`
/// telemetry.shutdown(std::time::Duration::from_secs(5)).await.report();
/// # }
/// ```
pub fn terminated() -> impl Future<Output = ()> + Send + 'static {
    let told = catch();
    if let Err(error) = &told {
        print_to_stderr(&format!(
            "signals cannot be caught ({error}): end the process by hand"
        ));
    }
    async move {
        let heard = match told {
            Ok(told) => told.await.is_ok(),
            Err(_) => false,
        };
        if !heard {
            std::future::pending::<()>().await;
        }
    }
}

/// Catches the signals on a thread of its own, which works under any executor.
fn catch() -> io::Result<oneshot::Receiver<()>> {
    let (tell, told) = oneshot::channel();
    let (ready, is_ready) = mpsc::channel();
    let thread = std::thread::Builder::new().name("ragspan-signals".to_owned());
    thread.spawn(move || listen(tell, &ready))?;
    is_ready.recv().map_err(io::Error::other)??;
    Ok(told)
}

/// Says how the catching began, then tells when a signal came; ends early when nobody waits any more.
fn listen(mut tell: oneshot::Sender<()>, ready: &mpsc::Sender<io::Result<()>>) {
    let begun = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let caught = begun.and_then(|runtime| {
        let signals = {
            let _inside = runtime.enter();
            Signals::new()?
        };
        Ok((runtime, signals))
    });
    let (runtime, signals) = match caught {
        Ok(caught) => caught,
        // `catch` waits for this answer, and for the next.
        Err(error) => return drop(ready.send(Err(error))),
    };
    let _heard = ready.send(Ok(()));
    let came = runtime.block_on(async {
        tokio::select! {
            () = signals.next() => true,
            () = tell.closed() => false,
        }
    });
    if came {
        cancel::shutting_down();
        // Dropped meanwhile: then nobody needs to know.
        let _unheard = tell.send(());
    }
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

    async fn next(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
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

    async fn next(mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}
