//! A thread of a sink's own for what may block, started when it is first needed.
//!
//! Not the runtime's own pool: that panics where the system gives no thread; here it is an error, and tried again.

use std::io;
use std::sync::mpsc;

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// The way to the thread, which ends when this is dropped and its last job is done.
#[derive(Debug)]
pub(super) struct Blocking {
    name: &'static str,
    jobs: Option<mpsc::Sender<Job>>,
}

impl Blocking {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, jobs: None }
    }

    /// Runs `work` on the thread.
    ///
    /// # Errors
    ///
    /// When there is no thread to be had, or `work` panicked.
    pub(super) async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<T> {
        let (done, answer) = oneshot::channel();
        let job: Job = Box::new(move || {
            // Whoever asked has gone: then nobody needs to know.
            let _unheard = done.send(work());
        });
        let sent = self.thread()?.send(job);
        let answered = match sent {
            Ok(()) => answer.await.ok(),
            Err(_) => None,
        };
        if answered.is_none() {
            self.jobs = None;
        }
        answered.ok_or_else(|| io::Error::other("the writing thread has ended"))
    }

    fn thread(&mut self) -> io::Result<&mpsc::Sender<Job>> {
        if self.jobs.is_none() {
            let (jobs, queue) = mpsc::channel::<Job>();
            let thread = std::thread::Builder::new().name(self.name.to_owned());
            thread.spawn(move || queue.into_iter().for_each(|job| job()))?;
            self.jobs = Some(jobs);
        }
        let gone = || io::Error::other("the writing thread was not started");
        self.jobs.as_ref().ok_or_else(gone)
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
    fn all_work_is_done_on_one_thread_and_not_here() {
        block(async {
            let mut blocking = Blocking::new("test");
            let first = blocking.run(std::thread::current).await.unwrap();
            let second = blocking.run(std::thread::current).await.unwrap();
            assert_eq!((first.id(), first.name()), (second.id(), Some("test")));
            assert_ne!(first.id(), std::thread::current().id());
        });
    }

    #[test]
    fn work_that_panics_is_an_error_and_the_next_gets_a_new_thread() {
        block(async {
            let mut blocking = Blocking::new("test");
            assert!(blocking.run(|| assert_eq!(1, 2)).await.is_err());
            assert_eq!(blocking.run(|| 3).await.unwrap(), 3);
        });
    }
}
