//! W3C `baggage`: request fields propagated between services.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The bytes of a value that are percent-encoded: all but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The limits of the specification, over all lines of the header together.
const MAX_MEMBERS: usize = 64;
const MAX_BYTES: usize = 8192;

/// The members received so far. Reading stops at the limits, and at the first malformed member.
#[derive(Debug, Default)]
pub(crate) struct Baggage {
    members: Vec<(Box<str>, Box<str>)>,
    bytes: usize,
    is_cut: bool,
}

impl Baggage {
    /// Reads one line of the header.
    pub(crate) fn line(&mut self, line: &str) {
        for member in line.split(',') {
            if self.is_cut {
                return;
            }
            self.member(member.trim_matches([' ', '\t']));
        }
    }

    fn member(&mut self, member: &str) {
        if member.is_empty() {
            return;
        }
        self.bytes = self.bytes.saturating_add(member.len() + 1);
        // Properties after a semicolon are ignored.
        let plain = member.split(';').next().unwrap_or_default();
        let parts = plain.split_once('=');
        let parts = parts.map(|(key, value)| (key.trim_end(), value.trim()));
        let parts = parts.filter(|(key, value)| is_key(key) && is_value(value));
        match parts {
            Some((key, value)) if self.bytes <= MAX_BYTES && self.members.len() < MAX_MEMBERS => {
                self.members.push((key.into(), value.into()));
            }
            _ => self.is_cut = true,
        }
    }

    /// Returns whether a member was malformed or a limit was reached.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Returns the decoded value of the last member with this key.
    pub(crate) fn get(&self, key: &str) -> Option<String> {
        let found = self.members.iter().rev().find(|(known, _)| **known == *key);
        found.map(|(_, value)| decode(value).into_owned())
    }

    /// Returns the members of LangSmith's clients, still encoded.
    pub(crate) fn langsmith_members(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.members.iter().map(|(key, value)| (&**key, &**value));
        all.filter(|(key, _)| key.starts_with("langsmith-"))
    }
}

/// Returns a header with these members. The values of `plain` are encoded, those of `encoded` already are. Members
/// beyond the limits are left out.
pub(crate) fn baggage_header<'a>(
    plain: impl Iterator<Item = (&'a str, &'a str)>,
    encoded: impl Iterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut header = String::new();
    let mut add = |key: &str, value: &str| {
        let comma = if header.is_empty() { "" } else { "," };
        let members = header.split(',').count();
        let length = header.len() + comma.len() + key.len() + 1 + value.len();
        if length <= MAX_BYTES && (header.is_empty() || members < MAX_MEMBERS) {
            header.push_str(comma);
            header.push_str(key);
            header.push('=');
            header.push_str(value);
        }
    };
    for (key, value) in plain {
        add(key, &Cow::from(utf8_percent_encode(value, RESERVED)));
    }
    encoded.for_each(|(key, value)| add(key, value));
    header
}

/// Decodes a value. Invalid UTF-8 is replaced by U+FFFD, and a `%` without two hexadecimal digits is kept.
fn decode(value: &str) -> Cow<'_, str> {
    percent_decode_str(value).decode_utf8_lossy()
}

/// Returns whether the key is an HTTP token.
fn is_key(key: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !key.is_empty() && key.bytes().all(inside)
}

fn is_value(value: &str) -> bool {
    value
        .bytes()
        .all(|byte| (b'!'..=b'~').contains(&byte) && !b"\"\\".contains(&byte))
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "these texts are ASCII")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_invalid_escape_is_kept_and_invalid_utf8_is_replaced() {
        for text in ["100%", "%zz", "%", "%4", "%-1"] {
            assert_eq!(decode(text), text);
        }
        assert_eq!(decode("%C3%A9%20%ff"), "é \u{fffd}");
        assert_eq!(decode("%e2%82%AC"), "€");
    }

    fn read(lines: &[&str]) -> Baggage {
        let mut baggage = Baggage::default();
        lines.iter().for_each(|line| baggage.line(line));
        baggage
    }

    #[test]
    fn members_are_read_over_all_lines_with_spaces_and_properties() {
        let baggage = read(&[
            "user_id = ada%20l , plan=free;ttl=1;secret",
            "",
            ",empty=,user_id=bob",
        ]);
        assert!(!baggage.is_cut());
        assert_eq!(baggage.get("user_id").as_deref(), Some("bob"));
        assert_eq!(baggage.get("plan").as_deref(), Some("free"));
        assert_eq!(baggage.get("empty").as_deref(), Some(""));
        assert_eq!(baggage.get("secret"), None);
    }

    #[test]
    fn reading_stops_at_a_malformed_member() {
        for bad in ["plain", "a b=1", "=1", "a=\"1\"", "a=é", "a=1 2"] {
            let baggage = read(&["first=1", bad, "last=1"]);
            assert!(baggage.is_cut(), "{bad}");
            assert_eq!(
                (baggage.get("first").is_some(), baggage.get("last")),
                (true, None)
            );
        }
    }

    #[test]
    fn the_limits_hold_over_ten_thousand_lines() {
        let mut baggage = Baggage::default();
        for at in 0..10_000 {
            baggage.line(&format!("key{at}=value"));
        }
        assert!(baggage.is_cut());
        assert_eq!(baggage.members.len(), MAX_MEMBERS);
        let long = "x".repeat(5000);
        let baggage = read(&[&format!("a={long}"), &format!("b={long}"), "c=1"]);
        assert_eq!((baggage.members.len(), baggage.is_cut()), (1, true));
    }

    proptest! {
        #[test]
        fn an_encoded_value_decodes_to_itself(text in any::<String>()) {
            let encoded = utf8_percent_encode(&text, RESERVED).to_string();
            prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%-_.~".contains(&byte)));
            prop_assert_eq!(decode(&encoded), text);
        }

        #[test]
        fn a_written_header_is_within_the_limits_and_reads_back(values in prop::collection::vec(any::<String>(), 0..80)) {
            let keys: Vec<String> = (0..values.len()).map(|at| format!("k{at}")).collect();
            let plain = keys.iter().map(String::as_str).zip(values.iter().map(String::as_str));
            let header = baggage_header(plain, std::iter::empty());
            prop_assert!(header.len() <= MAX_BYTES);
            let baggage = read(&[&header]);
            prop_assert!(!baggage.is_cut(), "{}", header);
            for (key, value) in &baggage.members {
                let at: usize = key[1..].parse().unwrap();
                prop_assert_eq!(&*decode(value), values[at].as_str());
            }
        }

        #[test]
        fn any_text_is_read_without_panicking(text in ".{0,300}") {
            let _read = read(&[&text]);
        }
    }
}
