//! What libraries say through the `log` crate becomes an event of `tracing`, and so a record.

use tracing_log::LogTracer;
use tracing_log::log::LevelFilter;

use crate::record::Level;

/// Installs the bridge if the process has no logger; one that is there stays.
pub(super) fn install(level: Level) {
    let most = match level {
        Level::Trace => LevelFilter::Trace,
        Level::Debug => LevelFilter::Debug,
        Level::Info => LevelFilter::Info,
        Level::Warning => LevelFilter::Warn,
        Level::Error | Level::Critical => LevelFilter::Error,
    };
    let _stays = LogTracer::init_with_filter(most);
}
