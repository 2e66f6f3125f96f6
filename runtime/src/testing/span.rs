//! Assertions about a captured span.

use std::time::Duration;

use serde_json::Value;

use super::assertion::Assertion;
use super::tree;
use crate::record::{Kind, Level, Outcome};

/// A captured call of an annotated function. Each assertion returns the span again, and panics with the actual state.
///
/// ```
/// #[ragspan::rag_span(layer = "retrieval", ok(|hits| chunks = hits.len()))]
/// fn search() -> Vec<u32> { vec![1, 2, 3] }
///
/// #[ragspan::rag_span(layer = "api")]
/// fn answer() -> usize { search().len() }
///
/// let (_, seen) = ragspan::testing::capture(answer);
/// seen.span("search").assert_success().assert_under("answer").assert_layer("retrieval").assert_field("chunks", 3);
/// seen.span("answer").assert_root().assert_no_field("chunks");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CapturedSpan<'a>(pub(super) Assertion<'a>);

assertions!(CapturedSpan);

impl CapturedSpan<'_> {
    /// Asserts that it succeeded.
    #[track_caller]
    pub fn assert_success(self) -> Self {
        self.ended(Outcome::Success, "succeed")
    }

    /// Asserts that its result was empty.
    #[track_caller]
    pub fn assert_empty(self) -> Self {
        self.ended(Outcome::Empty, "be empty")
    }

    /// Asserts that it returned an error of this type: its label, or the name of its Rust type.
    #[track_caller]
    pub fn assert_failed_with(self, error_type: &str) -> Self {
        let found = self.0.record.error().map(|(found, _)| found);
        let holds = self.0.record.outcome == Outcome::Error && found == Some(error_type);
        self.assert_ended(holds, &format!("fail with `{error_type}`"))
    }

    /// Asserts that its future or stream was dropped before it was done.
    #[track_caller]
    pub fn assert_cancelled(self) -> Self {
        self.ended(Outcome::Cancelled, "be cancelled")
    }

    /// Asserts that it panicked.
    #[track_caller]
    pub fn assert_panicked(self) -> Self {
        self.ended(Outcome::Panic, "panic")
    }

    /// Asserts that it began a trace: no annotated call encloses it.
    #[track_caller]
    pub fn assert_root(self) -> Self {
        self.0.assert_root();
        self
    }

    /// Asserts that it belongs to this layer.
    #[track_caller]
    pub fn assert_layer(self, layer: &str) -> Self {
        let found = self.0.record.layer.map_or("none", |layer| layer.name());
        let but = format!("is in `{found}`");
        self.0
            .check(found == layer, &format!("be in the layer `{layer}`"), &but);
        self
    }

    /// Asserts its duration, to the microsecond: for a capture that stops time, with
    /// [`Capture::at`](super::Capture::at).
    #[track_caller]
    pub fn assert_duration(self, duration: Duration) -> Self {
        let found = self.0.record.duration.map(Duration::from_micros);
        let hint = if self.0.seen.has_stopped_time() {
            ""
        } else {
            " (of real time, which is never the same: stop it, `Capture::new().at(..)`)"
        };
        let but = found.map_or_else(
            || tree::how(self.0.record),
            |found| format!("lasted {found:?}{hint}"),
        );
        let holds = found.is_some_and(|found| found.as_micros() == duration.as_micros());
        self.0.check(holds, &format!("last {duration:?}"), &but);
        self
    }

    #[track_caller]
    fn ended(self, outcome: Outcome, how: &str) -> Self {
        self.assert_ended(self.0.record.outcome == outcome, how)
    }

    #[track_caller]
    fn assert_ended(self, holds: bool, how: &str) -> Self {
        let has_ended = self.0.record.kind == Kind::Span;
        self.0
            .check(holds && has_ended, how, &tree::how(self.0.record));
        self
    }
}
