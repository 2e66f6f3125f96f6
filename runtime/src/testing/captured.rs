//! The captured records and metrics, and the assertions about all of them.

use std::sync::Arc;

use serde_json::Value;

use super::assertion::{Assertion, did_you_mean};
use super::captured_record::{CapturedRecord, Facts};
use super::event::CapturedEvent;
use super::span::CapturedSpan;
use super::{metrics, tree};
use crate::metrics::Registry;
use crate::pipeline::Pipeline;
use crate::record::{Kind, Level, json};

/// A message shows no more lines of the tree than this.
const SHOWN: usize = 100;

/// The captured records in the order in which they were written, and the metrics.
#[derive(Debug)]
pub struct Captured {
    facts: Vec<Facts>,
    records: Vec<Value>,
    lines: Vec<String>,
    registry: Arc<Registry>,
    /// The number of records beyond the limit.
    lost: u64,
    stopped_time: bool,
}

impl Captured {
    pub(super) fn take(pipeline: &Pipeline, stopped_time: bool) -> Self {
        let (taken, lost) = pipeline.take_captured();
        let lines: Vec<String> = taken
            .iter()
            .map(|record| {
                let mut line = Vec::new();
                json::write(record, pipeline.service(), &mut line);
                String::from_utf8_lossy(&line).into_owned()
            })
            .collect();
        let parse = |line: &String| serde_json::from_str(line).unwrap_or_default();
        Self {
            facts: taken.iter().map(|record| Facts::of(record)).collect(),
            records: lines.iter().map(parse).collect(),
            lines,
            registry: Arc::clone(pipeline.registry()),
            lost,
            stopped_time,
        }
    }

