//! What there is to say about a request, as plain data and as JSON.

use std::collections::{HashMap, HashSet};

use ragspan_store::{Stats, StoredRecord};
use serde_json::{Value, json};

use crate::facts::{Facts, Failure, Outcome};

/// What there is to say about a request.
pub(super) struct Findings<'a> {
    /// The span that has no parent here, the earliest of them.
    pub(super) root: Option<&'a StoredRecord>,
    /// The record of the failure, where it was born.
    pub(super) birth: Option<&'a StoredRecord>,
    pub(super) spans: Vec<Compared<'a>>,
    pub(super) others: Vec<Other>,
}

/// A span beside the usual one of its operation.
pub(super) struct Compared<'a> {
    pub(super) row: &'a StoredRecord,
    pub(super) facts: Facts,
    pub(super) depth: usize,
    pub(super) median_ms: Option<f64>,
    pub(super) calls: u64,
}

impl Compared<'_> {
    /// How many times the usual it took; a median of nothing compares with nothing.
    pub(super) fn times_median(&self) -> Option<f64> {
        let median = self.median_ms.filter(|median| *median > 0.0)?;
        Some(self.row.duration_ms? / median)
    }
}

/// What else failed in that minute, of one kind.
pub(super) struct Other {
    pub(super) kind: Option<String>,
    pub(super) operation: String,
    pub(super) layer: String,
    pub(super) failures: usize,
    pub(super) trace_id: Option<String>,
}

impl<'a> Findings<'a> {
    pub(super) fn of(
        records: &'a [StoredRecord],
        medians: &[Stats],
        others: &[StoredRecord],
    ) -> Self {
        let spans = compared(records, medians);
        Self {
            root: spans
                .iter()
                .find(|span| span.depth == 0)
                .map(|span| span.row),
            birth: birth(records),
            spans,
            others: gathered(others),
        }
    }

    pub(super) fn json(&self, trace_id: &str) -> Value {
        let record = self.birth.map(StoredRecord::to_json_line);
        let record = record.and_then(|line| serde_json::from_str::<Value>(&line).ok());
        json!({
            "trace_id": trace_id,
            "broke": self.birth.map(broke),
            "record": record,
            "spans": self.spans.iter().map(Compared::json).collect::<Vec<_>>(),
            "same_minute": self.others.iter().map(Other::json).collect::<Vec<_>>(),
        })
    }
}

fn broke(row: &StoredRecord) -> Value {
    let facts = Facts::of(row);
    let error = facts.failure.map(
        |failure| json!({"type": failure.kind, "message": failure.message, "chain": failure.chain}),
    );
    json!({
        "span_id": row.span_id,
        "operation": facts.operation,
        "layer": facts.layer,
        "error": error,
        "path": path(row),
    })
}

/// The annotated functions from the root to the failure.
pub(super) fn path(row: &StoredRecord) -> Vec<String> {
    let lines = row.stack_trace.iter().flat_map(|text| text.lines());
    lines.map(str::to_owned).collect()
}

impl Compared<'_> {
    fn json(&self) -> Value {
        json!({
            "span_id": self.row.span_id,
            "operation": self.facts.operation,
            "layer": self.facts.layer,
            "depth": self.depth,
            "outcome": self.facts.outcome.word(),
            "duration_ms": self.row.duration_ms,
            "median_ms": self.median_ms,
            "times_median": self.times_median(),
            "calls": self.calls,
        })
    }
}

impl Other {
    fn json(&self) -> Value {
        json!({
            "type": self.kind,
            "operation": self.operation,
            "layer": self.layer,
            "failures": self.failures,
            "trace_id": self.trace_id,
        })
    }
}

