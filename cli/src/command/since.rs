//! Reads the beginning of a span of time: so long ago, or a point in time.

use std::str::FromStr;

use jiff::Timestamp;

/// When to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So many microseconds ago.
    Ago(i64),
    /// At this microsecond since the epoch.
    At(i64),
}

impl Since {
    /// In microseconds since the epoch, where now is `now_us`.
    #[must_use]
    pub const fn micros(self, now_us: i64) -> i64 {
        match self {
            Self::Ago(micros) => now_us.saturating_sub(micros),
            Self::At(micros) => micros,
        }
    }
}

/// A text that is no beginning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no time: use 30s, 15m, 24h, 7d, 2w, 2026-11-23 or 2026-11-23T09:41:07Z")]
pub struct UnknownTime(String);

impl FromStr for Since {
    type Err = UnknownTime;

    fn from_str(text: &str) -> Result<Self, UnknownTime> {
        let text = text.trim();
        ago(text)
            .or_else(|| at(text))
            .ok_or_else(|| UnknownTime(text.to_owned()))
    }
}

fn ago(text: &str) -> Option<Since> {
    let unit = text.chars().next_back()?;
    let number: i64 = text
        .strip_suffix(unit)?
        .parse()
        .ok()
        .filter(|number| *number >= 0)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    number.checked_mul(seconds * 1_000_000).map(Since::Ago)
}

fn at(text: &str) -> Option<Since> {
    let whole = format!("{text}T00:00:00Z");
    let time: Timestamp = text.parse().or_else(|_| whole.parse()).ok()?;
    Some(Since::At(time.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_ago_have_a_unit() {
        for (text, seconds) in [("30s", 30), ("15m", 900), ("24h", 86_400), ("7d", 604_800)] {
            assert_eq!(text.parse(), Ok(Since::Ago(seconds * 1_000_000)));
        }
        assert_eq!(Since::Ago(5).micros(100), 95);
        assert_eq!(Since::Ago(i64::MAX).micros(-10), i64::MIN);
    }

    #[test]
    fn points_in_time_are_utc() {
        assert_eq!("1970-01-02".parse(), Ok(Since::At(86_400_000_000)));
        assert_eq!("1970-01-01T00:00:01.5Z".parse(), Ok(Since::At(1_500_000)));
        assert_eq!(Since::At(5).micros(100), 5);
    }

    #[test]
    fn anything_else_is_refused_with_what_would_do() {
        for text in [
            "",
            "h",
            "24",
            "-1h",
            "24y",
            "yesterday",
            "99999999999999999w",
        ] {
            let error = text.parse::<Since>().unwrap_err();
            assert!(error.to_string().contains("24h"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in any::<String>()) {
            match text.parse() {
                Ok(Since::Ago(micros)) => prop_assert!(micros >= 0),
                Ok(Since::At(_)) => prop_assert!(text.contains('-')),
                Err(UnknownTime(said)) => prop_assert_eq!(said, text.trim()),
            }
        }
    }
}
