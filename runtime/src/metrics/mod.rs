//! The closed list of metrics: its handles, and the exposition that a scraper reads.
//!
//! Home of invariant 9: rules, panels and exposition name metrics through one closed list,
//! [`Name`]. The list lives in our own atomics; whatever else a program records through the
//! `metrics` facade goes to metrics-exporter-prometheus, and one exposition shows both.
//!
//! This module reads no clock and draws no ids: what it needs of them comes in an [`Exemplar`].

mod cell;
mod exemplar;
mod family;
mod names;
mod number;

pub use cell::{Counter, Gauge, Histogram};
pub use exemplar::Exemplar;
pub use names::{Kind, Name, Unit};
