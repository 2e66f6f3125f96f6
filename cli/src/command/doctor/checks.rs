//! The checks, one function each: nothing here changes anything.

use std::path::Path;

use ragspan_store::{Error as StoreError, Health, Reader, SCHEMA_VERSION};

use super::super::{PATIENCE, Scene};
use super::{Check, http};
use crate::format::{duration, number};
use crate::style::Style;

/// Records older than this say that nobody writes any more.
const STALE_US: i64 = 15 * 60 * 1_000_000;
/// A bigger file makes questions slow.
const BIG: u64 = 8 << 30;
/// The log grows where a reader keeps it from being moved into the file.
const BIG_LOG: u64 = 256 << 20;

/// Whether the database is there and can be read, and then what it says of itself.
pub(super) async fn of_database(path: &Path, scene: &Scene) -> Vec<Check> {
    let health = match Reader::open_within(path, PATIENCE).await {
        Ok(mut reader) => reader.health().await,
        Err(error) => Err(error),
    };
    match health {
        Ok(health) => vec![
            Check::ok("database", format!("{} can be read", path.display())),
            of_tables(&health),
            of_size(&health, path),
            of_newest(&health, scene),
            of_journal(&health, path),
        ],
        Err(error) => vec![unreadable(&error, path)],
    }
}

fn unreadable(error: &StoreError, path: &Path) -> Check {
    let cure = match error {
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
    Check::fail("database", detail, cure)
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
            "update this command: a newer ragspan has written here",
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
    if health.bytes > BIG {
        Check::warn(
            "size",
            detail,
            "let retention remove old records, or ask with --since",
        )
    } else if log > BIG_LOG {
        let cure =
            "end long-running readers of the file: they keep its log from being moved into it";
        Check::warn("size", detail, cure)
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
fn of_newest(health: &Health, scene: &Scene) -> Check {
    let cure = "check that the service runs, that its level lets records through, and that it writes to this file";
    let Some(newest) = health.newest_us else {
        return Check::warn("newest", "there is no record yet".to_owned(), cure);
    };
    let age = scene.now.as_microsecond().saturating_sub(newest);
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
        Check::warn("newest", detail, cure)
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
    let cure = format!(
        "sqlite3 {} 'PRAGMA journal_mode = wal': without it this command holds up the service",
        path.display()
    );
    Check::warn("journal", detail, &cure)
}

/// Where a configuration is looked for in the folder of the service.
const FILES: [&str; 2] = ["ragspan.yaml", "logging_config.yaml"];

/// Whether there is a configuration here; none is no fault.
pub(super) fn of_config() -> Check {
    let named = std::env::var_os("RAGSPAN_CONFIG").filter(|name| !name.is_empty());
    if let Some(named) = named {
        let detail = format!("RAGSPAN_CONFIG names {}", Path::new(&named).display());
        return if Path::new(&named).is_file() {
            of_file(Path::new(&named)).unwrap_or_else(|| Check::ok("config", detail))
        } else {
            Check::fail(
                "config",
                format!("{detail}, which is no file"),
                "write it, or unset RAGSPAN_CONFIG",
            )
        };
    }
    match FILES.into_iter().find(|file| Path::new(file).is_file()) {
        Some(file) => of_file(Path::new(file))
            .unwrap_or_else(|| Check::ok("config", format!("{file} is in this folder"))),
        None => Check::ok(
            "config",
            "no file in this folder: the embedded default".to_owned(),
        ),
    }
}

/// What is wrong with the file, if anything. The variables that it needs may be the service's alone.
fn of_file(file: &Path) -> Option<Check> {
    let count = ragspan::Config::from_file(file).err()?.problems().len();
    let problems = match count {
        0 => "cannot be read".to_owned(),
        1 => "has a problem".to_owned(),
        count => format!("has {count} problems"),
    };
    let detail = format!("{} {problems} as seen from here", file.display());
    let cure = format!("`ragspan config check {}` lists them", file.display());
    Some(Check::warn("config", detail, &cure))
}

/// What the output will look like.
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

/// Where the metrics are unless the configuration says otherwise.
const USUAL: &str = "http://127.0.0.1:9464/metrics";

/// Whether the service's metrics answer; only those that were named must.
pub(super) fn of_metrics(named: Option<&str>) -> Check {
    let url = named.unwrap_or(USUAL);
    match http::families(url) {
        Ok(families) if families > 0 => {
            Check::ok("metrics", format!("{url} serves {families} families"))
        }
        Ok(_) => Check::warn(
            "metrics",
            format!("{url} answers, but with no metric of ragspan"),
            "another program may hold this port: the service's start report names its own",
        ),
        Err(error) if named.is_some() => {
            Check::fail("metrics", format!("{url}: {error}"), error.cure())
        }
        Err(error) => Check::warn("metrics", format!("{url}: {error}"), error.cure()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

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
    fn metrics_that_were_named_must_answer() {
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
