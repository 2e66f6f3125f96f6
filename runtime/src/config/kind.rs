//! The kinds of values: how each is read from text, and what is said when it cannot be.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::pipeline::Levels;
use crate::privacy::compile;
use crate::record::Level;

/// What a value may be. Bounds are inclusive.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// true or false.
    Flag,
    /// A whole number.
    Whole(u64, u64),
    /// A number.
    Number(f64, f64),
    /// A time with its unit, bounded in milliseconds.
    Duration(u64, u64),
    /// A number of bytes, with a unit or without.
    Size(u64, u64),
    /// A time of the day.
    Clock,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Some of these words.
    Words(&'static [&'static str]),
    /// Some of these words, or `off` for none.
    WordsOrOff(&'static [&'static str]),
    /// Directives for levels.
    Levels,
    /// An IP address.
    Address,
    /// An address with one of these schemes.
    Url(&'static [&'static str]),
    /// The name of a table.
    Name,
    /// Any text.
    Text,
    /// Any texts.
    Texts,
    /// Any texts with names.
    Pairs,
    /// Regular expressions with names.
    Patterns,
}

/// A value that was read.
#[derive(Clone, PartialEq)]
pub(super) enum Value {
    Flag(bool),
    Whole(u64),
    Levels(Levels),
    Address(IpAddr),
    Text(String),
    Texts(Vec<String>),
    /// Read and checked, but used by nothing in this build.
    Checked,
}

impl Kind {
    /// Whether it is made of several scalars.
    pub(super) fn is_list(self) -> bool {
        matches!(self, Self::Words(_) | Self::WordsOrOff(_) | Self::Texts)
    }

    /// What is expected, to follow "expected ".
    pub(super) fn expected(self) -> String {
        match self {
            Self::Flag => "true or false".to_owned(),
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Duration(least, most) => format!(
                "a time with its unit, such as 15s, from {} to {}",
                shown_time(least),
                shown_time(most)
            ),
            Self::Size(least, _) => {
                format!("a number of bytes, such as 64MiB, of at least {least}")
            }
            Self::Clock => "a time of the day, such as 03:10".to_owned(),
            Self::Word(words) => format!("one of {}", words.join(", ")),
            Self::Words(words) => format!("a list of {}", words.join(", ")),
            Self::WordsOrOff(words) => format!("off, or a list of {}", words.join(", ")),
            Self::Levels => "a level, or directives".to_owned(),
            Self::Address => "an IP address, such as 127.0.0.1".to_owned(),
            Self::Url(schemes) => format!("an address that begins with {}", begins(schemes)),
            Self::Name => {
                "a name of at most 63 letters, digits and underscores that begins with no digit"
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

    /// Reads one scalar: the whole value, or an item of a list. The error says what else is wrong, if anything.
    pub(super) fn read(self, text: &str) -> Result<Value, String> {
        let word = text.trim();
        let checked = |fits: bool| fits.then_some(Value::Checked).ok_or_else(String::new);
        match self {
            Self::Flag => word.parse().map(Value::Flag).map_err(|_| String::new()),
            Self::Whole(least, most) => whole(word, least, most)
                .map(Value::Whole)
                .ok_or_else(String::new),
            Self::Number(least, most) => checked(number(word, least, most)),
            Self::Duration(least, most) => {
                checked(duration(word).is_some_and(|ms| (least..=most).contains(&ms)))
            }
            Self::Size(least, most) => size(word)
                .filter(|bytes| (least..=most).contains(bytes))
                .map(Value::Whole)
                .ok_or_else(String::new),
            Self::Clock => checked(clock(word)),
            Self::Word(words) | Self::Words(words) | Self::WordsOrOff(words) => a_word(word, words),
            Self::Levels => Levels::parse(word, Some(Level::Info))
                .map(Value::Levels)
                .map_err(|error| error.to_string()),
            Self::Address => address(word).map(Value::Address).ok_or_else(String::new),
            Self::Url(schemes) => checked(has_scheme(word, schemes)),
            Self::Name => checked(name(word)),
            Self::Text | Self::Texts | Self::Pairs => plain(text),
            Self::Patterns => compile(text)
                .map(|_| Value::Text(text.to_owned()))
                .map_err(|error| error.to_string()),
        }
    }

    /// Reads a default of the list of keys.
    pub(super) fn read_default(self, text: &str) -> Option<Value> {
        if self.is_list() {
            let items = text.strip_prefix('[')?.strip_suffix(']')?.split(", ");
            let items = items.filter(|item| !item.is_empty());
            let fits = |item: &&str| self.read(item).is_ok();
            return items
                .clone()
                .all(|item| fits(&item))
                .then(|| Value::Texts(items.map(str::to_owned).collect()));
        }
        self.read(text).ok()
    }

    #[cfg(test)]
    pub(super) fn check_default(self, text: &str) -> bool {
        self.read_default(text).is_some()
    }
}

fn begins(schemes: &[&str]) -> String {
    let schemes: Vec<_> = schemes
        .iter()
        .map(|scheme| format!("{scheme}://"))
        .collect();
    schemes.join(" or ")
}

/// Digits alone: no sign, no point, no exponent.
fn whole(text: &str, least: u64, most: u64) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten()?;
    (least..=most).contains(&number).then_some(number)
}

fn number(text: &str, least: f64, most: f64) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    begins
        && text
            .parse()
            .is_ok_and(|number: f64| (least..=most).contains(&number))
}

/// In milliseconds.
fn duration(text: &str) -> Option<u64> {
    let (count, unit) = split_unit(text)?;
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    count.checked_mul(unit)
}

fn size(text: &str) -> Option<u64> {
    let (count, unit) = split_unit(text)?;
    let unit = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "kib" => 1 << 10,
        "mb" => 1_000_000,
        "mib" => 1 << 20,
        "gb" => 1_000_000_000,
        "gib" => 1 << 30,
        _ => return None,
    };
    count.checked_mul(unit)
}

