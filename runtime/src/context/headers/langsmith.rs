//! LangSmith's `langsmith-trace`: the path of runs from the root to the caller, each with its start time and id.

use crate::clock::rfc3339;
use ragspan_core::{SpanId, TraceId};

/// Longer paths are neither read nor written.
const MAX_BYTES: usize = 8192;

/// The length of one run: `%Y%m%dT%H%M%S`, six digits of microseconds, `Z`, and the id with hyphens.
const SEGMENT_LENGTH: usize = 15 + 6 + 1 + 36;

/// A dotted order, LangSmith's name for the path of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DottedOrder(Box<str>);

/// A run in a dotted order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Unix microseconds.
    pub(crate) start: u64,
    pub(crate) span: SpanId,
}

impl DottedOrder {
    /// Parses the header's only line.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let line = line.trim_matches([' ', '\t']);
        let whole = line.len() <= MAX_BYTES && line.split('.').all(|segment| id(segment).is_some());
        whole.then(|| Self(line.into()))
    }

    /// Returns the order of the last of these calls, below `above`; `None` if it would be too long. A start before
    /// that of the enclosing call is moved to it, since LangSmith rejects such paths.
    pub(crate) fn below(above: Option<&Self>, path: impl Iterator<Item = Segment>) -> Option<Self> {
        let mut text = above
            .map(|above| String::from(&*above.0))
            .unwrap_or_default();
        let mut earliest = 0;
        for Segment { start, span } in path {
            earliest = start.max(earliest);
            if !text.is_empty() {
                text.push('.');
            }
            let digits = rfc3339(earliest).into_iter().map(char::from);
            text.extend(digits.filter(|digit| digit.is_ascii_alphanumeric()));
            text.push_str(&span.to_string());
        }
        (!text.is_empty() && text.len() <= MAX_BYTES).then(|| Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the trace id, which is the first run's id.
    pub(crate) fn trace(&self) -> TraceId {
        let first = self.0.split('.').next().and_then(id);
        first.map_or(TraceId::from_bytes([0; 16]), TraceId::from)
    }

    /// Returns the last run's id.
    pub(crate) fn parent(&self) -> SpanId {
        let last = self.0.rsplit('.').next().and_then(id);
        last.unwrap_or(SpanId::from_bytes([0; 16]))
    }
}

/// Returns the id of a well-formed segment.
fn id(segment: &str) -> Option<SpanId> {
    let (time, id) = segment.split_at_checked(SEGMENT_LENGTH - 36)?;
    let has_shape = |(index, byte): (usize, u8)| match index {
        8 => byte == b'T',
        21 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    let timed = time.bytes().enumerate().all(has_shape);
    let hyphens = [8, 13, 18, 23]
        .iter()
        .all(|index| id.as_bytes().get(*index) == Some(&b'-'));
    let id: SpanId = id.parse().ok()?;
    (timed && hyphens && id.to_bytes() != [0; 16]).then_some(id)
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "these texts are ASCII")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOT: &str = "20261123T070701528973Z01a2073a-c418-7259-92e2-510a1ad7419e";
    const CHILD: &str = "20261123T070701532515Z01a2073a-c41c-7ad2-9e80-dcd6c0d31bfe";

    #[test]
    fn the_first_run_is_the_trace_and_the_last_the_parent() {
        let order = DottedOrder::parse(&format!(" {ROOT}.{CHILD}\t")).unwrap();
        assert_eq!(order.trace().to_string(), &ROOT[22..]);
        assert_eq!(order.parent().to_string(), &CHILD[22..]);
        let alone = DottedOrder::parse(ROOT).unwrap();
        assert_eq!(alone.trace(), TraceId::from(alone.parent()));
    }

    #[test]
    fn a_malformed_path_is_rejected() {
        let bad = [
            String::new(),
            format!("{ROOT}."),
            format!(".{ROOT}"),
            format!("{ROOT}..{CHILD}"),
            ROOT.replace('T', " "),
            ROOT.replace('Z', "z"),
            ROOT.replacen('2', "x", 1),
            ROOT.replacen("-7", "7-", 1),
            ROOT[1..].to_owned(),
            format!("{ROOT}0"),
            format!(
                "20261123T070701528973Z{}",
                "00000000-0000-0000-0000-000000000000"
            ),
            "é".repeat(40),
            vec![ROOT; 200].join("."),
        ];
        for text in bad {
            assert_eq!(DottedOrder::parse(&text), None, "{text}");
        }
    }

    #[test]
    fn an_order_continues_the_received_one_and_never_goes_back_in_time() {
        let above = DottedOrder::parse(ROOT).unwrap();
        let span = DottedOrder::parse(CHILD).unwrap().parent();
        let start = 1_795_417_621_532_515;
        let segment = |start| Segment { start, span };
        let below = DottedOrder::below(Some(&above), [segment(start)].into_iter()).unwrap();
        assert_eq!(below.as_str(), format!("{ROOT}.{CHILD}"));
        let path = [segment(start), segment(start - 1)].into_iter();
        let clamped = DottedOrder::below(None, path).unwrap();
        assert_eq!(clamped.as_str(), format!("{CHILD}.{CHILD}"));
        assert_eq!(DottedOrder::below(None, std::iter::empty()), None);
        let deep = std::iter::repeat_n(segment(start), 1000);
        assert_eq!(DottedOrder::below(None, deep), None);
    }

    proptest! {
        #[test]
        fn a_written_order_reads_back(starts in prop::collection::vec(0_u64..4_000_000_000_000_000, 1..9)) {
            let segment = |start| Segment { start, span: SpanId::new(start / 1000) };
            let order = DottedOrder::below(None, starts.into_iter().map(segment)).unwrap();
            prop_assert_eq!(DottedOrder::parse(order.as_str()), Some(order));
        }

        #[test]
        fn any_text_is_parsed_without_panicking(text in ".{0,200}|[0-9TZ.-]{50,130}") {
            let _read = DottedOrder::parse(&text);
        }
    }
}
