//! What a test says of a captured span.

use std::time::Duration;

use serde_json::Value;

use super::found::Found;
use super::tree;
use crate::record::{Kind, Level, Outcome};

/// One call of an annotated function, as it was captured. Each assertion returns the span again, and panics with what
/// there was instead.
///
/// ```
/// #[ragspan::rag_span(layer = "retrieval", ok(|hits| chunks = hits.len()))]
/// fn search() -> Vec<u32> { vec![1, 2, 3] }
///
/// #[ragspan::rag_span(layer = "api")]
/// fn answer() -> usize { search().len() }
///
/// let (_, seen) = ragspan::testing::capture(answer);
/// seen.span("search").succeeded().under("answer").in_layer("retrieval").with("chunks", 3);
/// seen.span("answer").is_root().without("chunks");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CapturedSpan<'a>(pub(super) Found<'a>);

sentences!(CapturedSpan);

impl CapturedSpan<'_> {
    /// It returned what it should.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        self.ended(Outcome::Success, "succeed")
    }

    /// It returned, and found nothing.
    #[track_caller]
    pub fn was_empty(self) -> Self {
        self.ended(Outcome::Empty, "be empty")
    }

    /// It returned an error of this type: its label, or the name of its Rust type.
    #[track_caller]
    pub fn failed_with(self, error_type: &str) -> Self {
        let found = self.0.entry.error().map(|(found, _)| found);
        let holds = self.0.entry.outcome == Outcome::Error && found == Some(error_type);
        self.judge(holds, &format!("fail with `{error_type}`"))
    }

    /// Its future or stream was dropped before it was done.
    #[track_caller]
    pub fn was_cancelled(self) -> Self {
        self.ended(Outcome::Cancelled, "be cancelled")
    }

    /// It panicked.
    #[track_caller]
    pub fn panicked(self) -> Self {
        self.ended(Outcome::Panic, "panic")
    }

    /// It began a trace: no annotated call was around it.
    #[track_caller]
    pub fn is_root(self) -> Self {
        self.0.is_root();
        self
    }

    /// It belongs to this layer.
    #[track_caller]
    pub fn in_layer(self, layer: &str) -> Self {
        let found = self.0.entry.layer.map_or("none", |layer| layer.name());
        let but = format!("is in `{found}`");
        self.0
            .check(found == layer, &format!("be in the layer `{layer}`"), &but);
        self
    }

    /// It lasted so long, to the microsecond: for a capture that stops time, with [`Capture::at`](super::Capture::at).
    #[track_caller]
    pub fn lasted(self, duration: Duration) -> Self {
        let found = self.0.entry.duration.map(Duration::from_micros);
        let hint = if self.0.seen.has_stopped_time() {
            ""
        } else {
            " (of real time, which is never the same: stop it, `Capture::new().at(..)`)"
        };
        let but = found.map_or_else(
            || tree::how(self.0.entry),
            |found| format!("lasted {found:?}{hint}"),
        );
        let holds = found.is_some_and(|found| found.as_micros() == duration.as_micros());
        self.0.check(holds, &format!("last {duration:?}"), &but);
        self
    }

    #[track_caller]
    fn ended(self, outcome: Outcome, how: &str) -> Self {
        self.judge(self.0.entry.outcome == outcome, how)
    }

    #[track_caller]
    fn judge(self, holds: bool, how: &str) -> Self {
        let has_ended = self.0.entry.kind == Kind::Span;
        self.0.check(
            holds && has_ended,
            how,
            &format!("it {}", tree::how(self.0.entry)),
        );
        self
    }
}
