//! The kinds of values: how each is parsed, and how an error describes it.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use ragspan_core::{duration, spelling};

use crate::pipeline::Levels;
use crate::privacy::compile;
use crate::record::Level;

/// The kind of a key's value. Bounds are inclusive.
#[derive(Clone, Copy, Debug)]
pub(super) enum KeyKind {
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Whole(u64, u64),
    /// A number.
    Number(f64, f64),
    /// A [duration](ragspan_core::duration).
    Duration(Duration, Duration),
    /// A number of bytes, with or without a unit.
    Size(u64, u64),
    /// A time of day.
    Clock,
    /// One of these names.
    Choice(&'static [&'static str]),
    /// A list of these names.
    Choices(&'static [&'static str]),
    /// A list of these names, or `off` for an empty list.
    ChoicesOrOff(&'static [&'static str]),
    /// A level.
    Level,
    /// Level directives.
    Levels,
    /// An IP address.
    Address,
    /// A URL with one of these schemes.
    Url(&'static [&'static str]),
    /// The name of a table.
    Name,
    /// Any text.
    Text,
    /// A list of texts.
    Texts,
    /// A mapping of names to texts.
    Pairs,
    /// A mapping of names to regular expressions.
    Patterns,
}

/// A parsed value. It may be a secret, so it is not `Debug`.
#[derive(Clone, PartialEq)]
pub(super) enum KeyValue {
    Flag(bool),
    Whole(u64),
    Number(f64),
    Duration(Duration),
    Levels(Levels),
    Address(IpAddr),
    Text(String),
    Texts(Vec<String>),
}

/// A type that a lookup of a key returns.
pub(super) trait FromValue {
    /// Returns the value if it is of this type.
    fn from_value(value: &KeyValue) -> Option<&Self>;
}

macro_rules! from_value {
    ($($variant:ident => $type:ty),* $(,)?) => {
        $(
            impl FromValue for $type {
                fn from_value(value: &KeyValue) -> Option<&Self> {
                    match value {
                        KeyValue::$variant(value) => Some(value),
                        _ => None,
                    }
                }
            }
        )*
    };
}

from_value! {
    Flag => bool,
    Whole => u64,
    Number => f64,
    Duration => Duration,
    Levels => Levels,
    Address => IpAddr,
    Text => str,
    Texts => [String],
}

impl KeyKind {
    /// Returns true for a list of scalars.
    pub(super) fn is_list(self) -> bool {
        matches!(self, Self::Choices(_) | Self::ChoicesOrOff(_) | Self::Texts)
    }

    /// Returns true for a mapping of names to scalars.
    pub(super) fn is_map(self) -> bool {
        matches!(self, Self::Pairs | Self::Patterns)
    }

    /// Returns true if a message may quote a value that is not of this kind. Text in the place of a number may be a
    /// secret that was written into the wrong key, so only what begins like a number is quoted.
    pub(super) fn may_quote(self, text: &str) -> bool {
        const MAX_LETTERS: usize = 3;
        match self {
            Self::Whole(..)
            | Self::Number(..)
            | Self::Duration(..)
            | Self::Size(..)
            | Self::Clock => {
                text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
                    && text.chars().filter(|letter| letter.is_alphabetic()).count() <= MAX_LETTERS
            }
            _ => true,
        }
    }

    /// Describes the kind, to follow "expected ".
    pub(super) fn expected(self) -> String {
        match self {
            Self::Flag => "true or false".to_owned(),
            Self::Whole(min, max) => format!("a whole number from {min} to {max}"),
            Self::Number(min, max) => format!("a number from {min} to {max}"),
            Self::Duration(min, max) => format!(
                "a duration such as 15s, from {} to {}",
                shown_duration(min),
                shown_duration(max)
            ),
            Self::Size(min, _) => format!("a number of bytes, such as 64MiB, of at least {min}"),
            Self::Clock => "a time of day, such as 03:10".to_owned(),
            Self::Choice(names) => format!("one of {}", names.join(", ")),
            Self::Choices(names) => format!("a list of {}", names.join(", ")),
            Self::ChoicesOrOff(names) => format!("off, or a list of {}", names.join(", ")),
            Self::Level => "a level, such as WARNING".to_owned(),
            Self::Levels => "a level, or directives".to_owned(),
            Self::Address => "an IP address, such as 127.0.0.1".to_owned(),
            Self::Url(schemes) => format!("an address that begins with {}", prefixes(schemes)),
            Self::Name => {
                "a name of at most 63 letters, digits and underscores that begins with a letter or an underscore"
                    .to_owned()
            }
            Self::Text => "text".to_owned(),
            Self::Texts => "a list of texts".to_owned(),
            Self::Pairs => "names with texts, such as {name: text}".to_owned(),
            Self::Patterns => {
                "names with regular expressions, such as {name: \"[0-9]+\"}".to_owned()
            }
        }
    }

