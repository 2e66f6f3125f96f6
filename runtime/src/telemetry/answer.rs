//! Waits for an answer of the worker, never longer than a limit, whatever state the worker is in.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use tokio::sync::oneshot;

/// Blocks this thread until the answer is there. Returns `None` after the limit, and at once if there will be none.
pub(super) fn block_on<T>(answer: &Receiver<T>, limit: Duration) -> Option<T> {
    answer.recv_timeout(limit).ok()
}

/// Waits as [`block_on`] does, in a task of any runtime. A thread measures the limit, since a runtime may have no timer.
/// If the system gives no thread, it blocks.
pub(super) async fn within<T: Send + 'static>(answer: Receiver<T>, limit: Duration) -> Option<T> {
    let (done, is_done) = oneshot::channel();
    let (give, answer) = {
        let (give, taken) = std::sync::mpsc::sync_channel::<Receiver<T>>(1);
        let thread = std::thread::Builder::new().name("ragspan-wait".to_owned());
        let wait = move || {
            let answer = taken.recv().ok();
            // The caller may have stopped waiting.
            let _received = done.send(answer.and_then(|answer| block_on(&answer, limit)));
        };
        match thread.spawn(wait) {
            Ok(_) => (give, answer),
            Err(_) => return block_on(&answer, limit),
        }
    };
    // The thread waits for it.
    let _given = give.send(answer);
    is_done.await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(1);

    #[test]
    fn an_answer_is_returned_and_none_comes_after_the_limit_or_from_a_worker_that_is_gone() {
        let (sender, receiver) = sync_channel(1);
        assert_eq!(block_on(&receiver, SHORT), None);
        sender.send(7).unwrap();
        assert_eq!(block_on(&receiver, LONG), Some(7));
        drop(sender);
        assert_eq!(block_on(&receiver, LONG), None);
    }

    #[tokio::test]
    async fn a_task_gets_an_answer_without_a_timer_of_its_runtime() {
        let (sender, receiver) = sync_channel(1);
        sender.send(7).unwrap();
        assert_eq!(within(receiver, LONG).await, Some(7));
        let (_sender, receiver) = sync_channel::<u8>(1);
        assert_eq!(within(receiver, SHORT).await, None);
        let (sender, receiver) = sync_channel::<u8>(1);
        drop(sender);
        assert_eq!(within(receiver, LONG).await, None);
    }
}
