//! Finds the trace that a person means: by an id in any form, by a piece of one, or by `last` and `last-error`.

use super::select::{Column, Fact, Operator, Order, Select, Value};

/// How many traces an ambiguous answer names; one more is asked for, to know that there are more.
pub(super) const CANDIDATES: usize = 10;

/// A trace that is in the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TraceRef {
    /// The whole id, as in the records.
    pub trace_id: String,
}

impl TraceRef {
    /// The id as it is printed for people: `<12>-<6>` hex digits.
    #[must_use]
    pub fn short(&self) -> String {
        short_id(&self.trace_id)
    }
}

/// Returns the first 12 and the last 6 hex digits of an id; returns a text that is not a UUID unchanged.
#[must_use]
pub fn short_id(id: &str) -> String {
    match uuid_digits(id) {
        Some(digits) => {
            let head: String = digits.chars().take(12).collect();
            let tail: String = digits.chars().skip(26).collect();
            format!("{head}-{tail}")
        }
        None => id.to_owned(),
    }
}

/// One way in which an id may be meant. They are tried in turn; the first that finds counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    NewestRoot,
    NewestRecord,
    NewestFailure,
    Trace(String),
    /// The id, and a time before which it can't have been recorded.
    Span(String, Option<i64>),
    Short {
        prefix: String,
        end: String,
    },
    Request(String),
    Prefix(String),
}

impl Way {
    pub(super) fn select(&self) -> Select {
        match self {
            Self::NewestRoot => newest(
                Select::trace_of_each()
                    .and_fact(Fact::Ended)
                    .and_fact(Fact::Root),
            ),
            Self::NewestFailure => newest(
                Select::trace_of_each()
                    .and_fact(Fact::Failure)
                    .and_fact(Fact::Origin),
            ),
            Self::NewestRecord => newest(Select::trace_of_each()),
            Self::Trace(id) => {
                several(Select::traces().and(Column::TraceId, Operator::Is, Value::Text(id)))
            }
            Self::Span(id, from) => span(id, *from),
            Self::Short { prefix, end } => {
                several(begins(prefix).and(Column::TraceEnd, Operator::Is, Value::Text(end)))
            }
            Self::Request(id) => {
                several(Select::traces().and(Column::RequestId, Operator::Is, Value::Text(id)))
            }
            Self::Prefix(prefix) => several(begins(prefix)),
        }
    }
}

fn newest(select: Select) -> Select {
    select
        .and_fact(Fact::Traced)
        .ordered(Order::NewestFirst, Some(1))
}

/// Spans have no index of their own, which would slow every insert. A span's id contains the time of its start, so
/// the search walks the time index from there to the span's record.
fn span(id: &str, from: Option<i64>) -> Select {
    Select::trace_of_each()
        .and_fact(Fact::Traced)
        .and_since(from)
        .and(Column::SpanId, Operator::Is, Value::Text(id))
        .ordered(Order::ByTime, Some(1))
}

/// Ids are hex digits and dashes, all of them below `g`.
fn begins(prefix: &str) -> Select {
    let end = format!("{prefix}g");
    Select::traces()
        .and(Column::TraceId, Operator::AtLeast, Value::Text(prefix))
        .and(Column::TraceId, Operator::Below, Value::Text(&end))
}

fn several(select: Select) -> Select {
    let limit = u32::try_from(CANDIDATES + 1).unwrap_or(u32::MAX);
    select.ordered(Order::ByTrace, Some(limit))
}

/// The ways in which `asked` may be meant, the likeliest first.
pub(super) fn ways(asked: &str) -> Vec<Way> {
    let asked = asked.trim();
    if asked.is_empty() {
        return Vec::new();
    }
    if asked == "last" {
        return vec![Way::NewestRoot, Way::NewestRecord];
    }
    if asked == "last-error" {
        return vec![Way::NewestFailure];
    }
    if let Some(digits) = uuid_digits(asked).or_else(|| traceparent_digits(asked)) {
        return whole(asked, &digits);
    }
    pieces(asked)
}

fn whole(asked: &str, digits: &str) -> Vec<Way> {
    let id = dashed(digits);
    let from = v7_micros(digits);
    vec![
        Way::Trace(id.clone()),
        Way::Span(id, from),
        Way::Request(asked.to_owned()),
    ]
}

