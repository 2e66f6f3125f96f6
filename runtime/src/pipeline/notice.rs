//! The records that the pipeline leaves of itself: a sink has failed, or is well again.
//!
//! They go the way of all records, to every sink, the ill one too: it has them when it is well again, and shows
//! where its gap is. As a trouble is told once, they make no loop.

use super::trouble::Illness;
use crate::clock;
use crate::record::{ErrorKind, Failure, Kind, Level, Record};
use crate::value::Value;
use ragspan_core::record::keys;

/// Their logger; a directive for it, such as `ragspan=off`, holds for them.
pub(super) const LOGGER: &str = "ragspan";

/// What there is to say of a sink.
#[derive(Debug)]
pub(super) enum Notice {
    /// A trouble has begun.
    Failed {
        sink: &'static str,
        illness: Illness,
    },
    /// It is over, after so many microseconds.
    Recovered { sink: &'static str, micros: u64 },
}

impl Notice {
    /// A service whose level hides INFO should still see the end of what it saw begin.
    pub(super) const fn level(&self) -> Level {
        match self {
            Self::Failed { .. } => Level::Critical,
            Self::Recovered { .. } => Level::Warning,
        }
    }

    /// Makes an empty record say this.
    pub(super) fn fill(&self, record: &mut Record) {
        record.kind = Kind::Event;
        record.level = self.level();
        record.timestamp = clock::now().unix_micros();
        record.target = LOGGER;
        match self {
            Self::Failed { sink, illness } => {
                record.message = Some(record.fields.text.push("sink_failed"));
                record.fields.push_text(keys::SINK.field, sink);
                record.failure = Some(Failure {
                    kind: ErrorKind::Label(illness.ailment.label()),
                    message: record.fields.text.push(&illness.why),
                    ..Failure::default()
                });
            }
            Self::Recovered { sink, micros } => {
                record.message = Some(record.fields.text.push("sink_recovered"));
                record.fields.push_text(keys::SINK.field, sink);
                let millis = Value::U64(micros / 1_000);
                record.fields.push(keys::ILL_MS.field, millis);
            }
        }
    }
}