/// The record in which the failure that ended the request was born: the one that the root passes on,
/// else the root's own, else the last one.
pub(super) fn birth(records: &[StoredRecord]) -> Option<&StoredRecord> {
    let failed = |row: &&StoredRecord| {
        let facts = Facts::of(row);
        row.kind == "span" && facts.outcome.is_failure() && !facts.passed_on
    };
    let births: Vec<_> = records.iter().filter(failed).collect();
    let root = records
        .iter()
        .find(|row| row.parent_span_id.is_none() && row.kind == "span");
    let named = root.and_then(error_span_id);
    let of_span = |id: &str| {
        births
            .iter()
            .find(|row| row.span_id.as_deref() == Some(id))
            .copied()
    };
    named
        .and_then(|id| of_span(&id))
        // A panic that unwinds is told by every call that it ends: the innermost began it.
        .or_else(|| {
            births
                .iter()
                .copied()
                .rev()
                .find(|row| Facts::of(row).outcome == Outcome::Panicked)
        })
        .or_else(|| {
            births
                .iter()
                .copied()
                .find(|row| root.is_some_and(|root| row.span_id == root.span_id))
        })
        .or_else(|| births.iter().copied().max_by_key(|row| row.timestamp_us))
}

fn error_span_id(row: &StoredRecord) -> Option<String> {
    let context: Value = serde_json::from_str(&row.context).ok()?;
    context.get("error_span_id")?.as_str().map(str::to_owned)
}

/// The spans as a tree, parents before children and those in the order in which they began.
fn compared<'a>(records: &'a [StoredRecord], medians: &[Stats]) -> Vec<Compared<'a>> {
    let usual: HashMap<_, _> = medians
        .iter()
        .map(|stats| ((stats.name.as_deref(), stats.operation.as_deref()), stats))
        .collect();
    walk(records)
        .into_iter()
        .map(|(row, depth)| {
            let facts = Facts::of(row);
            let key = (Some(facts.layer.as_str()), Some(facts.operation.as_str()));
            let usual = usual.get(&key);
            Compared {
                median_ms: usual.map(|stats| stats.p50_ms),
                calls: usual.map_or(0, |stats| stats.calls),
                row,
                facts,
                depth,
            }
        })
        .collect()
}

/// Ended spans with their depths. Without recursion, since a trace may be as deep as it likes; a
/// span whose parent is not here, or is itself, begins a tree of its own. Of a ring of parents
/// nothing is shown: no service writes one.
fn walk(records: &[StoredRecord]) -> Vec<(&StoredRecord, usize)> {
    let ended: Vec<_> = records
        .iter()
        .filter(|row| row.duration_ms.is_some())
        .collect();
    let known: HashSet<_> = ended
        .iter()
        .filter_map(|row| row.span_id.as_deref())
        .collect();
    let mut below: HashMap<Option<&str>, Vec<&StoredRecord>> = HashMap::new();
    for row in ended.into_iter().rev() {
        let parent = row.parent_span_id.as_deref();
        let above = parent.filter(|id| known.contains(id) && row.span_id.as_deref() != Some(*id));
        below.entry(above).or_default().push(row);
    }
    let mut waiting: Vec<_> = below
        .remove(&None)
        .into_iter()
        .flatten()
        .map(|row| (row, 0))
        .collect();
    let mut found = Vec::new();
    while let Some((row, depth)) = waiting.pop() {
        found.push((row, depth));
        let under = row
            .span_id
            .as_deref()
            .and_then(|id| below.remove(&Some(id)));
        waiting.extend(under.into_iter().flatten().map(|row| (row, depth + 1)));
    }
    found
}