fn pieces(asked: &str) -> Vec<Way> {
    let mut ways = Vec::new();
    if let Some((prefix, end)) = short_form(asked) {
        ways.push(Way::Short {
            prefix: dashed(&prefix),
            end,
        });
    }
    ways.push(Way::Request(asked.to_owned()));
    ways.extend(hex(asked).map(|digits| Way::Prefix(dashed(&digits))));
    ways
}

/// `<12 hex>-<6 hex>`.
fn short_form(asked: &str) -> Option<(String, String)> {
    let (head, tail) = asked.split_once('-')?;
    (head.len() == 12 && tail.len() == 6).then_some(())?;
    Some((hex(head)?, hex(tail)?))
}

/// The hex digits of `text`, in lower case and without dashes; none if there is anything else.
fn hex(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let good = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit());
    good.then(|| digits.to_ascii_lowercase())
}

fn uuid_digits(text: &str) -> Option<String> {
    hex(text).filter(|digits| digits.len() == 32)
}

/// The trace id of a W3C `traceparent`.
fn traceparent_digits(text: &str) -> Option<String> {
    let parts: Vec<_> = text.split('-').collect();
    let lengths: Vec<_> = parts.iter().map(|part| part.len()).collect();
    if lengths != [2, 32, 16, 2] {
        return None;
    }
    hex(text)?;
    parts.get(1).and_then(|id| hex(id))
}

/// UUID text of up to 32 digits: dashes after the 8th, 12th, 16th and 20th, where more follow.
fn dashed(digits: &str) -> String {
    let mut text = String::with_capacity(36);
    for (position, digit) in digits.chars().enumerate() {
        if matches!(position, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

/// When a version 7 id was made.
fn v7_micros(digits: &str) -> Option<i64> {
    if digits.chars().nth(12) != Some('7') {
        return None;
    }
    let head = digits.get(..12)?;
    i64::from_str_radix(head, 16)
        .ok()
        .and_then(|millis| millis.checked_mul(1000))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "01a2073a-c418-7abc-8def-0123457f31d2";

    #[test]
    fn a_uuid_and_its_digits_mean_a_trace_then_a_span_then_a_request() {
        for asked in [ID, &ID.replace('-', ""), &ID.to_uppercase()] {
            let ways = ways(asked);
            assert_eq!(ways[0], Way::Trace(ID.to_owned()));
            assert_eq!(
                ways[1],
                Way::Span(ID.to_owned(), Some(0x01a2_073a_c418 * 1000))
            );
            assert_eq!(ways[2], Way::Request(asked.to_owned()));
        }
    }

    #[test]
    fn the_short_form_is_first_and_last_digits() {
        assert_eq!(short_id(ID), "01a2073ac418-7f31d2");
        let short = Way::Short {
            prefix: "01a2073a-c418".into(),
            end: "7f31d2".into(),
        };
        assert_eq!(ways("01a2073ac418-7f31d2")[0], short);
    }

    #[test]
    fn a_text_is_a_request_and_a_prefix_only_where_it_is_hex() {
        assert_eq!(
            ways("req-2025-12-03-001"),
            [Way::Request("req-2025-12-03-001".into())]
        );
        assert_eq!(ways("01A2073AC")[1], Way::Prefix("01a2073a-c".into()));
    }

    #[test]
    fn a_traceparent_means_its_trace() {
        let header = "00-01a2073ac4187abc8def0123457f31d2-8def0123457f31d2-01";
        assert_eq!(ways(header)[0], Way::Trace(ID.to_owned()));
    }

    #[test]
    fn nothing_means_nothing() {
        assert!(ways("  ").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_taken_without_harm(text in any::<String>()) {
            prop_assert!(ways(&text).len() <= 3);
            prop_assert!(!short_id(&text).is_empty() || text.is_empty());
        }

        #[test]
        fn any_uuid_is_found_by_its_short_form(id in any::<u128>()) {
            let digits = format!("{id:032x}");
            let id = dashed(&digits);
            match &ways(&short_id(&id))[0] {
                Way::Short { prefix, end } => {
                    prop_assert!(id.starts_with(prefix.as_str()));
                    prop_assert!(id.ends_with(end.as_str()));
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
