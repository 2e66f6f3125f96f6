//! What was captured, and what a test says of it.

use std::sync::Arc;

use serde_json::Value;

use super::entry::{Entry, Facts};
use super::event::CapturedEvent;
use super::found::{Found, did_you_mean};
use super::span::CapturedSpan;
use super::{metrics, tree};
use crate::metrics::Registry;
use crate::pipeline::Pipeline;
use crate::record::{Kind, Level, json};

/// A message shows no more lines of the tree than this.
const SHOWN: usize = 100;

/// What was captured: the records in the order in which they were written, and the metrics.
#[derive(Debug)]
pub struct Captured {
    facts: Vec<Facts>,
    records: Vec<Value>,
    lines: Vec<String>,
    registry: Arc<Registry>,
    /// So many records found no more room.
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

    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let all = self.facts.iter().zip(&self.records);
        all.map(|(facts, record)| Entry { facts, record })
    }

    pub(super) fn has_stopped_time(&self) -> bool {
        self.stopped_time
    }

    /// The operations of all calls.
    pub(super) fn operations(&self) -> impl Iterator<Item = &'static str> {
        let calls = self.facts.iter().filter(|facts| !facts.is_event());
        calls.map(|facts| facts.operation)
    }

    /// The one call of this operation, to say more of it. One that was seen to start and not to end counts: it has ended
    /// in no way.
    ///
    /// # Panics
    ///
    /// When there is none, or more than one; it shows what there is.
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

    /// All calls of this operation, in the order in which they ended, then those that have not.
    ///
    /// ```
    /// #[ragspan::rag_span(layer = "retrieval")]
    /// fn search() {}
    ///
    /// let ((), seen) = ragspan::testing::capture(|| { search(); search(); });
    /// assert_eq!(seen.spans("search").len(), 2);
    /// for span in seen.spans("search") {
    ///     span.succeeded();
    /// }
    /// ```
    #[must_use]
    pub fn spans(&self, operation: &str) -> Vec<CapturedSpan<'_>> {
        let of = |kind| {
            let all = self.entries();
            all.filter(move |entry| entry.kind == kind && entry.operation == operation)
        };
        let ended: Vec<_> = of(Kind::Span).collect();
        let open = of(Kind::Started).filter(|start| ended.iter().all(|end| end.span != start.span));
        let open: Vec<_> = open.collect();
        let all = ended.into_iter().chain(open);
        all.map(|entry| CapturedSpan(Found { seen: self, entry }))
            .collect()
    }

    /// The one event with this message, to say more of it.
    ///
    /// # Panics
    ///
    /// When there is none, or more than one; it shows what there is.
    #[track_caller]
    pub fn event(&self, message: &str) -> CapturedEvent<'_> {
        match self.events(message)[..] {
            [only] => only,
            [] => {
                let events = self.entries().filter(|entry| entry.is_event());
                let near = did_you_mean(message, events.map(Entry::message));
                self.fail(&format!("no event `{message}` was captured{near}"));
            }
            ref more => self.fail(&format!(
                "there are {} events `{message}`: take one of `events(\"{message}\")`",
                more.len()
            )),
        }
    }

    /// All events with this message, in their order.
    #[must_use]
    pub fn events(&self, message: &str) -> Vec<CapturedEvent<'_>> {
        let is_it = |entry: &Entry<'_>| entry.is_event() && entry.message() == message;
        self.entries()
            .filter(is_it)
            .map(|entry| CapturedEvent(Found { seen: self, entry }))
            .collect()
    }

    /// No record's line and no label of a metric holds this text, as it is or as JSON writes it.
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
    /// seen.says_nothing_of("s3cret");
    /// ```
    ///
    /// # Panics
    ///
    /// When one does; it shows the line. Also for an empty text, which everything holds.
    #[track_caller]
    pub fn says_nothing_of(&self, text: &str) -> &Self {
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
                "nothing was to hold `{text}`, but this does:\n  {line}"
            ));
        }
        self
    }

    /// No call has failed or panicked, and no event is an ERROR or worse.
    ///
    /// # Panics
    ///
    /// When there is one; it shows them.
    #[track_caller]
    pub fn has_no_errors(&self) -> &Self {
        let is_error = |entry: &Entry<'_>| {
            entry.level >= Level::Error || entry.kind == Kind::Span && entry.outcome.is_failure()
        };
        let errors: Vec<_> = self.entries().filter(is_error).map(tree::line).collect();
        if !errors.is_empty() {
            let errors = errors.join("\n  ");
            self.fail(&format!(
                "there were to be no errors, but there are:\n  {errors}"
            ));
        }
        self
    }

    /// What was captured as an indented text: spans with how they ended, and events, in the order in which they began. There are no ids
    /// and no times in it, so that it is the same in each run: good for a snapshot.
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
        tree::draw(&self.entries().collect::<Vec<_>>())
    }

    /// This metric has this value, with exactly these labels, in any order; of a histogram ask `<name>_count` and `<name>_sum`.
    /// What was never counted is 0.
    ///
    /// ```
    /// #[ragspan::rag_span(layer = "retrieval")]
    /// fn search() {}
    ///
    /// let ((), seen) = ragspan::testing::capture(search);
    /// seen.counted("rag_requests_total", &[("layer", "retrieval"), ("status", "success")], 1.0);
    /// seen.counted("rag_requests_total", &[("layer", "retrieval"), ("status", "error")], 0.0);
    /// ```
    ///
    /// # Panics
    ///
    /// When it has another value, or is no metric; it shows what there is.
    #[track_caller]
    pub fn counted(&self, metric: &str, labels: &[(&str, &str)], value: f64) -> &Self {
        if let Err(why) = metrics::check(&self.registry, metric, labels, value) {
            self.fail(&why);
        }
        self
    }

    /// Panics with this, and with what was captured.
    #[track_caller]
    pub(super) fn fail(&self, what: &str) -> ! {
        panic!("{what}\n\ncaptured:\n{}", self.shown())
    }

    /// As much of the tree as a person reads.
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
                "  ({} later records found no more room)\n",
                self.lost
            ));
        }
        if text.is_empty() {
            "  nothing\n".to_owned()
        } else {
            text
        }
    }

    /// All records, parsed.
    #[must_use]
    pub fn records(&self) -> &[Value] {
        &self.records
    }

    /// All records, as the lines that a sink would get.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The one record with this message.
    ///
    /// # Panics
    ///
    /// When there is none, or more than one; it shows what there is.
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

    /// The messages of all records.
    #[must_use]
    pub fn messages(&self) -> Vec<&str> {
        self.records
            .iter()
            .filter_map(|record| record["message"].as_str())
            .collect()
    }

    /// A metric's value, by its name and labels; of a histogram, `<name>_count` and `<name>_sum`.
    /// `None` if nothing was recorded for them.
    #[must_use]
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.registry.value(name, labels)
    }
}
