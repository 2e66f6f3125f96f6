//! Who looks, from where and when: the look of the output, the time now, and the zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ragspan_store::StoredRecord;

use super::When;
use crate::style::Style;

/// The circumstances of a question. Tests make their own.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The look of the output.
    pub style: Style,
    /// Now.
    pub now: Timestamp,
    /// The zone in which times are read and shown.
    pub zone: TimeZone,
}

impl Scene {
    /// Here and now; in UTC if so asked, else in the system's zone.
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

    /// In microseconds since the epoch.
    pub(super) fn micros(&self, when: Option<When>) -> Option<i64> {
        when.map(|when| when.micros(self.now, &self.zone))
    }

    /// The title of a column of times, which says in which zone they are.
    pub(super) fn zone_title(&self) -> &'static str {
        let offset = self.zone.to_offset(self.now);
        if offset.is_zero() { "UTC" } else { "local" }
    }

    /// A clock for these records: the time alone where all are of today, else the date too.
    pub(super) fn clock(&self, records: &[StoredRecord]) -> Clock {
        let today = self.now.to_zoned_datetime(self.zone.clone()).date();
        let of_today = |record: &StoredRecord| {
            time_of(record)
                .is_none_or(|time| time.to_zoned_datetime(self.zone.clone()).date() == today)
        };
        Clock {
            zone: self.zone.clone(),
            form: if records.iter().all(of_today) {
                TIME
            } else {
                DATE_AND_TIME
            },
        }
    }

    /// A clock that always shows the date.
    pub(super) fn calendar(&self) -> Clock {
        Clock {
            zone: self.zone.clone(),
            form: DATE_AND_TIME,
        }
    }
}

const TIME: &str = "%H:%M:%S";
const DATE_AND_TIME: &str = "%Y-%m-%d %H:%M:%S";

fn time_of(record: &StoredRecord) -> Option<Timestamp> {
    record.timestamp.parse().ok()
}

/// Shows the times of records.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    zone: TimeZone,
    form: &'static str,
}

impl Clock {
    /// A timestamp of another form is shown whole.
    pub(super) fn show(&self, record: &StoredRecord) -> String {
        match time_of(record) {
            Some(time) => time
                .to_zoned_datetime(self.zone.clone())
                .strftime(self.form)
                .to_string(),
            None => record.timestamp.clone(),
        }
    }

    /// A time in microseconds since the epoch.
    pub(super) fn show_micros(&self, micros: i64) -> String {
        Timestamp::from_microsecond(micros).map_or_else(
            |_| micros.to_string(),
            |time| {
                time.to_zoned_datetime(self.zone.clone())
                    .strftime(self.form)
                    .to_string()
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(now: &str) -> Scene {
        Scene {
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
        let scene = scene("2026-11-23T20:00:00Z");
        assert_eq!(
            scene.clock(std::slice::from_ref(&late)).show(&late),
            "01:00:00"
        );
        let early = at("2026-11-23T09:00:00Z");
        let both = [late, early];
        assert_eq!(scene.clock(&both).show(&both[1]), "2026-11-23 18:00:00");
        assert_eq!(scene.zone_title(), "local");
    }

    #[test]
    fn a_strange_timestamp_is_shown_whole() {
        let odd = at("ééééééééééé");
        let scene = scene("2026-11-23T20:00:00Z");
        assert_eq!(
            scene.clock(std::slice::from_ref(&odd)).show(&odd),
            "ééééééééééé"
        );
        assert_eq!(scene.calendar().show_micros(i64::MAX), i64::MAX.to_string());
    }
}
