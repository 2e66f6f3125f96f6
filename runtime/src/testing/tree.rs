//! The tree of what was captured, as text: spans with how they ended, and events, in the order in which they began.
//!
//! Ids and times are left out, so that the text is the same in each run.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::captured_record::CapturedRecord;
use crate::context::SpanId;
use crate::record::{Kind, Outcome};
use ragspan_core::record::keys;

/// The most characters of a text.
const LONGEST: usize = 100;

/// The records by the span above them, ordered by their start and then by their order.
type Below<'a> = HashMap<Option<SpanId>, Vec<((u64, usize), CapturedRecord<'a>)>>;

pub(super) fn draw(entries: &[CapturedRecord<'_>]) -> String {
    let below = arrange(entries);
    let mut text = String::new();
    let mut next: Vec<_> = siblings(&below, None, 0);
    while let Some((depth, entry)) = next.pop() {
        text.push_str(&"  ".repeat(depth));
        text.push_str(&line(entry));
        text.push('\n');
        if !entry.is_event() {
            next.extend(siblings(&below, entry.span, depth + 1));
        }
    }
    text
}

/// The last one first, as a stack wants them.
fn siblings<'a>(
    below: &Below<'a>,
    span: Option<SpanId>,
    depth: usize,
) -> Vec<(usize, CapturedRecord<'a>)> {
    let all = below.get(&span).into_iter().flatten().rev();
    all.map(|(_, entry)| (depth, *entry)).collect()
}

fn arrange<'a>(entries: &[CapturedRecord<'a>]) -> Below<'a> {
    let of = |kind| move |entry: &&CapturedRecord<'_>| entry.kind == kind;
    let ended: HashSet<_> = entries
        .iter()
        .filter(of(Kind::Span))
        .map(|entry| entry.span)
        .collect();
    let starts = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.kind == Kind::Started);
    let started: HashMap<_, _> = starts.map(|(at, entry)| (entry.span, at)).collect();
    let is_shown = |entry: &CapturedRecord<'_>| match entry.kind {
        Kind::Span | Kind::Event => true,
        Kind::Started => !ended.contains(&entry.span),
        Kind::FirstItem => false,
    };
    let mut below = Below::new();
    for (at, entry) in entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| is_shown(entry))
    {
        let is_known =
            |above: &SpanId| ended.contains(&Some(*above)) || started.contains_key(&Some(*above));
        let first = if entry.is_event() {
            None
        } else {
            started.get(&entry.span)
        };
        let key = (entry.begun, first.copied().unwrap_or(at));
        let above = entry.above().filter(is_known);
        below.entry(above).or_default().push((key, *entry));
    }
    below
        .values_mut()
        .for_each(|siblings| siblings.sort_by_key(|(key, _)| *key));
    below
}

/// Formats a record in one line.
pub(super) fn line(entry: CapturedRecord<'_>) -> String {
    let mut line = if entry.is_event() {
        format!("{} {}", entry.level, short(entry.message()))
    } else {
        format!("{}{} {}", entry.operation, in_layer(entry), how(entry))
    };
    for (name, value) in entry.values() {
        line.push_str(&format!(", {name} = {}", written(name, value)));
    }
    line
}

fn in_layer(entry: CapturedRecord<'_>) -> String {
    entry
        .layer
        .map_or_else(String::new, |layer| format!(" ({layer})"))
}

/// Returns how a call ended, in the words of the messages.
pub(super) fn how(entry: CapturedRecord<'_>) -> String {
    if entry.kind == Kind::Started {
        return "has not ended".to_owned();
    }
    let word = match entry.outcome {
        Outcome::Success => "succeeded",
        Outcome::Empty => "was empty",
        Outcome::Error => "failed",
        Outcome::Cancelled => "was cancelled",
        Outcome::Panic => "panicked",
        other => other.status(),
    };
    match entry.error() {
        // Every panic has the same type, and its line in the file changes with each edit.
        Some((_, message)) if entry.outcome == Outcome::Panic => {
            let message_text = message
                .rsplit_once(" (")
                .map_or(message, |(message_text, _)| message_text);
            format!("{word}: {}", short(message_text))
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

/// One line, and not a long one.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
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
