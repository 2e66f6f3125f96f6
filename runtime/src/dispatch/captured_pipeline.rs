//! Captures the pipeline of the running code, to enter it on another thread or in another task.

use std::sync::Arc;

use metrics::LocalRecorderGuard;
use tracing::Dispatch;
use tracing::dispatcher::{DefaultGuard, get_default, set_default};

use super::captures::{self, Scope};
#[cfg(feature = "testing")]
use crate::clock::fake::{self, Fake};
use crate::metrics::Recorder;
use crate::pipeline::Pipeline;

/// The test capture that code belongs to: its pipeline, subscriber, clock and random numbers. Empty outside a capture.
#[derive(Clone, Debug, Default)]
pub(crate) struct CapturedPipeline(Option<Arc<CaptureState>>);

#[derive(Debug)]
struct CaptureState {
    pipeline: Arc<Pipeline>,
    subscriber: Dispatch,
    /// The recorder of the `metrics` macros.
    recorder: Recorder,
    #[cfg(feature = "testing")]
    clock: Option<Arc<Fake>>,
}

impl CapturedPipeline {
    /// Returns the test capture of the running code; while there is no capture in the process, costs one relaxed load.
    pub(crate) fn current() -> Self {
        Self(captures::current().map(|pipeline| {
            Arc::new(CaptureState {
                recorder: Recorder::new(Arc::clone(pipeline.registry())),
                pipeline,
                subscriber: get_default(Dispatch::clone),
                #[cfg(feature = "testing")]
                clock: fake::current(),
            })
        }))
    }

    /// Creates the capture that the code of a test is to belong to.
    #[cfg(feature = "testing")]
    pub(crate) fn new(
        pipeline: Arc<Pipeline>,
        subscriber: Dispatch,
        clock: Option<Arc<Fake>>,
    ) -> Self {
        Self(Some(Arc::new(CaptureState {
            recorder: Recorder::new(Arc::clone(pipeline.registry())),
            pipeline,
            subscriber,
            clock,
        })))
    }

    /// Makes this thread's code belong to the capture until the guard is dropped. Drop guards in the reverse order of
    /// their creation.
    pub(crate) fn enter(&self) -> Entered<'_> {
        Entered(self.0.as_deref().map(CaptureState::enter))
    }
}

impl CaptureState {
    fn enter(&self) -> Guards<'_> {
        Guards {
            _scope: Scope::enter(&self.subscriber, Arc::clone(&self.pipeline)),
            _subscriber: set_default(&self.subscriber),
            _recorder: metrics::set_default_local_recorder(&self.recorder),
            #[cfg(feature = "testing")]
            _clock: self.clock.clone().map(fake::Entered::enter),
        }
    }
}

/// The guard of [`CapturedPipeline::enter`].
#[must_use = "the capture is left when the guard is dropped"]
pub(crate) struct Entered<'a>(
    #[expect(dead_code, reason = "held for its drop")] Option<Guards<'a>>,
);

