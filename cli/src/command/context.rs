//! The inputs of rendering beside the records: the style, the current time, and the time zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ragspan_store::StoredRecord;

use super::error::ReversedPeriod;
use super::when::When;
use crate::style::Style;

/// The style, the time and the zone that a command renders with. Tests set their own.
#[derive(Debug, Clone)]
pub struct RenderContext {
    /// The style of the output.
    pub style: Style,
    /// The current time.
    pub now: Timestamp,
    /// The zone in which times are parsed and shown.
    pub zone: TimeZone,
}

impl RenderContext {
    /// Returns a context with the current time, in UTC if `utc` is set and in the system's zone otherwise.
    #[must_use]
    pub fn now(style: &Style, utc: bool) -> Self {
        Self {
            style: *style,
            now: Timestamp::now(),
            zone: if utc {
                TimeZone::UTC
            } else {
                TimeZone::system()
            },
        }
    }

    /// Resolves the options `--since` and `--until` to microseconds since the epoch.
    ///
    /// # Errors
    /// If no time is between them.
    pub(super) fn period(
        &self,
        since: Option<When>,
        until: Option<When>,
    ) -> Result<(Option<i64>, Option<i64>), ReversedPeriod> {
        let micros = |when: When| when.micros(self.now, &self.zone);
        let (since, until) = (since.map(micros), until.map(micros));
        match (since, until) {
            (Some(since), Some(until)) if since >= until => {
                let shown = |micros| self.date_format().format_micros(micros);
                Err(ReversedPeriod {
                    since: shown(since),
                    until: shown(until),
                    zone: self.zone_title(),
                })
            }
            period => Ok(period),
        }
    }

    /// Returns the title of a column of times: its zone.
    pub(super) fn zone_title(&self) -> &'static str {
        let offset = self.zone.to_offset(self.now);
        if offset.is_zero() { "UTC" } else { "local" }
    }

    /// Returns a format for the times of these records: without the date if all are of today.
    pub(super) fn time_format(&self, records: &[StoredRecord]) -> TimeFormat {
        let today = self.now.to_zoned_datetime(self.zone.clone()).date();
        let of_today = |record: &StoredRecord| {
            time_of(record)
                .is_none_or(|time| time.to_zoned_datetime(self.zone.clone()).date() == today)
        };
        TimeFormat {
            zone: self.zone.clone(),
            pattern: if records.iter().all(of_today) {
                TIME
            } else {
                DATE_AND_TIME
            },
        }
    }

    /// Returns a format with the date.
    pub(super) fn date_format(&self) -> TimeFormat {
        TimeFormat {
            zone: self.zone.clone(),
            pattern: DATE_AND_TIME,
        }
    }
}

const TIME: &str = "%H:%M:%S";
const DATE_AND_TIME: &str = "%Y-%m-%d %H:%M:%S";

fn time_of(record: &StoredRecord) -> Option<Timestamp> {
    record.timestamp.parse().ok()
}

/// Formats the times of records in one zone.
#[derive(Debug, Clone)]
pub(super) struct TimeFormat {
    zone: TimeZone,
    pattern: &'static str,
}

impl TimeFormat {
    /// Formats the timestamp of a record; one that cannot be parsed is returned unchanged.
    pub(super) fn format(&self, record: &StoredRecord) -> String {
        match time_of(record) {
            Some(time) => time
                .to_zoned_datetime(self.zone.clone())
                .strftime(self.pattern)
                .to_string(),
            None => record.timestamp.clone(),
        }
    }

    /// Formats a time in microseconds since the epoch.
    pub(super) fn format_micros(&self, micros: i64) -> String {
        Timestamp::from_microsecond(micros).map_or_else(
            |_| micros.to_string(),
            |time| {
                time.to_zoned_datetime(self.zone.clone())
                    .strftime(self.pattern)
                    .to_string()
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(now: &str) -> RenderContext {
        RenderContext {
            style: Style::PLAIN,
            now: now.parse().expect("a time"),
            zone: TimeZone::fixed(jiff::tz::offset(9)),
        }
    }

    fn at(timestamp: &str) -> StoredRecord {
        StoredRecord {
            timestamp: timestamp.into(),
            ..StoredRecord::default()
        }
    }

    #[test]
    fn the_date_is_shown_where_it_is_not_today_in_the_zone() {
        let late = at("2026-11-23T16:00:00.123456Z");
        let context = context("2026-11-23T20:00:00Z");
        assert_eq!(
            context
                .time_format(std::slice::from_ref(&late))
                .format(&late),
            "01:00:00"
        );
        let early = at("2026-11-23T09:00:00Z");
        let both = [late, early];
        assert_eq!(
            context.time_format(&both).format(&both[1]),
            "2026-11-23 18:00:00"
        );
        assert_eq!(context.zone_title(), "local");
    }

    #[test]
    fn a_timestamp_that_cannot_be_parsed_is_shown_unchanged() {
        let odd = at("ééééééééééé");
        let context = context("2026-11-23T20:00:00Z");
        assert_eq!(
            context.time_format(std::slice::from_ref(&odd)).format(&odd),
            "ééééééééééé"
        );
        assert_eq!(
            context.date_format().format_micros(i64::MAX),
            i64::MAX.to_string()
        );
    }
}
