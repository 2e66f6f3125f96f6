//! The rendered metrics, the warnings of the start, and the report of the shutdown.

use std::fmt;

use crate::metrics::{self, ExpositionFormat};
use crate::pipeline::{DeliveryStats, Pipeline, print_to_stderr};

/// The text of all metrics, and its media type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricsFormat {
    /// The value of the `Content-Type` header.
    pub content_type: &'static str,
    /// The text of the metrics.
    pub body: String,
}

pub(super) fn render(pipeline: &Pipeline, accept: Option<&str>) -> MetricsFormat {
    let format = metrics::negotiate(accept);
    MetricsFormat {
        content_type: format.content_type(),
        body: render_as(pipeline, format),
    }
}

/// Renders all metrics. Only the numbers that must add up are read while the delivery stats are locked: all others may
/// be many, and the worker must not wait for them.
pub(super) fn render_as(pipeline: &Pipeline, format: ExpositionFormat) -> String {
    let registry = pipeline.registry();
    let accounting = pipeline.with_delivery_stats(|_| registry.accounting());
    registry.render_with(accounting, format)
}

/// The delivery stats of every sink after the shutdown.
///
/// Its `Display` form is one line: `sqlite: delivered 812, left 0, dropped 0`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it shows lost records: print it with `report()`"]
pub struct ShutdownReport {
    sinks: Vec<DeliveryStats>,
}

impl ShutdownReport {
    pub(super) fn new(sinks: Vec<DeliveryStats>) -> Self {
        Self { sinks }
    }

    /// Returns the final delivery stats of every sink.
    #[must_use]
    pub fn sinks(&self) -> &[DeliveryStats] {
        &self.sinks
    }

    /// Returns true if no sink dropped a record or has one left.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.sinks
            .iter()
            .all(|sink| sink.pending == 0 && sink.dropped == 0)
    }

    /// Prints the report to standard error.
    pub fn report(&self) {
        if !self.sinks.is_empty() {
            print_to_stderr(&self.to_string());
        }
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, sink) in self.sinks.iter().enumerate() {
            let DeliveryStats {
                sink,
                delivered,
                pending,
                dropped,
                ..
            } = sink;
            let separator = if index == 0 { "" } else { "; " };
            write!(
                out,
                "{separator}{sink}: delivered {delivered}, left {pending}, dropped {dropped}"
            )?;
        }
        Ok(())
    }
}

/// Prints the warnings of a start to standard error.
pub(super) fn print_warnings(warnings: &[String]) {
    for warning in warnings {
        print_to_stderr(warning);
    }
}