struct Guards<'a> {
    _scope: Scope,
    _subscriber: DefaultGuard,
    _recorder: LocalRecorderGuard<'a>,
    #[cfg(feature = "testing")]
    _clock: Option<fake::Entered>,
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use std::time::Duration;

    use tracing::instrument::WithSubscriber;

    use super::*;
    use crate::clock;
    use crate::testing::{Capture, advance, capture, capture_async};

    #[test]
    fn outside_a_capture_it_is_empty() {
        let captured = CapturedPipeline::current();
        assert!(captured.0.is_none());
        let _guard = captured.enter();
        assert!(captures::current().is_none());
    }

    #[test]
    fn records_metrics_time_and_random_numbers_belong_to_the_entered_capture() {
        let at = "2026-01-01T00:00:00Z";
        let (first, seen) = Capture::new().at(at).seed(7).run(|| {
            let captured = CapturedPipeline::current();
            let thread = std::thread::spawn(move || {
                let _guard = captured.enter();
                tracing::info!("from the thread");
                crate::rag::set_active_connections("pool", 3);
                advance(Duration::from_secs(1));
                clock::random()
            });
            let random = thread.join().unwrap();
            tracing::info!("from the test");
            random
        });
        let (again, _) = Capture::new().seed(7).run(clock::random);
        assert_eq!(first, again);
        assert_eq!(seen.messages(), ["from the thread", "from the test"]);
        let times = seen.records().iter().map(|record| &record["timestamp"]);
        assert!(times.eq(["2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:01.000000Z"]));
        assert_eq!(
            seen.metric("rag_active_connections", &[("pool", "pool")]),
            Some(3.0)
        );
    }

    #[test]
    fn a_dropped_guard_restores_the_capture_before_it() {
        let (captured, outer) = capture(|| {
            let (captured, _) = capture(CapturedPipeline::current);
            {
                let _inner = captured.enter();
                tracing::info!("to the inner one, which is over");
            }
            tracing::info!("to the outer one");
            captured
        });
        assert_eq!(outer.messages(), ["to the outer one"]);
        assert!(captured.0.is_some() && CapturedPipeline::current().0.is_none());
    }

    #[test]
    fn code_under_a_capture_s_subscriber_belongs_to_the_capture_on_any_thread() {
        let ((), seen) = capture(|| {
            let subscriber = get_default(Dispatch::clone);
            std::thread::spawn(move || {
                tracing::dispatcher::with_default(&subscriber, || {
                    tracing::info!("from the thread");
                    crate::rag::set_active_connections("pool", 3);
                });
                assert!(captures::current().is_none());
            })
            .join()
            .unwrap();
        });
        assert_eq!(seen.messages(), ["from the thread"]);
        assert_eq!(
            seen.metric("rag_active_connections", &[("pool", "pool")]),
            Some(3.0)
        );
    }

    #[test]
    fn code_under_a_borrowed_subscriber_belongs_to_the_capture_until_it_ends() {
        use tracing_subscriber::layer::SubscriberExt;
        let borrowed = Dispatch::new(tracing_subscriber::registry().with(crate::layer()));
        let run = |text: &'static str| {
            let borrowed = borrowed.clone();
            let elsewhere =
                move || tracing::dispatcher::with_default(&borrowed, || tracing::info!("{text}"));
            std::thread::spawn(elsewhere).join().unwrap();
        };
        let ((), seen) = Capture::new().under(borrowed.clone()).run(|| run("inside"));
        run("after the capture");
        assert_eq!(seen.messages(), ["inside"]);
    }

    #[test]
    fn the_current_subscriber_is_not_claimed() {
        let ((), outer) = capture(|| {
            let shared = get_default(Dispatch::clone);
            let elsewhere = shared.clone();
            let ((), inner) = Capture::new().under(shared).run(|| {
                tracing::info!("inner");
                let emit = move || {
                    tracing::dispatcher::with_default(&elsewhere, || tracing::info!("outer"))
                };
                std::thread::spawn(emit).join().unwrap();
            });
            assert_eq!(inner.messages(), ["inner"]);
        });
        assert_eq!(outer.messages(), ["outer"]);
    }

    #[test]
    fn code_that_outlives_its_test_still_belongs_to_the_capture() {
        let (left, _seen) = capture(|| get_default(Dispatch::clone));
        tracing::dispatcher::with_default(&left, || {
            assert!(captures::current().is_some());
        });
    }

    #[test]
    fn a_task_of_an_inner_capture_belongs_to_the_inner_capture() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let ((), outer) = capture(|| {
            let inner = runtime.block_on(capture_async(async {
                let task = async { tracing::info!("from the task") }.with_current_subscriber();
                tokio::spawn(task).await.unwrap();
            }));
            assert_eq!(inner.1.messages(), ["from the task"]);
        });
        assert!(outer.records().is_empty());
    }
}
