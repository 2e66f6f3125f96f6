//! Tracks whether a sink works: reports a failure once when it begins and once when it is over.

use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::{self, Moment};
use crate::privacy::redact;

/// In microseconds: a failure that follows a reported one within this time is not reported again.
const QUIET_PERIOD: u64 = 60_000_000;

/// Returns an error and its sources on one line, leaving out the sources that the text so far contains already.
pub(super) fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = source.source();
    }
    text
}

/// How a sink fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DegradedKind {
    /// It does not accept a batch now; the batch is retried.
    Unavailable,
    /// It accepts batches, but cannot do something else: a file that cannot roll.
    Impaired,
    /// It rejected a batch permanently; the batch's records are lost.
    Refused,
    /// It has not finished a batch, or its opening, for a long time.
    Stalled,
    /// Its task panicked.
    Panicked,
}

impl DegradedKind {
    /// Returns the `type` of a record's error.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Impaired => "impaired",
            Self::Refused => "refused",
            Self::Stalled => "stalled",
            Self::Panicked => "panicked",
        }
    }
}

/// Whether a sink works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum SinkHealth {
    #[default]
    Healthy,
    /// It fails. `reason` names the problem and, where there is one, the fix; it contains no secrets.
    Degraded { kind: DegradedKind, reason: String },
}

impl SinkHealth {
    fn degraded(kind: DegradedKind, reason: &str) -> Self {
        // A driver's error may contain the address that it connects to, with its password.
        let reason = redact(reason).into_owned();
        Self::Degraded { kind, reason }
    }

    fn is_degraded(&self) -> bool {
        *self != Self::Healthy
    }
}

/// The health of one sink, and what was reported of it.
#[derive(Debug, Default)]
pub(crate) struct HealthTracker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    health: SinkHealth,
    /// When the current failure began.
    degraded_since: Moment,
    /// Whether the current failure was printed.
    is_reported: bool,
    /// Whether the current failure has a record.
    is_recorded: bool,
    /// When a failure was last printed.
    last_report: Option<Moment>,
}

impl State {
    fn degrade(&mut self, health: SinkHealth, now: Moment) {
        if !self.health.is_degraded() {
            self.degraded_since = now;
        }
        self.health = health;
    }
}

/// A reported failure that is over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Recovery {
    /// The line to print.
    pub(super) line: String,
    /// How long the sink was degraded, in microseconds, if the failure has a record.
    pub(super) degraded_micros: Option<u64>,
}

impl HealthTracker {
    /// Stores a failure that the caller reports.
    pub(super) fn note(&self, kind: DegradedKind, reason: &str) {
        let mut state = self.state();
        state.degrade(SinkHealth::degraded(kind, reason), clock::now());
        state.is_reported = true;
    }

    /// Stores a failure, and returns the line to print if it is to be reported.
    pub(super) fn degrade(&self, sink: &str, kind: DegradedKind, reason: &str) -> Option<String> {
        self.degrade_at(clock::now(), sink, SinkHealth::degraded(kind, reason))
    }

    fn degrade_at(&self, now: Moment, sink: &str, health: SinkHealth) -> Option<String> {
        let mut state = self.state();
        let is_quiet = state
            .last_report
            .is_some_and(|last| now.micros_since(last) < QUIET_PERIOD);
        state.degrade(health, now);
        if state.is_reported || is_quiet {
            return None;
        }
        state.last_report = Some(now);
        state.is_reported = true;
        let SinkHealth::Degraded { reason, .. } = &state.health else {
            return None;
        };
        Some(format!("{sink}: {reason}"))
    }

    /// Returns the current failure if it was reported but has no record, and marks it as recorded.
    pub(super) fn take_unrecorded(&self) -> Option<(DegradedKind, String)> {
        let mut state = self.state();
        if !state.is_reported || state.is_recorded {
            return None;
        }
        let SinkHealth::Degraded { kind, reason } = state.health.clone() else {
            return None;
        };
        state.is_recorded = true;
        Some((kind, reason))
    }

