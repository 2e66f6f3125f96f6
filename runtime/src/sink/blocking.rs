//! Runs blocking work, a sink's or the worker's, on a thread of its own, which is started when it is first needed.
//!
//! The runtime's own pool is not used, since it panics if the system cannot create a thread. Here that is an error, and
//! the next call tries again.

use std::io;
use std::sync::mpsc;

use tokio::sync::oneshot;

type BlockingJob = Box<dyn FnOnce() + Send>;

/// A handle to the thread, which ends when the handle is dropped and the last job is done.
#[derive(Debug)]
pub(crate) struct Blocking {
    name: &'static str,
    jobs: Option<mpsc::Sender<BlockingJob>>,
}

impl Blocking {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, jobs: None }
    }

    /// Runs `work` on the thread, and returns its value.
    ///
    /// # Errors
    ///
    /// If the system cannot create a thread, or if `work` panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<T> {
        let (done, result) = oneshot::channel();
        let job: BlockingJob = Box::new(move || {
            // The caller may have stopped waiting.
            let _received = done.send(work());
        });
        let sent = self.thread()?.send(job);
        let value = match sent {
            Ok(()) => result.await.ok(),
            Err(_) => None,
        };
        if value.is_none() {
            self.jobs = None;
        }
        value.ok_or_else(|| io::Error::other("the writing thread has ended"))
    }

    fn thread(&mut self) -> io::Result<&mpsc::Sender<BlockingJob>> {
        if self.jobs.is_none() {
            let (jobs, queue) = mpsc::channel::<BlockingJob>();
            let thread = std::thread::Builder::new().name(self.name.to_owned());
            thread.spawn(move || queue.into_iter().for_each(|job| job()))?;
            self.jobs = Some(jobs);
        }
        let not_started = || io::Error::other("the writing thread was not started");
        self.jobs.as_ref().ok_or_else(not_started)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block<F: Future>(body: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(body)
    }

    #[test]
    fn all_work_runs_on_one_thread_and_not_on_the_caller_s() {
        block(async {
            let mut blocking = Blocking::new("test");
            let first = blocking.run(std::thread::current).await.unwrap();
            let second = blocking.run(std::thread::current).await.unwrap();
            assert_eq!((first.id(), first.name()), (second.id(), Some("test")));
            assert_ne!(first.id(), std::thread::current().id());
        });
    }

    #[test]
    fn work_that_panics_is_an_error_and_the_next_work_runs_on_a_new_thread() {
        block(async {
            let mut blocking = Blocking::new("test");
            assert!(blocking.run(|| assert_eq!(1, 2)).await.is_err());
            assert_eq!(blocking.run(|| 3).await.unwrap(), 3);
        });
    }
}
