//! Draws the captured records as a tree: spans with their outcomes, and events, in the order of their starts.
//!
//! Ids and times are left out, so that the text is the same in each run.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::captured_record::CapturedRecord;
use crate::context::SpanId;
use crate::record::{Kind, Outcome};
use ragspan_core::record::keys;

/// The most characters of a text.
const MAX_CHARS: usize = 100;

/// The records by the span above them, ordered by their start and then by their order.
type Below<'a> = HashMap<Option<SpanId>, Vec<((u64, usize), CapturedRecord<'a>)>>;

pub(super) fn draw(records: &[CapturedRecord<'_>]) -> String {
    let below = arrange(records);
    let mut text = String::new();
    let mut next: Vec<_> = siblings(&below, None, 0);
    while let Some((depth, record)) = next.pop() {
        text.push_str(&"  ".repeat(depth));
        text.push_str(&line(record));
        text.push('\n');
        if !record.is_event() {
            next.extend(siblings(&below, record.span, depth + 1));
        }
    }
    text
}

/// Returns the children of a span, the last one first for a stack.
fn siblings<'a>(
    below: &Below<'a>,
    span: Option<SpanId>,
    depth: usize,
) -> Vec<(usize, CapturedRecord<'a>)> {
    let all = below.get(&span).into_iter().flatten().rev();
    all.map(|(_, record)| (depth, *record)).collect()
}

fn arrange<'a>(records: &[CapturedRecord<'a>]) -> Below<'a> {
    let of = |kind| move |record: &&CapturedRecord<'_>| record.kind == kind;
    let ended: HashSet<_> = records
        .iter()
        .filter(of(Kind::Span))
        .map(|record| record.span)
        .collect();
    let starts = records
        .iter()
        .enumerate()
        .filter(|(_, record)| record.kind == Kind::Started);
    let started: HashMap<_, _> = starts.map(|(at, record)| (record.span, at)).collect();
    let is_shown = |record: &CapturedRecord<'_>| match record.kind {
        Kind::Span | Kind::Event => true,
        Kind::Started => !ended.contains(&record.span),
        Kind::FirstItem => false,
    };
    let mut below = Below::new();
    for (at, record) in records
        .iter()
        .enumerate()
        .filter(|(_, record)| is_shown(record))
    {
        let is_known =
            |above: &SpanId| ended.contains(&Some(*above)) || started.contains_key(&Some(*above));
        let first = if record.is_event() {
            None
        } else {
            started.get(&record.span)
        };
        let key = (record.begun, first.copied().unwrap_or(at));
        let above = record.above().filter(is_known);
        below.entry(above).or_default().push((key, *record));
    }
    below
        .values_mut()
        .for_each(|siblings| siblings.sort_by_key(|(key, _)| *key));
    below
}

/// Formats a record in one line.
pub(super) fn line(record: CapturedRecord<'_>) -> String {
    let mut line = if record.is_event() {
        format!("{} {}", record.level, short(record.message()))
    } else {
        format!("{}{} {}", record.operation, in_layer(record), how(record))
    };
    for (name, value) in record.values() {
        line.push_str(&format!(", {name} = {}", written(name, value)));
    }
    line
}

fn in_layer(record: CapturedRecord<'_>) -> String {
    record
        .layer
        .map_or_else(String::new, |layer| format!(" ({layer})"))
}

/// Returns the outcome of a call, as messages show it.
pub(super) fn how(record: CapturedRecord<'_>) -> String {
    if record.kind == Kind::Started {
        return "has not ended".to_owned();
    }
    let word = match record.outcome {
        Outcome::Success => "succeeded",
        Outcome::Empty => "was empty",
        Outcome::Error => "failed",
        Outcome::Cancelled => "was cancelled",
        Outcome::Panic => "panicked",
        other => other.status(),
    };
    match record.error() {
        // Every panic has the same type, and its line in the file changes with each edit.
        Some((_, message)) if record.outcome == Outcome::Panic => {
            let text = message.rsplit_once(" (").map_or(message, |(text, _)| text);
            format!("{word}: {}", short(text))
        }
        Some((kind, message)) => format!("{word} with {kind}: {}", short(message)),
        None => word.to_owned(),
    }
}

/// Formats a value as JSON; documents by their ids.
pub(super) fn written(name: &str, value: &Value) -> String {
    let ids = value
        .as_array()
        .filter(|_| name == keys::DOCUMENTS.name)
        .map(|documents| {
            let ids = documents
                .iter()
                .map(|document| document["id"].as_str().unwrap_or_default());
            format!("[{}]", ids.collect::<Vec<_>>().join(", "))
        });
    short(&ids.unwrap_or_else(|| value.to_string()))
}

/// Joins the lines of a text and truncates it.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_stays_one_line_of_bounded_length() {
        assert_eq!(short("a\n  b\tc"), "a b c");
        assert_eq!(short(&"é".repeat(100)), "é".repeat(100));
        assert_eq!(short(&"é".repeat(101)), format!("{}…", "é".repeat(100)));
    }

    #[test]
    fn documents_are_shown_by_their_ids() {
        let documents = json!([{"id": "a.md", "rank": 1}, {"id": "b.md", "rank": 2}]);
        assert_eq!(written("documents", &documents), "[a.md, b.md]");
        assert_eq!(written("other", &json!([1])), "[1]");
    }
}