    /// Parses one scalar: the whole value, or an item of a list or mapping.
    ///
    /// The error adds details to [`expected`](Self::expected), and may be empty.
    pub(super) fn read(self, text: &str) -> Result<KeyValue, String> {
        let word = text.trim();
        let value = match self {
            Self::Flag => word.parse().ok().map(KeyValue::Flag),
            Self::Whole(min, max) => whole(word, min, max).map(KeyValue::Whole),
            Self::Number(min, max) => number(word, min, max).map(KeyValue::Number),
            Self::Duration(min, max) => duration::parse(word)
                .ok()
                .filter(|duration| (min..=max).contains(duration))
                .map(KeyValue::Duration),
            Self::Size(min, max) => size(word)
                .filter(|bytes| (min..=max).contains(bytes))
                .map(KeyValue::Whole),
            Self::Address => address(word).map(KeyValue::Address),
            Self::Clock => text_if(word, is_clock(word)),
            Self::Url(schemes) => text_if(word, has_scheme(word, schemes)),
            Self::Name => text_if(word, is_table_name(word)),
            Self::Choice(names) | Self::Choices(names) | Self::ChoicesOrOff(names) => {
                return choice(word, names);
            }
            Self::Level => word
                .parse()
                .ok()
                .map(|level: Level| KeyValue::Levels(level.into())),
            Self::Levels => {
                let levels = Levels::parse(word, Some(Level::Info)).map(KeyValue::Levels);
                return levels.map_err(|error| error.to_string());
            }
            Self::Text | Self::Texts | Self::Pairs => return plain(text),
            Self::Patterns => {
                let pattern = compile(text).map(|_| KeyValue::Text(text.to_owned()));
                return pattern.map_err(|error| error.to_string());
            }
        };
        value.ok_or_else(String::new)
    }

    /// Parses a default of the list of keys.
    pub(super) fn read_default(self, text: &str) -> Option<KeyValue> {
        if !self.is_list() {
            return self.read(text).ok();
        }
        let items = text.strip_prefix('[')?.strip_suffix(']')?.split(", ");
        let mut items = items.filter(|item| !item.is_empty());
        let texts = items.clone().map(str::to_owned).collect();
        items
            .all(|item| self.read(item).is_ok())
            .then_some(KeyValue::Texts(texts))
    }
}

fn prefixes(schemes: &[&str]) -> String {
    let prefixes: Vec<_> = schemes
        .iter()
        .map(|scheme| format!("{scheme}://"))
        .collect();
    prefixes.join(" or ")
}

/// Parses digits without a sign, a decimal point or an exponent.
fn whole(text: &str, min: u64, max: u64) -> Option<u64> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_digits.then(|| text.parse().ok()).flatten()?;
    (min..=max).contains(&number).then_some(number)
}

fn number(text: &str, min: f64, max: f64) -> Option<f64> {
    let is_number = text.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    let number = is_number.then(|| text.parse().ok()).flatten()?;
    (min..=max).contains(&number).then_some(number)
}

fn size(text: &str) -> Option<u64> {
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    let (count, unit) = text.split_at_checked(end.unwrap_or(text.len()))?;
    let scale = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "kib" => 1 << 10,
        "mb" => 1_000_000,
        "mib" => 1 << 20,
        "gb" => 1_000_000_000,
        "gib" => 1 << 30,
        _ => return None,
    };
    let count: u64 = count.parse().ok()?;
    count.checked_mul(scale)
}

fn shown_duration(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{}ms", duration.as_millis()),
        seconds if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        seconds => format!("{seconds}s"),
    }
}

fn text_if(text: &str, is_valid: bool) -> Option<KeyValue> {
    is_valid.then(|| KeyValue::Text(text.to_owned()))
}

fn is_clock(text: &str) -> bool {
    let Some((hour, minute)) = text.split_once(':') else {
        return false;
    };
    let two_digits = |text: &str, max| text.len() == 2 && whole(text, 0, max).is_some();
    two_digits(hour, 23) && two_digits(minute, 59)
}

fn choice(name: &str, names: &[&str]) -> Result<KeyValue, String> {
    if names.contains(&name) {
        return Ok(KeyValue::Text(name.to_owned()));
    }
    let near = spelling::nearest(name, names.iter().copied());
    Err(near.map_or_else(String::new, |near| format!("did you mean `{near}`?")))
}