    pub(super) fn captured_records(&self) -> impl Iterator<Item = CapturedRecord<'_>> {
        let all = self.facts.iter().zip(&self.records);
        all.map(|(facts, record)| CapturedRecord {
            facts,
            json: record,
        })
    }

    pub(super) fn has_stopped_time(&self) -> bool {
        self.stopped_time
    }

    /// The operations of all calls.
    pub(super) fn operations(&self) -> impl Iterator<Item = &'static str> {
        let calls = self.facts.iter().filter(|facts| !facts.is_event());
        calls.map(|facts| facts.operation)
    }

    /// Returns the only call of this operation. A call that started and has not ended counts: assertions about its
    /// end fail.
    ///
    /// # Panics
    ///
    /// If there is none, or more than one; the message shows the captured tree.
    #[track_caller]
    pub fn span(&self, operation: &str) -> CapturedSpan<'_> {
        match self.spans(operation)[..] {
            [only] => only,
            [] => {
                let near = did_you_mean(operation, self.operations());
                self.fail(&format!("no span `{operation}` was captured{near}"));
            }
            ref more => self.fail(&format!(
                "there are {} spans `{operation}`: take one of `spans(\"{operation}\")`",
                more.len()
            )),
        }
    }

    /// Returns all calls of this operation, in the order in which they ended, then those that have not.
    ///
    /// ```
    /// #[ragspan::rag_span(layer = "retrieval")]
    /// fn search() {}
    ///
    /// let ((), seen) = ragspan::testing::capture(|| { search(); search(); });
    /// assert_eq!(seen.spans("search").len(), 2);
    /// for span in seen.spans("search") {
    ///     span.assert_success();
    /// }
    /// ```
    #[must_use]
    pub fn spans(&self, operation: &str) -> Vec<CapturedSpan<'_>> {
        let of = |kind| {
            let all = self.captured_records();
            all.filter(move |record| record.kind == kind && record.operation == operation)
        };
        let ended: Vec<_> = of(Kind::Span).collect();
        let open = of(Kind::Started).filter(|start| ended.iter().all(|end| end.span != start.span));
        let open: Vec<_> = open.collect();
        let all = ended.into_iter().chain(open);
        all.map(|record| CapturedSpan(Assertion { seen: self, record }))
            .collect()
    }

    /// Returns the only event with this message.
    ///
    /// # Panics
    ///
    /// If there is none, or more than one; the message shows the captured tree.
    #[track_caller]
    pub fn event(&self, message: &str) -> CapturedEvent<'_> {
        match self.events(message)[..] {
            [only] => only,
            [] => {
                let events = self.captured_records().filter(|record| record.is_event());
                let near = did_you_mean(message, events.map(CapturedRecord::message));
                self.fail(&format!("no event `{message}` was captured{near}"));
            }
            ref more => self.fail(&format!(
                "there are {} events `{message}`: take one of `events(\"{message}\")`",
                more.len()
            )),
        }
    }

    /// Returns all events with this message, in their order.
    #[must_use]
    pub fn events(&self, message: &str) -> Vec<CapturedEvent<'_>> {
        let is_it = |record: &CapturedRecord<'_>| record.is_event() && record.message() == message;
        self.captured_records()
            .filter(is_it)
            .map(|record| CapturedEvent(Assertion { seen: self, record }))
            .collect()
    }

    /// Asserts that no record's line and no label of a metric contains this text, as it is or escaped as JSON.
    ///
    /// ```
    /// # use ragspan::{LogContext, rag_span};
    /// #[derive(LogContext)]
    /// struct Request { #[log(redact)] api_key: String }
    ///
    /// #[rag_span(layer = "api")]
    /// fn answer() {}
    ///
    /// let request = Request { api_key: "s3cret".into() };
    /// let ((), seen) = ragspan::testing::capture(|| request.in_scope(answer));
    /// seen.assert_no_text("s3cret");
    /// ```
    ///
    /// # Panics
    ///
    /// If one does; the message has the line. Also for an empty text, which everything contains.
    #[track_caller]
    pub fn assert_no_text(&self, text: &str) -> &Self {
        assert!(
            !text.is_empty(),
            "name a text that no line may hold: an empty one is in all of them"
        );
        let json = Value::from(text).to_string();
        let json = json.trim_matches('"');
        let holds = |line: &&str| line.contains(text) || line.contains(json);
        let metrics = self.registry.render_prometheus();
        let lines = self.lines.iter().map(|line| line.trim_end());
        if let Some(line) = lines.chain(metrics.lines()).find(holds) {
            self.fail(&format!(
                "expected no text `{text}`, but this line has it:\n  {line}"
            ));
        }
        self
    }

    /// Asserts that no call failed or panicked, and no event is an ERROR or worse.
    ///
    /// # Panics
    ///
    /// If there is one; the message shows them.
    #[track_caller]
    pub fn assert_no_errors(&self) -> &Self {
        let is_error = |record: &CapturedRecord<'_>| {
            record.level >= Level::Error || record.kind == Kind::Span && record.outcome.is_failure()
        };
        let errors: Vec<_> = self
            .captured_records()
            .filter(is_error)
            .map(tree::line)
            .collect();
        if !errors.is_empty() {
            let errors = errors.join("\n  ");
            self.fail(&format!("expected no errors, but there are:\n  {errors}"));
        }
        self
    }

    /// Returns the captured calls, with their outcomes, and events as an indented text, in the order in which they
    /// began. It has no ids and no times, so it is the same in each run and fits a snapshot.
    ///
    /// ```
    /// #[ragspan::rag_span(layer = "retrieval", ok(|hits| chunks = hits.len()))]
    /// fn search() -> Vec<u32> {
    ///     tracing::info!("cache warmed");
    ///     vec![1, 2, 3]
    /// }
    ///
    /// #[ragspan::rag_span(layer = "api")]
    /// fn answer() -> usize { search().len() }
    ///
    /// let (_, seen) = ragspan::testing::capture(answer);
    /// assert_eq!(seen.tree(), "\
    /// answer (api) succeeded
    ///   search (retrieval) succeeded, chunks = 3
    ///     INFO cache warmed
    /// ");
    /// ```
    #[must_use]
    pub fn tree(&self) -> String {
        tree::draw(&self.captured_records().collect::<Vec<_>>())
    }

    /// Asserts that this metric has this value with exactly these labels, in any order; for a histogram use
    /// `<name>_count` and `<name>_sum`. A series without a count is 0.
    ///
    /// ```
    /// #[ragspan::rag_span(layer = "retrieval")]
    /// fn search() {}
    ///
    /// let ((), seen) = ragspan::testing::capture(search);
    /// seen.assert_metric("rag_requests_total", &[("layer", "retrieval"), ("status", "success")], 1.0);
    /// seen.assert_metric("rag_requests_total", &[("layer", "retrieval"), ("status", "error")], 0.0);
    /// ```
    ///
    /// # Panics
    ///
    /// If it has another value, or the metric does not exist; the message shows the existing series.
    #[track_caller]
    pub fn assert_metric(&self, metric: &str, labels: &[(&str, &str)], value: f64) -> &Self {
        if let Err(why) = metrics::check(&self.registry, metric, labels, value) {
            self.fail(&why);
        }
        self
    }

    /// Panics with this message and the captured tree.
    #[track_caller]
    pub(super) fn fail(&self, what: &str) -> ! {
        panic!("{what}\n\ncaptured:\n{}", self.shown())
    }

    /// Returns the first lines of the tree.
    fn shown(&self) -> String {
        let tree = self.tree();
        let mut text = String::new();
        for line in tree.lines().take(SHOWN) {
            text.push_str(&format!("  {line}\n"));
        }
        let rest = tree.lines().count().saturating_sub(SHOWN);
        if rest > 0 {
            text.push_str(&format!("  … and {rest} lines more, in `tree()`\n"));
        }
        if self.lost > 0 {
            text.push_str(&format!(
                "  ({} later records were dropped: the capture is full)\n",
                self.lost
            ));
        }
        if text.is_empty() {
            "  nothing\n".to_owned()
        } else {
            text
        }
    }

    /// Returns all records, parsed.
    #[must_use]
    pub fn records(&self) -> &[Value] {
        &self.records
    }

    /// Returns all records, as the lines that a sink receives.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Returns the only record with this message.
    ///
    /// # Panics
    ///
    /// If there is none, or more than one; the message shows the captured tree.
    #[must_use]
    #[track_caller]
    pub fn record(&self, message: &str) -> &Value {
        let all = self.records.iter();
        let mut matching = all.filter(|record| record["message"] == message);
        match (matching.next(), matching.next()) {
            (Some(record), None) => record,
            (Some(_), Some(_)) => self.fail(&format!("there is more than one record `{message}`")),
            (None, _) => {
                let near = did_you_mean(message, self.messages().into_iter());
                self.fail(&format!("no record `{message}` was captured{near}"));
            }
        }
    }

    /// Returns the messages of all records.
    #[must_use]
    pub fn messages(&self) -> Vec<&str> {
        self.records
            .iter()
            .filter_map(|record| record["message"].as_str())
            .collect()
    }

    /// Returns a metric's value, by its name and labels; for a histogram use `<name>_count` and `<name>_sum`.
    /// `None` if nothing was recorded for them.
    #[must_use]
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.registry.value(name, labels)
    }
}