fn split_unit(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    let (count, unit) = text.split_at_checked(end.unwrap_or(text.len()))?;
    Some((count.parse().ok()?, unit.trim_start()))
}

fn shown_time(ms: u64) -> String {
    let longest = Duration::from_millis(ms).as_secs();
    match longest {
        0 => format!("{ms}ms"),
        seconds if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        seconds => format!("{seconds}s"),
    }
}

fn clock(text: &str) -> bool {
    let Some((hour, minute)) = text.split_once(':') else {
        return false;
    };
    let two = |text: &str, most| text.len() == 2 && whole(text, 0, most).is_some();
    two(hour, 23) && two(minute, 59)
}

fn a_word(word: &str, words: &[&str]) -> Result<Value, String> {
    if words.contains(&word) {
        return Ok(Value::Text(word.to_owned()));
    }
    Err(super::spelling::did_you_mean(word, words.iter().copied()))
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

fn name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next();
    text.len() <= 63
        && first.is_some_and(|byte| byte == b'_' || byte.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

fn plain(text: &str) -> Result<Value, String> {
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("it has control characters".to_owned());
    }
    Ok(Value::Text(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fits(kind: Kind, text: &str) -> bool {
        kind.read(text).is_ok()
    }

    fn check(kind: Kind, good: &[&str], bad: &[&str]) {
        good.iter()
            .for_each(|text| assert!(fits(kind, text), "{kind:?} {text}"));
        bad.iter()
            .for_each(|text| assert!(!fits(kind, text), "{kind:?} {text}"));
    }

    #[test]
    fn each_kind_takes_what_it_says_and_nothing_else() {
        check(Kind::Flag, &["true", "false"], &["yes", "True", "1", ""]);
        check(
            Kind::Whole(1, 9),
            &["1", "9"],
            &["0", "10", "+1", "1.0", "1e0", "-1", "", "٣"],
        );
        check(
            Kind::Number(0.0, 1.0),
            &["0", "1", "0.10", ".5"],
            &["1.1", "-0.1", "nan", "inf", "+1", ""],
        );
        check(
            Kind::Duration(1_000, 86_400_000),
            &["15s", "1h", "1d", "1000ms", "2 m"],
            &[
                "15",
                "999ms",
                "2d",
                "s",
                "-1s",
                "1.5s",
                "99999999999999999999s",
            ],
        );
        check(
            Kind::Size(10, 1 << 40),
            &["10", "64MiB", "1GB", "1 gib"],
            &["9", "1XB", "-1", "99999999999GiB"],
        );
        check(
            Kind::Clock,
            &["03:10", "23:59", "00:00"],
            &["24:00", "3:10", "03:60", "0310", "03:10:00"],
        );
        check(
            Kind::Address,
            &["127.0.0.1", "::1", "localhost"],
            &["127.0.0.1:80", "example.com", "256.0.0.1"],
        );
        check(
            Kind::Url(&["https"]),
            &["https://a.b/c?d"],
            &["http://a", "https://", "https:///x", "https://a b", "a"],
        );
        check(
            Kind::Name,
            &["logs", "_a1"],
            &["1a", "a-b", "", "logs;drop", &"a".repeat(64)],
        );
        check(Kind::Text, &["a", " x y "], &["", "  ", "a\0b", "a\nb"]);
        check(Kind::Levels, &["info", "off,a=debug"], &["loud", ""]);
    }

    #[test]
    fn a_misspelled_word_is_answered_with_the_likely_one() {
        let error = Kind::Word(&["json", "pretty"]).read("prety").err();
        assert_eq!(error.as_deref(), Some("did you mean `pretty`?"));
        assert_eq!(
            Kind::Word(&["json"]).read("banana").err().as_deref(),
            Some("")
        );
    }

    #[test]
    fn bounds_are_told() {
        assert_eq!(Kind::Whole(1, 5).expected(), "a whole number from 1 to 5");
        assert!(
            Kind::Duration(1_000, 86_400_000)
                .expected()
                .ends_with("from 1s to 24h")
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in any::<String>(), number in any::<u64>()) {
            for key in super::super::keys::KEYS {
                let read = key.kind.read(&text);
                prop_assert!(read.is_ok() || !key.kind.expected().is_empty());
            }
            prop_assert_eq!(whole(&number.to_string(), 0, u64::MAX), Some(number));
        }
    }
}