/// By kind and operation, the most frequent first.
fn gathered(records: &[StoredRecord]) -> Vec<Other> {
    let mut others: Vec<Other> = Vec::new();
    for record in records {
        let facts = Facts::of(record);
        let kind = Failure::of(record).map(|failure| failure.kind);
        let same = |other: &&mut Other| {
            other.kind == kind && other.operation == facts.operation && other.layer == facts.layer
        };
        match others.iter_mut().find(same) {
            Some(other) => other.failures += 1,
            None => others.push(Other {
                kind,
                operation: facts.operation,
                layer: facts.layer,
                failures: 1,
                trace_id: record.trace_id.clone(),
            }),
        }
    }
    others.sort_by_key(|other| std::cmp::Reverse(other.failures));
    others
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{failed, fine, span};

    fn panicked(ids: (u32, u32)) -> StoredRecord {
        span(
            ids,
            ("api", "x", "panicked"),
            (i64::from(ids.0), 9),
            &json!({}),
        )
    }

    #[test]
    fn the_birth_is_the_one_that_the_root_passes_on() {
        let mut root = span((1, 0), ("api", "answer", "failed"), (0, 90), &json!({}));
        let early = span((2, 1), ("api", "first", "failed"), (1, 10), &json!({}));
        let late = span((3, 1), ("api", "second", "failed"), (20, 10), &json!({}));
        root.context = json!({"status": "error", "error_span_id": early.span_id}).to_string();
        let rows = [root, early.clone(), late];
        assert_eq!(
            birth(&rows).and_then(|row| row.span_id.clone()),
            early.span_id
        );
    }

    #[test]
    fn a_panic_was_born_in_the_innermost_call() {
        let rows = [panicked((1, 0)), panicked((2, 1))];
        assert_eq!(birth(&rows), Some(&rows[1]));
    }

    #[test]
    fn a_root_that_fails_by_itself_is_the_birth_and_a_fine_request_has_none() {
        let rows = failed();
        assert_eq!(birth(&rows), Some(&rows[0]));
        assert_eq!(birth(&fine()), None);
        assert_eq!(birth(&[]), None);
    }

    #[test]
    fn spans_are_compared_with_the_median_of_their_operation() {
        let rows = fine();
        let mut usual = Stats::default();
        (usual.p50_ms, usual.calls) = (149.0, 7);
        usual.name = Some("generation".into());
        usual.operation = Some("generate".into());
        let spans = compared(&rows, &[usual]);
        let generate = spans
            .iter()
            .find(|span| span.facts.operation == "generate")
            .expect("it is there");
        assert_eq!(
            (generate.times_median(), generate.calls, generate.depth),
            (Some(2.0), 7, 1)
        );
        assert_eq!(spans[0].times_median(), None);
        assert_eq!(spans.iter().map(|span| span.depth).max(), Some(2));
    }

    #[test]
    fn the_tree_stands_whatever_the_order_of_the_records() {
        let mut rows = fine();
        rows.rotate_left(1);
        let shown: Vec<_> = walk(&rows)
            .iter()
            .map(|(row, depth)| format!("{depth} {}", Facts::of(row).operation))
            .collect();
        let expected = [
            "0 answer",
            "1 recall_history",
            "1 hybrid_search",
            "2 bm25",
            "2 vectors",
        ];
        assert_eq!(shown[..5], expected, "{shown:?}");
        assert_eq!(shown.len(), 7);
    }

    #[test]
    fn strange_parents_lose_nothing_but_rings() {
        let own = span((5, 5), ("api", "own", "complete"), (0, 1), &json!({}));
        let orphan = span((6, 99), ("api", "orphan", "complete"), (0, 1), &json!({}));
        let ring =
            [(7, 8), (8, 7)].map(|ids| span(ids, ("api", "ring", "complete"), (0, 1), &json!({})));
        let rows: Vec<_> = [own, orphan].into_iter().chain(ring).collect();
        assert_eq!(walk(&rows).len(), 2);
    }

    #[test]
    fn failures_of_one_kind_are_counted_together() {
        let one = failed()[0].clone();
        let other = span((9, 0), ("memory", "recall", "failed"), (0, 1), &json!({}));
        let others = gathered(&[other, one.clone(), one]);
        let counts: Vec<_> = others
            .iter()
            .map(|other| (other.operation.as_str(), other.failures))
            .collect();
        assert_eq!(counts, [("answer", 2), ("recall", 1)]);
    }
}
