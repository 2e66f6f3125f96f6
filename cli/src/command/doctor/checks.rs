//! The checks, one function each. None of them changes anything.

use std::path::Path;

use ragspan_store::{Error as StoreError, Health, Reader, SCHEMA_VERSION};

use super::check::Check;
use super::http;
use crate::command::context::RenderContext;
use crate::command::database::QUERY_TIMEOUT;
use crate::format::{duration, number};
use crate::style::Style;

/// The age of the newest record from which on nobody seems to write.
const STALE_US: i64 = 15 * 60 * 1_000_000;
/// The size of the file from which on queries become slow.
const LARGE: u64 = 8 << 30;
/// The size of the write-ahead log from which on a reader seems to keep it from being moved into the file.
const LARGE_LOG: u64 = 256 << 20;

/// Checks whether the database can be read, and then its tables, size, newest record and journal.
pub(super) async fn of_database(path: &Path, context: &RenderContext) -> Vec<Check> {
    let health = match Reader::open_within(path, QUERY_TIMEOUT).await {
        Ok(mut reader) => reader.health().await,
        Err(error) => Err(error),
    };
    match health {
        Ok(health) => vec![
            Check::ok("database", format!("{} can be read", path.display())),
            of_tables(&health),
            of_size(&health, path),
            of_newest(&health, context),
            of_journal(&health, path),
        ],
        Err(error) => vec![unreadable(&error, path)],
    }
}

fn unreadable(error: &StoreError, path: &Path) -> Check {
    let fix = match error {
        StoreError::Missing { .. } => {
            "run the instrumented program once, name another with --db, or try `ragspan demo`"
        }
        _ => "name a ragspan database with --db or RAGSPAN_DB, and check who may read it",
    };
    let detail = match std::error::Error::source(error) {
        Some(cause) => format!("{error} ({cause})"),
        None => error.to_string(),
    };
    let detail = if detail.contains(&path.display().to_string()) {
        detail
    } else {
        format!("{}: {detail}", path.display())
    };
    Check::fail("database", detail, fix)
}

