//! The closed list of metrics: its handles, and the exposition that a scraper reads.
//!
//! Home of invariant 9: rules, panels and exposition name metrics through one closed list,
//! [`Name`]. The list lives in our own atomics; whatever else a program records through the
//! `metrics` facade goes to metrics-exporter-prometheus, and one exposition shows both.
//!
//! This module reads no clock and draws no ids: what it needs of them comes in an [`Exemplar`].

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
pub(crate) use format::{Format, negotiate};
pub use llm::Verdict;
pub(crate) use names::Name;
pub(crate) use recorder::Recorder;
pub(crate) use registry::Registry;
