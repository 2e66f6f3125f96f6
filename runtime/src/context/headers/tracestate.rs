//! W3C `tracestate`: what each system on the way says of its own; of ours, the full id of the parent.

use ragspan_core::SpanId;

const OURS: &str = "ragspan";

/// The specification's own limits.
const MAX_MEMBERS: usize = 32;
const MAX_LENGTH: usize = 512;
const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 256;

/// When there is too much, members of more than this go first.
const LONG: usize = 128;

/// The state that came, over all lines of its header. One member that is malformed spoils all of it.
#[derive(Debug, Default)]
pub(crate) struct TraceState {
    others: Vec<Box<str>>,
    ours: Option<SpanId>,
    members: usize,
    length: usize,
    broken: bool,
}

impl TraceState {
    pub(crate) fn line(&mut self, line: &str) {
        // Whoever sends more than this means no state.
        self.length = self.length.saturating_add(line.len());
        if self.broken || self.length > 16 * MAX_LENGTH {
            return self.spoil();
        }
        for member in line.split(',') {
            let member = member.trim_matches([' ', '\t']);
            if !member.is_empty() && self.member(member).is_none() {
                return self.spoil();
            }
        }
    }

    fn member(&mut self, member: &str) -> Option<()> {
        self.members += 1;
        let (key, value) = member.split_once('=')?;
        if self.members > MAX_MEMBERS || !is_key(key) || !is_value(value) {
            return None;
        }
        if key == OURS {
            // Of ours only the id is read, and a new one takes its place.
            self.ours = value.parse().ok();
        } else {
            self.others.push(member.into());
        }
        Some(())
    }

