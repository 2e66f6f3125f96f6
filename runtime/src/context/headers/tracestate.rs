//! W3C `tracestate`: one member for each tracing system on the way. Ragspan's member is the full id of the parent span.

use ragspan_core::SpanId;

const OURS: &str = "ragspan";

/// The limits of the specification.
const MAX_MEMBERS: usize = 32;
const MAX_LENGTH: usize = 512;
const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 256;

/// Longer members are removed first if the state is too long to be sent.
const LONG_MEMBER: usize = 128;

/// The state received so far, over all lines of the header. One malformed member invalidates all of it.
#[derive(Debug, Default)]
pub(crate) struct TraceState {
    others: Vec<Box<str>>,
    ours: Option<SpanId>,
    members: usize,
    length: usize,
    is_broken: bool,
}

impl TraceState {
    /// Reads one line of the header.
    pub(crate) fn line(&mut self, line: &str) {
        // The multiple allows for members that the specification lets us drop, but bounds the memory.
        self.length = self.length.saturating_add(line.len());
        if self.is_broken || self.length > 16 * MAX_LENGTH {
            return self.invalidate();
        }
        for member in line.split(',') {
            let member = member.trim_matches([' ', '\t']);
            if !member.is_empty() && self.member(member).is_none() {
                return self.invalidate();
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
            // Our own member is not kept, since a new one replaces it.
            self.ours = value.parse().ok();
        } else {
            self.others.push(member.into());
        }
        Some(())
    }

    fn invalidate(&mut self) {
        *self = Self {
            length: self.length,
            is_broken: true,
            ..Self::default()
        };
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Returns the id in ragspan's member, and the members of other systems, cut to the length that may be sent.
    pub(crate) fn into_parts(self) -> (Option<SpanId>, Box<str>) {
        let room = MAX_LENGTH - OURS.len() - "=".len() - 36;
        let mut others = self.others;
        let length =
            |others: &[Box<str>]| others.iter().map(|member| member.len() + 1).sum::<usize>();
        if length(&others) > room {
            others.retain(|member| member.len() <= LONG_MEMBER);
        }
        while length(&others) > room || others.len() >= MAX_MEMBERS {
            others.pop();
        }
        (self.ours, others.join(",").into())
    }
}

/// Returns the header of an outbound call. Ragspan's member is first, as the specification requires of the member
/// changed last.
pub(crate) fn tracestate_header(span: SpanId, others: &str) -> String {
    match others {
        "" => format!("{OURS}={span}"),
        others => format!("{OURS}={span},{others}"),
    }
}

/// Returns whether the key is well-formed: a name, or `tenant@system`.
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

    /// The test table of the specification.
    #[test]
    fn valid_members_are_kept_and_a_malformed_one_invalidates_all() {
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
            "one member is ours"
        );
    }

    #[test]
    fn our_member_is_removed_and_written_first_again() {
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
        fn a_written_header_is_within_the_limits(lines in prop::collection::vec("([a-z]{1,9}=[ -~]{0,200},?){0,9}", 0..9)) {
            let mut state = TraceState::default();
            lines.iter().for_each(|line| state.line(line));
            let (_, others) = state.into_parts();
            let span = SpanId::from_bytes([7; 16]);
            let header = tracestate_header(span, &others);
            prop_assert!(header.len() <= MAX_LENGTH && header.split(',').count() <= MAX_MEMBERS);
        }

        #[test]
        fn any_text_is_read_without_panicking(text in ".{0,200}") {
            let _read = read(&[&text]);
        }
    }
}