fn address(text: &str) -> Option<IpAddr> {
    if text == "localhost" {
        return Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    text.parse().ok()
}

fn has_scheme(text: &str, schemes: &[&str]) -> bool {
    let rest = |scheme| text.strip_prefix(scheme)?.strip_prefix("://");
    schemes
        .iter()
        .find_map(|scheme| rest(*scheme))
        .is_some_and(|rest| {
            rest.starts_with(|first: char| first != '/' && !first.is_whitespace())
                && !text.contains(char::is_whitespace)
        })
}

fn is_table_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next();
    text.len() <= 63
        && first.is_some_and(|byte| byte == b'_' || byte.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

fn plain(text: &str) -> Result<KeyValue, String> {
    if text.trim().is_empty() {
        return Err("the text is empty".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("the text has control characters".to_owned());
    }
    Ok(KeyValue::Text(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const DAY: Duration = Duration::from_secs(86_400);

    fn check(kind: KeyKind, valid: &[&str], invalid: &[&str]) {
        for text in valid {
            assert!(kind.read(text).is_ok(), "{kind:?} {text}");
        }
        for text in invalid {
            assert!(kind.read(text).is_err(), "{kind:?} {text}");
        }
    }

    #[test]
    fn each_kind_accepts_its_values_and_rejects_others() {
        check(KeyKind::Flag, &["true", "false"], &["yes", "True", "1", ""]);
        check(
            KeyKind::Whole(1, 9),
            &["1", "9"],
            &["0", "10", "+1", "1.0", "1e0", "-1", "", "٣"],
        );
        check(
            KeyKind::Number(0.0, 1.0),
            &["0", "1", "0.10", ".5"],
            &["1.1", "-0.1", "nan", "inf", "+1", ""],
        );
        check(
            KeyKind::Duration(SECOND, DAY),
            &["15s", "1h", "1d", "1000ms", "2 m", "1.5s", "1h30m"],
            &["15", "999ms", "2d", "s", "-1s", "99999999999999999999s"],
        );
        check(
            KeyKind::Size(10, 1 << 40),
            &["10", "64MiB", "1GB", "1 gib"],
            &["9", "1XB", "-1", "99999999999GiB"],
        );
        check(
            KeyKind::Clock,
            &["03:10", "23:59", "00:00"],
            &["24:00", "3:10", "03:60", "0310", "03:10:00"],
        );
        check(
            KeyKind::Address,
            &["127.0.0.1", "::1", "localhost"],
            &["127.0.0.1:80", "example.com", "256.0.0.1"],
        );
        check(
            KeyKind::Url(&["https"]),
            &["https://a.b/c?d"],
            &["http://a", "https://", "https:///x", "https://a b", "a"],
        );
        check(
            KeyKind::Name,
            &["logs", "_a1"],
            &["1a", "a-b", "", "logs;drop", &"a".repeat(64)],
        );
        check(KeyKind::Text, &["a", " x y "], &["", "  ", "a\0b", "a\nb"]);
        check(
            KeyKind::Level,
            &["info", "WARNING", "warn"],
            &["loud", "", "off,a=debug"],
        );
        check(KeyKind::Levels, &["info", "off,a=debug"], &["loud", ""]);
    }

    #[test]
    fn a_misspelled_choice_gets_a_suggestion() {
        let error = KeyKind::Choice(&["json", "pretty"]).read("prety").err();
        assert_eq!(error.as_deref(), Some("did you mean `pretty`?"));
        assert_eq!(
            KeyKind::Choice(&["json"]).read("banana").err().as_deref(),
            Some("")
        );
    }

    #[test]
    fn the_expectation_includes_the_bounds() {
        assert_eq!(
            KeyKind::Whole(1, 5).expected(),
            "a whole number from 1 to 5"
        );
        assert!(
            KeyKind::Duration(SECOND, DAY)
                .expected()
                .ends_with("from 1s to 24h")
        );
    }

    #[test]
    fn a_value_is_read_with_the_type_of_its_kind() {
        let duration = KeyKind::Duration(SECOND, DAY).read("1m").unwrap();
        assert_eq!(
            Duration::from_value(&duration),
            Some(&Duration::from_secs(60))
        );
        assert_eq!(bool::from_value(&duration), None);
        let size = KeyKind::Size(0, u64::MAX).read("2KiB").unwrap();
        assert_eq!(u64::from_value(&size), Some(&2048));
        let rate = KeyKind::Number(0.0, 1.0).read("0.10").unwrap();
        assert_eq!(f64::from_value(&rate), Some(&0.1));
        let time = KeyKind::Clock.read("03:10").unwrap();
        assert_eq!(str::from_value(&time), Some("03:10"));
    }

    proptest! {
        #[test]
        fn no_text_causes_a_panic(text in any::<String>(), number in any::<u64>()) {
            for key in super::super::keys::KEYS {
                let read = key.kind.read(&text);
                prop_assert!(read.is_ok() || !key.kind.expected().is_empty());
            }
            prop_assert_eq!(whole(&number.to_string(), 0, u64::MAX), Some(number));
        }
    }
}
