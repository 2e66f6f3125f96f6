//! The closed list of metrics: its handles, and the exposition that a scraper reads.
//!
//! Rules, panels and the exposition name metrics through one closed list, [`Name`] (invariant 9). The values of the
//! list are stored in atomics of this module; all other metrics that a program records through the `metrics` facade
//! go to metrics-exporter-prometheus, and one exposition shows both.
//!
//! This module neither reads a clock nor generates ids: callers pass both in an [`Exemplar`].

mod call;
mod cell;
mod exemplar;
mod exposition;
mod family;
mod foreign;
mod format;
mod llm;
mod names;
mod number;
mod recorder;
mod registry;
mod sample;
#[cfg(test)]
mod tests;

pub(crate) use call::CallMetrics;
pub(crate) use cell::{Counter, Gauge};
pub(crate) use exemplar::Exemplar;
pub(crate) use format::{ExpositionFormat, negotiate};
pub use llm::Verdict;
pub(crate) use names::Name;
pub(crate) use recorder::Recorder;
pub(crate) use registry::Registry;