    fn spoil(&mut self) {
        *self = Self {
            length: self.length,
            broken: true,
            ..Self::default()
        };
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// The id that we have written, and what others have, no longer than may be sent on.
    pub(crate) fn into_parts(self) -> (Option<SpanId>, Box<str>) {
        let room = MAX_LENGTH - OURS.len() - "=".len() - 36;
        let mut others = self.others;
        let length =
            |others: &[Box<str>]| others.iter().map(|member| member.len() + 1).sum::<usize>();
        if length(&others) > room {
            others.retain(|member| member.len() <= LONG);
        }
        while length(&others) > room || others.len() >= MAX_MEMBERS {
            others.pop();
        }
        (self.ours, others.join(",").into())
    }
}

/// The header of an outbound call: ours first, since it changed last.
pub(crate) fn tracestate_header(span: SpanId, others: &str) -> String {
    match others {
        "" => format!("{OURS}={span}"),
        others => format!("{OURS}={span},{others}"),
    }
}

/// A name, or a tenant's name at a system.
fn is_key(key: &str) -> bool {
    let simple = |text: &str, most: usize, may_begin: fn(u8) -> bool| {
        let bytes = text.as_bytes();
        let inside =
            |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/');
        bytes.len() <= most
            && bytes.first().is_some_and(|first| may_begin(*first))
            && bytes.iter().all(inside)
    };
    let lower = |byte: u8| byte.is_ascii_lowercase();
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    match key.split_once('@') {
        Some((tenant, system)) => simple(tenant, 241, alphanumeric) && simple(system, 14, lower),
        None => simple(key, MAX_KEY, alphanumeric),
    }
}

fn is_value(value: &str) -> bool {
    let inside = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b',' && byte != b'=';
    !value.is_empty()
        && value.len() <= MAX_VALUE
        && !value.ends_with(' ')
        && value.bytes().all(inside)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(lines: &[&str]) -> Option<(Option<SpanId>, String)> {
        let mut state = TraceState::default();
        lines.iter().for_each(|line| state.line(line));
        if state.is_broken() {
            return None;
        }
        let (ours, others) = state.into_parts();
        Some((ours, others.into()))
    }

    fn others(lines: &[&str]) -> Option<String> {
        read(lines).map(|(_, others)| others)
    }

    /// The table of the specification, header by header.
    #[test]
    fn the_good_are_kept_and_the_bad_spoil_all() {
        let key = |length| "z".repeat(length);
        let tenant = format!("{}@{}", "t".repeat(241), "v".repeat(14));
        let kept: [(&[&str], &str); 10] = [
            (&["foo=1"], "foo=1"),
            (&["foo=1,bar=2"], "foo=1,bar=2"),
            (&["foo=1", "bar=2"], "foo=1,bar=2"),
            (&["foo=1 \t , \t bar=2, \t baz=3"], "foo=1,bar=2,baz=3"),
            (&["foo=1,", ",,", "bar=2,"], "foo=1,bar=2"),
            (&[""], ""),
            (&["0123=1"], "0123=1"),
            (&["foo@bar=1"], "foo@bar=1"),
            (&["a-_*/b=1"], "a-_*/b=1"),
            (
                &["foo= !\"#$%&'()*+-./:;<>?@[\\]^_`{|}~"],
                "foo= !\"#$%&'()*+-./:;<>?@[\\]^_`{|}~",
            ),
        ];
        for (lines, expected) in kept {
            assert_eq!(others(lines).as_deref(), Some(expected), "{lines:?}");
        }
        let long = format!("{}=1", key(256));
        assert_eq!(others(&[&long]), Some(long.clone()));
        let long = format!("{tenant}=1");
        assert_eq!(others(&[&long]), Some(long.clone()));
        let long = format!("foo={}", "x".repeat(256));
        assert_eq!(others(&[&long]), Some(long.clone()));
        let bad = [
            "foo =1".to_owned(),
            "FOO=1".to_owned(),
            "foo.bar=1".to_owned(),
            "foo@=1,bar=2".to_owned(),
            "@foo=1,bar=2".to_owned(),
            "foo@@bar=1".to_owned(),
            "foo@bar@baz=1".to_owned(),
            "foo@0bar=1".to_owned(),
            "_foo=1".to_owned(),
            format!("{}=1", key(257)),
            format!("{}@{}=1", "t".repeat(242), "v"),
            format!("t@{}=1", "v".repeat(15)),
            "foo".to_owned(),
            "foo=".to_owned(),
            "=1".to_owned(),
            "foo=bar=baz".to_owned(),
            "foo=1;=2".to_owned(),
            "foo=\u{7f}".to_owned(),
            "foo=é".to_owned(),
            format!("foo={}", "x".repeat(257)),
            (0..33).map(|at| format!("k{at}=1,")).collect(),
        ];
        for text in bad {
            assert_eq!(others(&[&text]), None, "{text}");
            assert_eq!(others(&["good=1", &text]), None, "{text}");
        }
        let most: String = (0..32).map(|at| format!("k{at:02}=1,")).collect();
        assert_eq!(
            others(&[&most]).unwrap().split(',').count(),
            31,
            "one place is ours"
        );
    }

    #[test]
    fn ours_is_taken_out_and_stands_first_again() {
        let id = "01a2073a-c418-7b04-b7ad-6b7169203331";
        let (ours, rest) = read(&[&format!("a=1,ragspan={id},b=2")]).unwrap();
        assert_eq!(
            (ours.unwrap().to_string().as_str(), rest.as_str()),
            (id, "a=1,b=2")
        );
        assert_eq!(
            tracestate_header(ours.unwrap(), &rest),
            format!("ragspan={id},a=1,b=2")
        );
        assert_eq!(
            tracestate_header(ours.unwrap(), ""),
            format!("ragspan={id}")
        );
        assert_eq!(read(&["ragspan=nonsense"]), Some((None, String::new())));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_no_longer_than_may_go(lines in prop::collection::vec("([a-z]{1,9}=[ -~]{0,200},?){0,9}", 0..9)) {
            let mut state = TraceState::default();
            lines.iter().for_each(|line| state.line(line));
            let (_, others) = state.into_parts();
            let span = SpanId::from_bytes([7; 16]);
            let header = tracestate_header(span, &others);
            prop_assert!(header.len() <= MAX_LENGTH && header.split(',').count() <= MAX_MEMBERS);
        }

        #[test]
        fn no_text_does_harm(text in ".{0,200}") {
            let _read = read(&[&text]);
        }
    }
}
