//! The bridge from the `log` crate: its messages become events of `tracing`, and so records.

use tracing_log::LogTracer;
use tracing_log::log::LevelFilter;

use crate::record::Level;

/// Installs the bridge, unless the process has another logger.
pub(super) fn install(level: Level) {
    let max = match level {
        Level::Trace => LevelFilter::Trace,
        Level::Debug => LevelFilter::Debug,
        Level::Info => LevelFilter::Info,
        Level::Warning => LevelFilter::Warn,
        Level::Error | Level::Critical => LevelFilter::Error,
    };
    let _other_logger = LogTracer::init_with_filter(max);
}
