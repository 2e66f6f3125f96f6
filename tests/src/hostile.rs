//! A service that starts under the conditions that `tests/it/hostile.rs` creates, and executes commands.
//!
//! `hostile [sqlite=PATH] [file=PATH] [rolling=PATH] [metrics=ADDRESS] [strict]`; a file of `rolling` has at most 10,000 bytes. The
//! commands are lines of standard input: `add`, `many`, `series`, `flush`, `health`, `address`, `root`, `end`. The answers go to standard error, after the word `app`; records go to standard output.

#![allow(clippy::print_stderr, missing_docs)]

use std::io::BufRead;
use std::time::Duration;

use ragspan::config::{FileSettings, Format};
use ragspan::{Config, Telemetry, rag_span};

#[rag_span(layer = "api", ok(|sum| sum = *sum))]
fn add(one: usize, two: usize) -> usize {
    one + two
}

/// Records more series of the service's own than one should have.
fn series() -> usize {
    const SERIES: usize = 100_000;
    for number in 0..SERIES {
        metrics::gauge!("jobs", "id" => number.to_string()).set(1.0);
    }
    SERIES
}

fn config() -> Config {
    let base = Config::default().without_sinks().without_metrics_listener();
    std::env::args()
        .skip(1)
        .fold(base.stdout(Format::Json), |config, word| {
            match word.split_once('=').unwrap_or((&word, "")) {
                ("sqlite", path) => config.sqlite(path),
                ("file", path) => config.file(FileSettings::new(path)),
                ("rolling", path) => config.file(rolling(path)),
                ("metrics", address) => config.metrics(address.parse().expect("an address")),
                ("strict", _) => config.strict(),
                _ => panic!("no such word: {word}"),
            }
        })
}

/// Returns the settings of a file that rolls with nearly every batch, and of which all rolled files are kept.
fn rolling(path: &str) -> FileSettings {
    let mut settings = FileSettings::new(path);
    settings.max_bytes = 10_000;
    settings.keep = 10_000;
    settings
}

/// Starts the telemetry; prints the error if it fails, and continues without it.
fn start() -> Option<Telemetry> {
    let started = ragspan::start(config());
    let started = started.inspect_err(|error| eprintln!("app error {error}"));
    let telemetry = started.ok()?;
    eprintln!("app started {}", telemetry.warnings().join("; "));
    Some(telemetry)
}

fn main() {
    let telemetry = start();
    for line in std::io::stdin().lock().lines() {
        match (line.unwrap_or_default().as_str(), &telemetry) {
            ("add", _) => eprintln!("app {}", add(1, 2)),
            ("many", _) => eprintln!(
                "app {}",
                (0..5_000).map(|number| add(number, 0)).max().unwrap_or(0)
            ),
            ("series", _) => eprintln!("app {}", series()),
            ("root", _) => eprintln!("app {:?}", std::env::set_current_dir("/")),
            ("flush", Some(telemetry)) => eprintln!("app {}", telemetry.flush_blocking()),
            ("health", Some(telemetry)) => eprintln!("app {}", telemetry.health().to_json()),
            ("address", Some(telemetry)) => eprintln!("app {:?}", telemetry.metrics_address()),
            (_, _) => break,
        }
    }
    if let Some(telemetry) = telemetry {
        eprintln!(
            "app {}",
            telemetry.shutdown_blocking(Duration::from_secs(1))
        );
    }
}
