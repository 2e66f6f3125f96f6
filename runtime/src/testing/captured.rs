//! What was captured, as it was recorded.

use std::sync::Arc;

use serde_json::Value;

use crate::metrics::Registry;
use crate::pipeline::Pipeline;
use crate::record::json;

/// What was captured: the records in the order in which they ended, and the metrics.
#[derive(Debug)]
pub struct Captured {
    records: Vec<Value>,
    lines: Vec<String>,
    registry: Arc<Registry>,
}

impl Captured {
    pub(super) fn take(pipeline: &Pipeline) -> Self {
        let drained = pipeline.drain();
        let lines: Vec<String> = drained
            .iter()
            .map(|record| {
                let mut line = Vec::new();
                json::write(record, pipeline.service(), &mut line);
                String::from_utf8_lossy(&line).into_owned()
            })
            .collect();
        let records = lines
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        Self {
            records,
            lines,
            registry: Arc::clone(pipeline.registry()),
        }
    }

    /// All records, parsed.
    #[must_use]
    pub fn records(&self) -> &[Value] {
        &self.records
    }

    /// All records, as the lines that a sink would get.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The one record with this message.
    ///
    /// # Panics
    ///
    /// When there is none, or more than one; it names those that there are.
    #[must_use]
    #[track_caller]
    pub fn record(&self, message: &str) -> &Value {
        let mut matching = self
            .records
            .iter()
            .filter(|record| record["message"] == message);
        match (matching.next(), matching.next()) {
            (Some(record), None) => record,
            (first, _) => panic!(
                "{} record with the message `{message}` was captured; the messages are {:?}",
                if first.is_some() {
                    "more than one"
                } else {
                    "no"
                },
                self.messages()
            ),
        }
    }

    /// The messages of all records.
    #[must_use]
    pub fn messages(&self) -> Vec<&str> {
        self.records
            .iter()
            .filter_map(|record| record["message"].as_str())
            .collect()
    }

    /// A metric's value, by its name and labels; of a histogram, `<name>_count` and `<name>_sum`.
    /// `None` if nothing was recorded for them.
    #[must_use]
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.registry.value(name, labels)
    }
}
