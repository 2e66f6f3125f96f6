//! The stopped time of a test: parsing an instant, and advancing.

use std::time::Duration;

use crate::clock::fake;

/// Advances the time of the enclosing capture, which [`Capture::at`](super::Capture::at) has stopped, in whole
/// microseconds.
///
/// # Panics
///
/// Outside of a capture with stopped time.
#[track_caller]
pub fn advance(by: Duration) {
    let moved = fake::current().is_some_and(|fake| fake.advance(by));
    assert!(
        moved,
        "time is not stopped: run this code in a capture that stops it, \
         `Capture::new().at(\"2026-01-01T00:00:00Z\")`, on its thread or with its context on another"
    );
}

/// Parses an instant in RFC 3339, in UTC, to microseconds since the Unix epoch.
pub(super) fn unix_micros(text: &str) -> Option<u64> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let (clock, fraction) = rest.strip_suffix(['Z', 'z'])?.split_once('.').unzip();
    let clock = clock.or(rest.strip_suffix(['Z', 'z']))?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let days = days(year, month, day)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(seconds * 1_000_000 + fraction.map_or(Some(0), micros)?)
}

/// Parses three numbers with these numbers of digits.
fn numbers(text: &str, between: char, widths: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(between);
    let mut found = [0; 3];
    for (slot, width) in found.iter_mut().zip(widths) {
        *slot = number(parts.next().filter(|part| part.len() == width)?)?;
    }
    parts.next().is_none().then_some(found)
}

fn number(digits: &str) -> Option<u64> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// Parses one to six digits after the point.
fn micros(digits: &str) -> Option<u64> {
    let missing = 6_usize.checked_sub(digits.len())?;
    Some(number(digits)? * 10_u64.pow(u32::try_from(missing).ok()?))
}

/// Returns the days from 1970 to this date.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    const LENGTHS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let is_leap =
        |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let length = |month: usize| LENGTHS[month] + u64::from(month == 1 && is_leap(year));
    let month = usize::try_from(month)
        .ok()?
        .checked_sub(1)
        .filter(|month| *month < 12)?;
    if year < 1970 || day == 0 || day > length(month) {
        return None;
    }
    let before: u64 = (1970..year)
        .map(|year| 365 + u64::from(is_leap(year)))
        .sum();
    Some(before + (0..month).map(length).sum::<u64>() + day - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::rfc3339;

    #[test]
    fn instants_are_parsed() {
        assert_eq!(unix_micros("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(
            unix_micros("2026-01-01T00:00:00Z"),
            Some(1_767_225_600_000_000)
        );
        assert_eq!(
            unix_micros("2000-02-29 00:00:00.5z"),
            Some(951_782_400_500_000)
        );
    }

    #[test]
    fn an_invalid_instant_is_rejected() {
        for text in [
            "",
            "T",
            "TZ",
            "2026",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00+01:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567Z",
            "1969-12-31T23:59:59Z",
            "+026-01-01T00:00:00Z",
            "2026-01-01-01T00:00:00Z",
        ] {
            assert_eq!(unix_micros(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_written_timestamp_is_read_back(micros in 0..253_402_300_800_000_000_u64) {
            let text = String::from_utf8(rfc3339(micros).to_vec()).unwrap();
            prop_assert_eq!(unix_micros(&text), Some(micros));
        }

        #[test]
        fn any_text_is_parsed_without_a_panic(text in any::<String>()) {
            let _ = unix_micros(&text);
        }
    }

    #[test]
    #[should_panic(expected = "run this code in a capture that stops it")]
    fn advance_panics_outside_a_capture_that_stops_time() {
        super::super::Capture::new()
            .seed(1)
            .run(|| advance(Duration::from_secs(1)));
    }
}
