//! Parses a point in time: a duration before now, a date, or a clock time today or yesterday.

use std::str::FromStr;

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use ragspan_core::duration;

/// A point in time that may be relative to the current time and the time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A number of microseconds before now.
    Ago(i64),
    /// A point in time with its zone.
    At(Timestamp),
    /// A date and a clock time in the user's zone.
    Civil(DateTime),
    /// A number of days before today, at a clock time.
    Day(i64, Time),
    /// A clock time today, or yesterday if it is not yet that late.
    Clock(Time),
}

impl When {
    /// Returns the time in microseconds since the epoch, relative to `now` and `zone`.
    #[must_use]
    pub fn micros(self, now: Timestamp, zone: &TimeZone) -> i64 {
        match self {
            Self::Ago(micros) => now.as_microsecond().saturating_sub(micros),
            Self::At(time) => time.as_microsecond(),
            Self::Civil(time) => in_zone(time, zone),
            Self::Day(back, time) => on_day(now, zone, back, time),
            Self::Clock(time) => {
                let today = on_day(now, zone, 0, time);
                if today > now.as_microsecond() {
                    on_day(now, zone, 1, time)
                } else {
                    today
                }
            }
        }
    }
}

fn on_day(now: Timestamp, zone: &TimeZone, back: i64, time: Time) -> i64 {
    let today = now.to_zoned_datetime(zone.clone()).date();
    let day = today.saturating_sub(Span::new().days(back));
    in_zone(day.to_datetime(time), zone)
}

/// Moves a clock time that a change to daylight saving time skips on by the gap. A time that cannot be represented counts as
/// earlier than every record.
fn in_zone(time: DateTime, zone: &TimeZone) -> i64 {
    zone.to_timestamp(time)
        .map_or(i64::MIN, Timestamp::as_microsecond)
}

/// The text is not a time.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a time: use 30s, 15m, 24h, 7d, 2w, 09:30, today 09:30, `yesterday 14:00`, 2025-12-03 or 2025-12-03T22:45"
)]
pub struct UnknownTime(String);

ragspan_core::debug_as_display!(UnknownTime);

impl FromStr for When {
    type Err = UnknownTime;

    fn from_str(text: &str) -> Result<Self, UnknownTime> {
        let text = text.trim();
        ago(text)
            .or_else(|| day(text))
            .or_else(|| clock(text))
            .or_else(|| text.parse().ok().map(Self::At))
            .or_else(|| text.parse().ok().map(Self::Civil))
            .ok_or_else(|| UnknownTime(text.to_owned()))
    }
}

/// Parses `90m`, `1h30m`, `now`.
fn ago(text: &str) -> Option<When> {
    if text == "now" {
        return Some(When::Ago(0));
    }
    let ago = duration::parse(text).ok()?;
    i64::try_from(ago.as_micros()).ok().map(When::Ago)
}

/// Parses `today`, `yesterday 14:00`.
fn day(text: &str) -> Option<When> {
    let (word, time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    let back = match word {
        "today" => 0,
        "yesterday" => 1,
        _ => return None,
    };
    let time = match time.trim() {
        "" => Time::midnight(),
        time => time.parse().ok()?,
    };
    Some(When::Day(back, time))
}

/// Parses `09:30` and `09:30:15`.
fn clock(text: &str) -> Option<When> {
    let is_clock = text.contains(':') && text.chars().all(|c| c.is_ascii_digit() || c == ':');
    let time = is_clock.then(|| text.parse().ok())??;
    Some(When::Clock(time))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn berlin() -> TimeZone {
        // One hour ahead in winter, two from the last Sunday of March to the last of October.
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone")
    }

    fn shown(text: &str) -> String {
        let now = "2026-11-23T00:30:00Z".parse().expect("a time");
        let when: When = text.parse().expect(text);
        Timestamp::from_microsecond(when.micros(now, &berlin()))
            .expect("within time")
            .to_string()
    }

    #[test]
    fn times_are_parsed_in_every_form() {
        for (text, expected) in [
            ("24h", "2026-11-22T00:30:00Z"),
            ("90m", "2026-11-22T23:00:00Z"),
            ("1h30m", "2026-11-22T23:00:00Z"),
            ("7d", "2026-11-16T00:30:00Z"),
            ("2w", "2026-11-09T00:30:00Z"),
            ("1.5h", "2026-11-22T23:00:00Z"),
            ("now", "2026-11-23T00:30:00Z"),
            ("today", "2026-11-22T23:00:00Z"),
            ("today 09:30", "2026-11-23T08:30:00Z"),
            ("yesterday 14:00", "2026-11-22T13:00:00Z"),
            // It is 01:30 in Berlin.
            ("01:15", "2026-11-23T00:15:00Z"),
            ("01:30", "2026-11-23T00:30:00Z"),
            ("01:30:01", "2026-11-22T00:30:01Z"),
            ("09:30", "2026-11-22T08:30:00Z"),
            ("2025-12-03", "2025-12-02T23:00:00Z"),
            ("2025-12-03T22:45", "2025-12-03T21:45:00Z"),
            ("2025-12-03 22:45:30", "2025-12-03T21:45:30Z"),
            ("2025-12-03T22:45:00Z", "2025-12-03T22:45:00Z"),
            ("2025-12-03T22:45:00.5+02:00", "2025-12-03T20:45:00.5Z"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_time_that_daylight_saving_skips_is_moved_on() {
        assert_eq!(shown("2026-03-29T02:30"), "2026-03-29T01:30:00Z");
    }

    #[test]
    fn any_other_text_is_rejected_with_the_valid_forms() {
        for text in [
            "",
            "h",
            "24",
            "-1h",
            "24y",
            "tomorrow",
            "yesterday noon",
            "1h 30",
            "2025-13-01",
            "99999999999999999w",
            "9é",
            "25:00",
            "9:",
        ] {
            let error = text.parse::<When>().expect_err(text);
            assert!(error.to_string().contains("24h"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_a_panic(text in any::<String>(), now in -1_i64 << 40..1 << 40) {
            if let Ok(when) = text.parse::<When>() {
                let now = Timestamp::from_second(now / 100_000).expect("within time");
                _ = when.micros(now, &berlin());
            }
        }

        #[test]
        fn any_time_ago_is_before_now(number in 0_u32..10_000, unit in "[smhdw]") {
            let when: When = format!("{number}{unit}").parse().expect("a time");
            prop_assert!(when.micros(Timestamp::UNIX_EPOCH, &TimeZone::UTC) <= 0);
        }
    }
}