fn of_tables(health: &Health) -> Check {
    let version = health.version;
    let detail = format!("version {version}, this program writes {SCHEMA_VERSION}");
    match version.cmp(&SCHEMA_VERSION) {
        std::cmp::Ordering::Equal => Check::ok("tables", detail),
        std::cmp::Ordering::Less => Check::warn(
            "tables",
            detail,
            "start the instrumented program once: it brings the tables up to date",
        ),
        std::cmp::Ordering::Greater => Check::fail(
            "tables",
            detail,
            "update this command: a newer ragspan wrote this database",
        ),
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown to two digits")]
fn of_size(health: &Health, path: &Path) -> Check {
    let log = log_bytes(path);
    let detail = format!(
        "{} records, {}, and {} not yet moved into it",
        number(health.records as f64),
        bytes(health.bytes),
        bytes(log)
    );
    if health.bytes > LARGE {
        Check::warn(
            "size",
            detail,
            "let retention remove old records, or ask with --since",
        )
    } else if log > LARGE_LOG {
        let fix =
            "end long-running readers of the file: they keep its log from being moved into it";
        Check::warn("size", detail, fix)
    } else {
        Check::ok("size", detail)
    }
}

fn log_bytes(path: &Path) -> u64 {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    std::fs::metadata(name).map_or(0, |file| file.len())
}

#[expect(clippy::cast_precision_loss, reason = "shown to two digits")]
fn bytes(bytes: u64) -> String {
    const MIB: f64 = 1024.0 * 1024.0;
    let mib = bytes as f64 / MIB;
    if mib >= 1024.0 {
        format!("{:.1} GiB", mib / 1024.0)
    } else {
        format!("{mib:.1} MiB")
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown to two digits")]
fn of_newest(health: &Health, context: &RenderContext) -> Check {
    let fix = "check that the service runs, that its level lets records through, and that it writes to this file";
    let Some(newest) = health.newest_us else {
        return Check::warn("newest", "there is no record yet".to_owned(), fix);
    };
    let age = context.now.as_microsecond().saturating_sub(newest);
    if age < 0 {
        let detail = format!(
            "its newest record is {} ahead of this clock",
            duration(age as f64 / -1e3)
        );
        return Check::warn(
            "newest",
            detail,
            "set the clocks of this machine and the service's",
        );
    }
    let detail = format!("its newest record is {} old", duration(age as f64 / 1e3));
    if age > STALE_US {
        Check::warn("newest", detail, fix)
    } else {
        Check::ok("newest", detail)
    }
}

fn of_journal(health: &Health, path: &Path) -> Check {
    let detail = format!("journal mode {}", health.journal);
    if health.journal == "wal" {
        return Check::ok(
            "journal",
            format!("{detail}: readers do not hold up the service"),
        );
    }
    let fix = format!(
        "sqlite3 {} 'PRAGMA journal_mode = wal': without it this command holds up the service",
        path.display()
    );
    Check::warn("journal", detail, &fix)
}

/// The configuration files that a service loads from its folder.
const CONFIG_FILES: [&str; 2] = ["ragspan.yaml", "logging_config.yaml"];

/// Checks the configuration of this folder; a missing file is not a problem.
pub(super) fn of_config() -> Check {
    let named = std::env::var_os("RAGSPAN_CONFIG").filter(|name| !name.is_empty());
    if let Some(named) = named {
        let detail = format!("RAGSPAN_CONFIG names {}", Path::new(&named).display());
        return if Path::new(&named).is_file() {
            of_file(Path::new(&named)).unwrap_or_else(|| Check::ok("config", detail))
        } else {
            Check::fail(
                "config",
                format!("{detail}, which is not a file"),
                "write it, or unset RAGSPAN_CONFIG",
            )
        };
    }
    match CONFIG_FILES
        .into_iter()
        .find(|file| Path::new(file).is_file())
    {
        Some(file) => of_file(Path::new(file))
            .unwrap_or_else(|| Check::ok("config", format!("{file} is in this folder"))),
        None => Check::ok(
            "config",
            "no file in this folder: the embedded default".to_owned(),
        ),
    }
}

/// Returns a warning if the file has problems. Only a warning, as the variables that it needs may be set for the service
/// alone.
fn of_file(file: &Path) -> Option<Check> {
    let count = ragspan::Config::from_file(file).err()?.problems().len();
    let problems = match count {
        0 => "cannot be read".to_owned(),
        1 => "has a problem".to_owned(),
        count => format!("has {count} problems"),
    };
    let detail = format!("{} {problems} as seen from here", file.display());
    let fix = format!("`ragspan config check {}` lists them", file.display());
    Some(Check::warn("config", detail, &fix))
}

/// Checks the width of the terminal.
pub(super) fn of_terminal(style: &Style) -> Check {
    let colours = if style.color { "colours" } else { "no colours" };
    let detail = format!("{} columns, {colours}", style.width);
    if style.width < 80 {
        Check::warn(
            "terminal",
            detail,
            "widen it to 80 columns: tables are cut below that",
        )
    } else {
        Check::ok("terminal", detail)
    }
}

/// The URL of the metrics by default.
const DEFAULT_URL: &str = "http://127.0.0.1:9464/metrics";

/// Checks whether the service serves its metrics. Without a URL their absence is only a warning.
pub(super) fn of_metrics(url: Option<&str>) -> Check {
    let is_required = url.is_some();
    let url = url.unwrap_or(DEFAULT_URL);
    match http::families(url) {
        Ok(families) if families > 0 => {
            Check::ok("metrics", format!("{url} serves {families} families"))
        }
        Ok(_) => Check::warn(
            "metrics",
            format!("{url} responds, but without a metric of ragspan"),
            "another program may hold this port: the service's start report names its own",
        ),
        Err(error) if is_required => Check::fail("metrics", format!("{url}: {error}"), error.fix()),
        Err(error) => Check::warn("metrics", format!("{url}: {error}"), error.fix()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::check::Status;

    #[test]
    fn sizes_are_shown_in_the_unit_that_fits() {
        assert_eq!(bytes(0), "0.0 MiB");
        assert_eq!(bytes(3 << 20), "3.0 MiB");
        assert_eq!(bytes(5 << 29), "2.5 GiB");
    }

    #[test]
    fn a_narrow_terminal_is_a_warning() {
        let narrow = Style {
            width: 40,
            color: false,
        };
        assert_eq!(of_terminal(&narrow).status, Status::Warn);
        assert_eq!(of_terminal(&Style::PLAIN).status, Status::Ok);
    }

    #[test]
    fn metrics_with_a_url_must_be_served() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!(
            "http://{}/metrics",
            closed.local_addr().expect("an address")
        );
        drop(closed);
        assert_eq!(of_metrics(Some(&url)).status, Status::Fail);
        assert_eq!(
            of_metrics(Some("https://example.invalid")).status,
            Status::Fail
        );
    }
}
