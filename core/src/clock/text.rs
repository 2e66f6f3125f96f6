//! Unix microseconds as RFC 3339 text, in UTC.

/// `2025-12-03T22:45:30.123456Z`; years past 9999 are shown as the last instant of 9999.
pub fn rfc3339(unix_micros: u64) -> [u8; 27] {
    const LAST: u64 = 253_402_300_799_999_999;
    let micros = unix_micros.min(LAST);
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (year, month, day) = civil(seconds / 86_400);
    let clock = seconds % 86_400;
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    digits(&mut text[0..4], year);
    digits(&mut text[5..7], month);
    digits(&mut text[8..10], day);
    digits(&mut text[11..13], clock / 3600);
    digits(&mut text[14..16], clock / 60 % 60);
    digits(&mut text[17..19], clock % 60);
    digits(&mut text[20..26], fraction);
    text
}

fn digits(slot: &mut [u8], mut value: u64) {
    for digit in slot.iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).unwrap_or_default();
        value /= 10;
    }
}

/// Year, month and day of a day counted from 1970, by the proleptic Gregorian calendar.
///
/// Counts in years that begin on the first of March, so that the leap day comes last.
fn civil(days: u64) -> (u64, u64, u64) {
    let day = days + 719_468;
    let (era, day_of_era) = (day / 146_097, day % 146_097);
    let leaps = day_of_era / 1_460;
    let year_of_era = (day_of_era - leaps + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(micros: u64) -> String {
        String::from_utf8(rfc3339(micros).to_vec()).unwrap()
    }

    #[test]
    fn known_instants() {
        assert_eq!(text(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(text(951_782_400_000_001), "2000-02-29T00:00:00.000001Z");
        assert_eq!(text(1_764_801_930_123_456), "2025-12-03T22:45:30.123456Z");
        assert_eq!(text(4_107_542_399_999_999), "2100-02-28T23:59:59.999999Z");
        assert_eq!(text(u64::MAX), "9999-12-31T23:59:59.999999Z");
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let mut last = civil(0);
        for day in 1..146_097 {
            let (year, month, date) = civil(day);
            let next_date = (last.0, last.1, last.2 + 1) == (year, month, date);
            let next_month = (last.0, last.1 + 1, 1) == (year, month, date);
            let next_year = (last.0 + 1, 1, 1) == (year, month, date) && last.1 == 12;
            assert!(
                next_date || next_month || next_year,
                "{last:?} then {:?}",
                (year, month, date)
            );
            last = (year, month, date);
        }
        assert_eq!(last, (2369, 12, 31));
    }
}
