//! How a call is measured, inside the process of its variant.
//!
//! - **Time**: batches of calls, timed on the caller's thread; the fastest batch counts. Between batches everything is
//!   delivered, untimed, so that no queue overflows.
//! - **CPU**: what the whole process used, all threads, from the first batch until the last record was delivered.
//! - **Allocations**: what the caller's thread allocates in its batches, the deliveries left out.
//! - **Instructions**: two runs of equally many batches, short ones and long ones, between marks at which callgrind closes
//!   its account. The long run less the short one is the calls alone: the deliveries are as many in both.
//!
//! Before any of it come warm batches, so that no callsite, label or buffer is made while it is measured.

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::allocations::{Allocated, counted};
use crate::backend::Backend;
use crate::functions::{Found, QUERY};

/// The variant, and the number of rounds and batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Task {
    /// Time, CPU and, under the allocator that counts, allocations.
    Time {
        /// How many batches.
        batches: u64,
        /// How many calls in each.
        calls: u64,
    },
    /// A run under callgrind.
    Marks,
}

/// How many batches there are between two marks.
pub const MARKED_BATCHES: u64 = 4;

/// The calls of a batch in the short run between marks.
pub const SHORT: u64 = 50;

/// The calls of a batch in the long run between marks.
pub const LONG: u64 = 550;

/// The average cost of a call in one process; the time is that of the fastest batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    /// Nanoseconds on the caller's thread.
    pub ns: f64,
    /// Nanoseconds of CPU, all threads, until everything was delivered.
    pub cpu_ns: f64,
    /// Allocations on the caller's thread.
    pub allocations: Option<f64>,
    /// Bytes allocated on the caller's thread.
    pub bytes: Option<f64>,
}

/// Calls `call` over and over, and delivers after each batch.
#[derive(Debug)]
pub struct Measurement<'a, C> {
    backend: &'a dyn Backend,
    call: C,
    top_k: usize,
    calls: u64,
}

impl<'a, C: Fn(&str, usize) -> Found> Measurement<'a, C> {
    /// Returns a measurement of this function, called with this argument.
    pub fn new(backend: &'a dyn Backend, top_k: usize, call: C) -> Self {
        Self {
            backend,
            call,
            top_k,
            calls: 0,
        }
    }

    /// Does it; with the number of calls that were made, warm ones included.
    pub fn run(mut self, task: Task) -> (Costs, u64) {
        let costs = match task {
            Task::Time { batches, calls } => self.time(batches, calls),
            Task::Marks => {
                self.marks();
                Costs::default()
            }
        };
        (costs, self.calls)
    }

    fn time(&mut self, batches: u64, calls: u64) -> Costs {
        self.repeat(2, calls);
        let all = (batches * calls) as f64;
        let before = cpu_ns();
        let mut fastest = f64::INFINITY;
        let mut sum = Some(Allocated::default());
        for _ in 0..batches {
            let (ns, allocated) = self.timed(calls);
            fastest = fastest.min(ns);
            sum = add(sum, allocated);
            self.backend.deliver(self.calls);
        }
        self.backend.wait_until_idle();
        Costs {
            ns: fastest / calls as f64,
            cpu_ns: (cpu_ns() - before) / all,
            allocations: sum.map(|sum| sum.times as f64 / all),
            bytes: sum.map(|sum| sum.bytes as f64 / all),
        }
    }

    fn timed(&mut self, calls: u64) -> (f64, Option<Allocated>) {
        let mut ns = 0.0;
        let allocated = counted(|| {
            let start = Instant::now();
            self.batch(calls);
            ns = start.elapsed().as_nanos() as f64;
        });
        (ns, allocated)
    }

    fn marks(&mut self) {
        self.repeat(2, LONG);
        batch_mark();
        self.repeat(MARKED_BATCHES, SHORT);
        batch_mark();
        self.repeat(MARKED_BATCHES, LONG);
        batch_mark();
    }

    fn repeat(&mut self, batches: u64, calls: u64) {
        for _ in 0..batches {
            self.batch(calls);
            self.backend.deliver(self.calls);
        }
    }

    #[inline(never)]
    fn batch(&mut self, calls: u64) {
        for _ in 0..calls {
            let found = (self.call)(black_box(QUERY), black_box(self.top_k));
            black_box(found).ok();
        }
        self.calls += calls;
    }
}

fn add(sum: Option<Allocated>, more: Option<Allocated>) -> Option<Allocated> {
    let (sum, more) = (sum?, more?);
    Some(Allocated {
        times: sum.times + more.times,
        bytes: sum.bytes + more.bytes,
    })
}

/// Where callgrind closes an account and opens the next; it knows the function by its name.
#[inline(never)]
fn batch_mark() {
    black_box(());
}

/// User and system time of all threads of this process.
fn cpu_ns() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 * 1e9 + used.tv_nsec as f64
}

/// Polls until it is ready: for futures that wait for nothing.
#[inline]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::backend::{BackendError, RecordCounts};
    use crate::functions::{TOP_K, bare};

    /// Notes after how many calls it was asked to deliver.
    #[derive(Debug, Default)]
    struct Noting(RefCell<Vec<u64>>);

    impl Backend for Noting {
        fn deliver(&self, calls: u64) {
            self.0.borrow_mut().push(calls);
        }

        fn close(self: Box<Self>, _: u64) -> Result<RecordCounts, BackendError> {
            Ok(RecordCounts::default())
        }
    }

    #[test]
    fn everything_is_delivered_after_each_batch() {
        let backend = Noting::default();
        let task = Task::Time {
            batches: 3,
            calls: 10,
        };
        let (costs, calls) = Measurement::new(&backend, TOP_K, bare).run(task);
        assert_eq!(calls, 50);
        assert_eq!(*backend.0.borrow(), [10, 20, 30, 40, 50]);
        assert!(costs.ns.is_finite() && costs.cpu_ns > 0.0, "{costs:?}");
        assert_eq!(costs.allocations, Some(0.0));
    }

    #[test]
    fn between_marks_the_deliveries_are_as_many() {
        let backend = Noting::default();
        let (_, calls) = Measurement::new(&backend, TOP_K, bare).run(Task::Marks);
        let asked = backend.0.borrow();
        let long = MARKED_BATCHES * LONG;
        let (warm, short) = (2 * LONG, MARKED_BATCHES * SHORT);
        assert_eq!(calls, warm + short + long);
        let within = |from, to| asked.iter().filter(|at| (from..=to).contains(*at)).count();
        assert_eq!(
            within(warm + 1, warm + short),
            within(warm + short + 1, calls)
        );
    }

    #[test]
    fn a_future_is_polled_until_it_is_ready() {
        let mut left = 3;
        let future = std::future::poll_fn(|_| {
            left -= 1;
            if left == 0 {
                Poll::Ready(7)
            } else {
                Poll::Pending
            }
        });
        assert_eq!(block_on(future), 7);
    }
}
