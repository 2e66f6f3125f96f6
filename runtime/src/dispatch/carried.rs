//! What code takes along that goes on elsewhere: on another thread, or in another task.

use std::sync::Arc;

use metrics::LocalRecorderGuard;
use tracing::Dispatch;
use tracing::dispatcher::{DefaultGuard, get_default, set_default};

use super::captures::{self, Scope};
#[cfg(feature = "testing")]
use crate::clock::fake::{self, Fake};
use crate::metrics::Recorder;
use crate::pipeline::Pipeline;

/// The capture of a test that code belongs to: its pipeline, its subscriber, its time and chance. Nothing outside of a test.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carried(Option<Arc<Inside>>);

#[derive(Debug)]
struct Inside {
    pipeline: Arc<Pipeline>,
    subscriber: Dispatch,
    /// What the `metrics` macros find.
    recorder: Recorder,
    #[cfg(feature = "testing")]
    clock: Option<Arc<Fake>>,
}

/// Takes along what the code that runs here belongs to; while no test captures anything, one relaxed load.
pub(crate) fn carry() -> Carried {
    Carried(captures::here().map(|pipeline| {
        Arc::new(Inside {
            recorder: Recorder::new(Arc::clone(pipeline.registry())),
            pipeline,
            subscriber: get_default(Dispatch::clone),
            #[cfg(feature = "testing")]
            clock: fake::current(),
        })
    }))
}

impl Carried {
    /// What the code of a capture belongs to.
    #[cfg(feature = "testing")]
    pub(crate) fn of(
        pipeline: Arc<Pipeline>,
        subscriber: Dispatch,
        clock: Option<Arc<Fake>>,
    ) -> Self {
        Self(Some(Arc::new(Inside {
            recorder: Recorder::new(Arc::clone(pipeline.registry())),
            pipeline,
            subscriber,
            clock,
        })))
    }

    /// Until the guard is dropped, on this thread, code runs as it would where this was taken. Guards are to be dropped
    /// in the reverse order.
    pub(crate) fn enter(&self) -> Entered<'_> {
        Entered(self.0.as_deref().map(Inside::enter))
    }
}

impl Inside {
    fn enter(&self) -> Parts<'_> {
        Parts {
            _scope: Scope::enter(&self.subscriber, Arc::clone(&self.pipeline)),
            _subscriber: set_default(&self.subscriber),
            _recorder: metrics::set_default_local_recorder(&self.recorder),
            #[cfg(feature = "testing")]
            _clock: self.clock.clone().map(fake::Entered::enter),
        }
    }
}

/// What [`Carried::enter`] returns.
#[must_use = "what was carried is in force until this is dropped"]
pub(crate) struct Entered<'a>(
    #[expect(dead_code, reason = "it is there to be dropped")] Option<Parts<'a>>,
);

struct Parts<'a> {
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
    fn outside_of_a_test_nothing_is_carried() {
        let carried = carry();
        assert!(carried.0.is_none());
        let _nothing = carried.enter();
        assert!(captures::here().is_none());
    }

    #[test]
    fn records_metrics_time_and_chance_follow_what_is_carried() {
        let at = "2026-01-01T00:00:00Z";
        let (first, seen) = Capture::new().at(at).seed(7).run(|| {
            let carried = carry();
            let there = std::thread::spawn(move || {
                let _here = carried.enter();
                tracing::info!("from elsewhere");
                crate::rag::set_active_connections("pool", 3);
                advance(Duration::from_secs(1));
                clock::random()
            });
            let random = there.join().unwrap();
            tracing::info!("from here");
            random
        });
        let (again, _) = Capture::new().seed(7).run(clock::random);
        assert_eq!(first, again);
        assert_eq!(seen.messages(), ["from elsewhere", "from here"]);
        let times = seen.records().iter().map(|record| &record["timestamp"]);
        assert!(times.eq(["2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:01.000000Z"]));
        assert_eq!(
            seen.metric("rag_active_connections", &[("pool", "pool")]),
            Some(3.0)
        );
    }

    #[test]
    fn a_guard_gives_back_what_was_there() {
        let (carried, outer) = capture(|| {
            let (carried, _) = capture(carry);
            {
                let _inner = carried.enter();
                tracing::info!("to the inner one, which is over");
            }
            tracing::info!("to the outer one");
            carried
        });
        assert_eq!(outer.messages(), ["to the outer one"]);
        assert!(carried.0.is_some() && carry().0.is_none());
    }

    #[test]
    fn the_subscriber_alone_leads_to_its_capture_on_any_thread() {
        let ((), seen) = capture(|| {
            let subscriber = get_default(Dispatch::clone);
            std::thread::spawn(move || {
                tracing::dispatcher::with_default(&subscriber, || {
                    tracing::info!("from elsewhere");
                    crate::rag::set_active_connections("pool", 3);
                });
                assert!(captures::here().is_none());
            })
            .join()
            .unwrap();
        });
        assert_eq!(seen.messages(), ["from elsewhere"]);
        assert_eq!(
            seen.metric("rag_active_connections", &[("pool", "pool")]),
            Some(3.0)
        );
    }

    #[test]
    fn under_a_subscriber_that_was_lent_it_is_the_same() {
        use tracing_subscriber::layer::SubscriberExt;
        let lent = Dispatch::new(tracing_subscriber::registry().with(crate::layer()));
        let run = |text: &'static str| {
            let lent = lent.clone();
            let elsewhere =
                move || tracing::dispatcher::with_default(&lent, || tracing::info!("{text}"));
            std::thread::spawn(elsewhere).join().unwrap();
        };
        let ((), seen) = Capture::new().under(lent.clone()).run(|| run("inside"));
        run("after it was given back");
        assert_eq!(seen.messages(), ["inside"]);
    }

    #[test]
    fn a_subscriber_that_is_in_force_already_is_not_claimed() {
        let ((), outer) = capture(|| {
            let shared = get_default(Dispatch::clone);
            let elsewhere = shared.clone();
            let ((), inner) = Capture::new().under(shared).run(|| {
                tracing::info!("here");
                let tell = move || {
                    tracing::dispatcher::with_default(&elsewhere, || tracing::info!("there"))
                };
                std::thread::spawn(tell).join().unwrap();
            });
            assert_eq!(inner.messages(), ["here"]);
        });
        assert_eq!(outer.messages(), ["there"]);
    }

    #[test]
    fn what_a_test_leaves_running_goes_to_its_capture_still() {
        let (left, _seen) = capture(|| get_default(Dispatch::clone));
        tracing::dispatcher::with_default(&left, || {
            assert!(captures::here().is_some());
        });
    }

    #[test]
    fn a_task_of_an_inner_capture_belongs_to_that_one() {
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
