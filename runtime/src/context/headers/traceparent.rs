//! W3C `traceparent`: the trace and the calling span.

use std::fmt;

use ragspan_core::{SpanId, TraceId};

/// The header `00-<trace id>-<parent id>-<flags>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceParent {
    pub(crate) trace: TraceId,
    pub(crate) parent: [u8; 8],
    pub(crate) flags: u8,
}

/// The length of version 00. Later versions may append to it.
const LENGTH: usize = 55;

impl TraceParent {
    /// The flag of a caller that keeps the trace.
    pub(crate) const SAMPLED: u8 = 1;

    /// Creates the header of an outbound call.
    pub(crate) fn new(trace: TraceId, span: SpanId, flags: u8) -> Self {
        Self {
            trace,
            parent: low(span),
            flags,
        }
    }

    /// Parses the header's only line. Upper-case digits, all-zero ids and version `ff` are malformed.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let line = line.trim_matches([' ', '\t']).as_bytes();
        let (head, rest) = line.split_at_checked(LENGTH)?;
        let [version] = hex(head.get(..2)?)?;
        let dashes = [2, 35, 52].iter().all(|at| head.get(*at) == Some(&b'-'));
        let ends = rest.is_empty() || version > 0 && rest.first() == Some(&b'-');
        let trace: [u8; 16] = hex(head.get(3..35)?)?;
        let parent: [u8; 8] = hex(head.get(36..52)?)?;
        let [flags] = hex(head.get(53..)?)?;
        let valid = version != 0xff && dashes && ends && trace != [0; 16] && parent != [0; 8];
        valid.then(|| Self {
            trace: TraceId::from_bytes(trace),
            parent,
            // The meaning of other bits is not known.
            flags: flags & Self::SAMPLED,
        })
    }

    /// Returns the 16-byte id of the parent: that of ragspan's `tracestate` member if it ends with the parent id of
    /// this header, and the parent id after zeros otherwise. The member is stale if another tracing system was in
    /// between.
    pub(crate) fn full(&self, ours: Option<SpanId>) -> SpanId {
        ours.filter(|full| low(*full) == self.parent)
            .unwrap_or_else(|| {
                let mut bytes = [0; 16];
                bytes[8..].copy_from_slice(&self.parent);
                SpanId::from_bytes(bytes)
            })
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trace = u128::from_be_bytes(self.trace.to_bytes());
        let parent = u64::from_be_bytes(self.parent);
        write!(out, "00-{trace:032x}-{parent:016x}-{:02x}", self.flags)
    }
}

/// Returns the last eight bytes of a span id, which are the parent id in the header.
fn low(span: SpanId) -> [u8; 8] {
    let [.., a, b, c, d, e, f, g, h] = span.to_bytes();
    [a, b, c, d, e, f, g, h]
}

/// Parses lower-case hexadecimal digits, two for each byte.
fn hex<const BYTES: usize>(digits: &[u8]) -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    if digits.len() != 2 * BYTES {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return None,
            };
            *byte = *byte << 4 | value;
        }
    }
    Some(bytes)
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "these texts are ASCII")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const PARENT: &str = "b7ad6b7169203331";

    fn good(text: &str) -> bool {
        let Some(parsed) = TraceParent::parse(text) else {
            return false;
        };
        let again = parsed.to_string();
        assert!(again.contains(TRACE) && again.contains(PARENT), "{again}");
        true
    }

    /// The test table of the specification.
    #[test]
    fn the_good_are_read_and_the_bad_refused() {
        let of = |version: &str, flags: &str| format!("{version}-{TRACE}-{PARENT}-{flags}");
        let good_ones = [
            of("00", "01"),
            of("00", "00"),
            of("00", "ff"),
            // A later version, without and with appended data.
            of("01", "01"),
            of("cc", "01"),
            of("cc", "01-what-the-future-will-be-like"),
            format!(" \t{}\t ", of("00", "01")),
        ];
        for text in good_ones {
            assert!(good(&text), "{text}");
        }
        let zeros = "0".repeat(32);
        let bad = [
            String::new(),
            of("ff", "01"),
            of("00", "01-more"),
            of("00", "01."),
            of("00", "01-"),
            of("cc", "01.what-the-future-will-not-be-like"),
            of("0", "01"),
            of("000", "01"),
            of("0x", "01"),
            of(".0", "01"),
            of("00", "0"),
            of("00", "001"),
            of("00", "0x"),
            of("00", ".0"),
            of("00", "0G"),
            of("00", "0A"),
            of("00", ""),
            of("0A", "01"),
            format!("00-{zeros}-{PARENT}-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{}-01", PARENT.to_uppercase()),
            format!("00-.{}-{PARENT}-01", &TRACE[1..]),
            format!("00-{TRACE}-{}.-01", &PARENT[1..]),
            format!("00-{}-{PARENT}-01", &TRACE[1..]),
            format!("00-{TRACE}0-{PARENT}-01"),
            format!("00-{TRACE}-{}-01", &PARENT[1..]),
            format!("00-{TRACE}-{PARENT}0-01"),
            format!("00_{TRACE}-{PARENT}-01"),
            format!("00-{TRACE}_{PARENT}-01"),
            format!("00-{TRACE}-{PARENT}_01"),
            format!("00-{TRACE}-{PARENT}"),
            format!("{TRACE}-{PARENT}-01"),
            format!("00-é{}-{PARENT}-01", &TRACE[2..]),
        ];
        for text in bad {
            assert!(!good(&text), "{text}");
        }
    }

    #[test]
    fn of_the_flags_only_the_one_that_is_known_is_kept() {
        let flags = |flags: &str| {
            TraceParent::parse(&format!("00-{TRACE}-{PARENT}-{flags}"))
                .unwrap()
                .flags
        };
        assert_eq!(
            [flags("00"), flags("01"), flags("02"), flags("ff")],
            [0, 1, 0, 1]
        );
    }

    #[test]
    fn a_full_id_is_believed_only_if_it_ends_as_the_parent_does() {
        let span: SpanId = "01a2073a-c418-7b04-b7ad-6b7169203331".parse().unwrap();
        let other: SpanId = "01a2073a-c418-7b04-b7ad-6b7169203332".parse().unwrap();
        let parsed = TraceParent::parse(&format!("00-{TRACE}-{PARENT}-01")).unwrap();
        assert_eq!(parsed.full(Some(span)), span);
        for stale in [Some(other), None] {
            let foreign = parsed.full(stale).to_string();
            assert_eq!(foreign, "00000000-0000-0000-b7ad-6b7169203331");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(trace in any::<[u8; 16]>(), span in any::<[u8; 16]>(), flags in 0_u8..2) {
            prop_assume!(trace != [0; 16] && span[8..] != [0; 8]);
            let written = TraceParent::new(TraceId::from_bytes(trace), SpanId::from_bytes(span), flags);
            let text = written.to_string();
            prop_assert_eq!(text.len(), LENGTH);
            let read = TraceParent::parse(&text).unwrap();
            prop_assert_eq!(read, written);
            prop_assert_eq!(read.full(Some(SpanId::from_bytes(span))).to_bytes(), span);
        }

        #[test]
        fn any_text_is_parsed_without_panicking(text in ".{0,80}") {
            let _read = TraceParent::parse(&text);
        }
    }
}
