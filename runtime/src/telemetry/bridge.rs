//! The bridge from the `log` crate: its messages become events of `tracing`, and so records.

use std::sync::LazyLock;

use tracing::dispatcher::get_default;
use tracing_log::log::{self, LevelFilter, Log, Metadata, Record};
use tracing_log::{AsTrace, LogTracer};

use crate::dispatch::clear_filter_state;
use crate::record::Level;

/// Passes messages on to `tracing`. `LogTracer` also asks the subscriber about messages that it then does not emit, and
/// leaves the answers of per-layer filters behind.
struct Bridge(LogTracer);

static BRIDGE: LazyLock<Bridge> = LazyLock::new(|| Bridge(LogTracer::new()));

impl Log for Bridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_enabled = self.0.enabled(metadata);
        clear(metadata);
        is_enabled
    }

    fn log(&self, record: &Record<'_>) {
        self.0.log(record);
        clear(record.metadata());
    }

    fn flush(&self) {}
}

fn clear(metadata: &Metadata<'_>) {
    get_default(|to| clear_filter_state(to, &metadata.as_trace()));
}

/// Installs the bridge, unless the process has another logger.
pub(super) fn install(level: Level) {
    let max = match level {
        Level::Trace => LevelFilter::Trace,
        Level::Debug => LevelFilter::Debug,
        Level::Info => LevelFilter::Info,
        Level::Warning => LevelFilter::Warn,
        Level::Error | Level::Critical => LevelFilter::Error,
    };
    if log::set_logger(&*BRIDGE).is_ok() {
        log::set_max_level(max);
    }
}