    /// Marks the sink as healthy, and returns what to report if the failure was reported.
    pub(super) fn recover(&self, sink: &str) -> Option<Recovery> {
        let mut state = self.state();
        if !state.health.is_degraded() {
            return None;
        }
        state.health = SinkHealth::Healthy;
        let was_recorded = std::mem::take(&mut state.is_recorded);
        let degraded_micros = was_recorded.then(|| clock::now().micros_since(state.degraded_since));
        std::mem::take(&mut state.is_reported).then(|| Recovery {
            line: format!("{sink}: has recovered"),
            degraded_micros,
        })
    }

    /// Returns why the sink is degraded, or `None` if it is healthy.
    pub(super) fn degraded_reason(&self) -> Option<String> {
        match &self.state().health {
            SinkHealth::Healthy => None,
            SinkHealth::Degraded { reason, .. } => Some(reason.clone()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: DegradedKind = DegradedKind::Unavailable;

    fn line(recovery: Option<Recovery>) -> Option<String> {
        recovery.map(|recovery| recovery.line)
    }

    #[test]
    fn a_failure_and_its_recovery_are_each_reported_once() {
        let tracker = HealthTracker::default();
        assert_eq!(tracker.recover("file"), None);
        let reported = tracker.degrade("file", KIND, "full");
        assert_eq!(reported.as_deref(), Some("file: full"));
        assert_eq!(tracker.degrade("file", KIND, "still full"), None);
        assert_eq!(tracker.degraded_reason().as_deref(), Some("still full"));
        let recovered = line(tracker.recover("file"));
        assert_eq!(recovered.as_deref(), Some("file: has recovered"));
        assert_eq!(
            (tracker.recover("file"), tracker.degraded_reason()),
            (None, None)
        );
    }

    #[test]
    fn a_sink_that_fails_and_recovers_in_turns_is_reported_once() {
        let tracker = HealthTracker::default();
        let reports = (0..100).filter_map(|_| {
            let failure = tracker.degrade("file", KIND, "full");
            failure
                .into_iter()
                .chain(line(tracker.recover("file")))
                .next()
        });
        assert_eq!(reports.count(), 1);
        assert_eq!(tracker.degraded_reason(), None);
    }

    #[test]
    fn a_failure_within_the_quiet_period_is_reported_after_it() {
        let tracker = HealthTracker::default();
        let degrade = |micros| {
            let health = SinkHealth::degraded(KIND, "full");
            tracker.degrade_at(Moment::from_micros(micros), "file", health)
        };
        assert!(degrade(0).is_some());
        assert!(tracker.recover("file").is_some());
        assert_eq!((degrade(1_000), degrade(QUIET_PERIOD - 1)), (None, None));
        assert!(degrade(QUIET_PERIOD).is_some());
        assert_eq!(degrade(3 * QUIET_PERIOD), None);
    }

    #[test]
    fn a_failure_of_the_start_report_is_not_reported_again() {
        let tracker = HealthTracker::default();
        tracker.note(KIND, "locked");
        assert_eq!(tracker.degrade("sqlite", KIND, "locked"), None);
        assert!(tracker.recover("sqlite").is_some());
    }

    #[test]
    fn a_failure_is_recorded_once_and_a_recovery_only_after_a_recorded_failure() {
        let tracker = HealthTracker::default();
        assert_eq!(tracker.take_unrecorded(), None);
        tracker.note(KIND, "locked");
        assert_eq!(tracker.take_unrecorded(), Some((KIND, "locked".to_owned())));
        assert_eq!(tracker.take_unrecorded(), None);
        let recovery = tracker.recover("sqlite").unwrap();
        assert!(recovery.degraded_micros.is_some());
        tracker.note(KIND, "locked");
        let recovery = tracker.recover("sqlite").unwrap();
        assert!(recovery.degraded_micros.is_none());
    }

    #[test]
    fn an_error_is_shown_with_its_sources_and_no_text_twice() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot open: {0}")]
        struct Outer(#[source] std::io::Error);
        #[derive(Debug, thiserror::Error)]
        #[error("no store")]
        struct Outermost(#[source] Outer);
        let error = Outermost(Outer(std::io::Error::other("gone")));
        assert_eq!(error_chain(&error), "no store: cannot open: gone");
    }
}
