//! Finds the filter of the installed subscriber that hides wanted records from ragspan's layer.

use std::fmt;

use tracing::Dispatch;
use tracing::level_filters::LevelFilter;

use crate::layer::layer_gets;
use crate::record::{Level, level_of};

/// A filter that hides records.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HidingFilter {
    covers: Covers,
    /// The lowest level that passes, if any does.
    shown: Option<Level>,
    wanted: Level,
}

/// What a filter is applied to.
#[derive(Debug, PartialEq, Eq)]
enum Covers {
    Subscriber,
    OurLayer,
}

/// Returns the filter that hides records of the wanted level.
pub(super) fn hidden(wanted: Level) -> Option<HidingFilter> {
    let max = LevelFilter::current();
    let shown = max.into_level().map(level_of);
    // Both are levels of `tracing`, which has no CRITICAL.
    if shown.is_none_or(|shown| shown > wanted.min(Level::Error)) {
        let covers = Covers::Subscriber;
        return Some(HidingFilter {
            covers,
            shown,
            wanted,
        });
    }
    tracing::dispatcher::get_default(|to| hidden_from_layer(to, wanted))
}

/// Returns the filter of ragspan's own layer, if that hides records of the wanted level. A filter that shows no level
/// of this program is one for other targets.
fn hidden_from_layer(subscriber: &Dispatch, wanted: Level) -> Option<HidingFilter> {
    let target = program();
    let levels = [
        tracing::Level::TRACE,
        tracing::Level::DEBUG,
        tracing::Level::INFO,
        tracing::Level::WARN,
        tracing::Level::ERROR,
    ];
    let mut shown = levels
        .into_iter()
        .filter(|level| level_of(*level) >= wanted && layer_gets(subscriber, *level, &target));
    let shown = level_of(shown.next()?);
    (shown > wanted).then_some(HidingFilter {
        covers: Covers::OurLayer,
        shown: Some(shown),
        wanted,
    })
}

/// Returns the target of events in this program's main file: the name of its crate.
fn program() -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let name = program.file_stem().unwrap_or_default().to_string_lossy();
    name.replace('-', "_")
}

impl fmt::Display for HidingFilter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (filter, fix) = match self.covers {
            Covers::Subscriber => (
                "a filter for the whole subscriber",
                "filter your own layers with `.with_filter(..)`",
            ),
            Covers::OurLayer => ("the filter on ragspan's layer", "remove it"),
        };
        let wanted = self.wanted.as_str();
        match self.shown {
            Some(shown) => write!(out, "{filter} hides all records below {}", shown.as_str())?,
            None => write!(out, "{filter} hides all records")?,
        }
        write!(out, ", though {wanted} is wanted: {fix}")?;
        match std::env::var_os("RUST_LOG") {
            None => write!(
                out,
                ", or set RUST_LOG, without which `EnvFilter::from_default_env()` shows ERROR only"
            ),
            Some(_) => write!(out, ", or lower its level (RUST_LOG is set)"),
        }
    }
}
