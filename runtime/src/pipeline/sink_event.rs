//! Builds the pipeline's own records: a sink has failed, or has recovered.
//!
//! They are pushed like any other record and go to every sink. The failed sink receives them too once it has recovered,
//! so that its output shows where records may be missing. Each failure is reported once, so these records cause no
//! loop.

use super::sink_health::DegradedKind;
use crate::clock;
use crate::record::{ErrorKind, Failure, Kind, Level, Record};
use crate::value::Value;
use ragspan_core::record::keys;

/// The logger of these records; a directive for it, such as `ragspan=off`, applies to them.
pub(super) const LOGGER: &str = "ragspan";

/// A change of a sink's health that is recorded.
#[derive(Debug)]
pub(super) enum SinkEvent {
    /// The sink has failed.
    Failed {
        sink: &'static str,
        kind: DegradedKind,
        reason: String,
    },
    /// The sink works again after this many microseconds.
    Recovered { sink: &'static str, micros: u64 },
}

impl SinkEvent {
    /// Returns the record's level. A recovery is a WARNING, so that a service whose level hides INFO sees the end of
    /// the failure whose start it saw.
    pub(super) const fn level(&self) -> Level {
        match self {
            Self::Failed { .. } => Level::Critical,
            Self::Recovered { .. } => Level::Warning,
        }
    }

    /// Writes the event into an empty record.
    pub(super) fn fill(&self, record: &mut Record) {
        record.kind = Kind::Event;
        record.level = self.level();
        record.timestamp = clock::now().unix_micros();
        record.target = LOGGER;
        match self {
            Self::Failed { sink, kind, reason } => {
                record.message = Some(record.fields.text.push("sink_failed"));
                record.fields.push_text(keys::SINK.field, sink);
                record.failure = Some(Failure {
                    kind: ErrorKind::Label(kind.label()),
                    message: record.fields.text.push(reason),
                    ..Failure::default()
                });
            }
            Self::Recovered { sink, micros } => {
                record.message = Some(record.fields.text.push("sink_recovered"));
                record.fields.push_text(keys::SINK.field, sink);
                let millis = Value::U64(micros / 1_000);
                record.fields.push(keys::DEGRADED_MS.field, millis);
            }
        }
    }
}
