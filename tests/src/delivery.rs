//! Ends a telemetry in the ways that `tests/it/delivery.rs` checks, one case for each run; the results go to standard output.

#![allow(clippy::print_stderr, clippy::print_stdout, missing_docs)]

use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fork::{Fork, fork, waitpid};
use ragspan::config::{Backend, FileSettings, Format, Route};
use ragspan::telemetry::Filtered;
use ragspan::{Config, Layer, Telemetry, rag_span};

const DEADLINE: Duration = Duration::from_secs(30);

#[rag_span(layer = "api")]
fn before() {}

#[rag_span(layer = "api")]
fn during() {}

#[rag_span(layer = "api")]
fn child() {}

fn to_file(path: &str) -> Config {
    let config = Config::default().without_sinks().without_metrics_listener();
    config.file(FileSettings::new(path))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["late", file] => late(file),
        ["blocked-stderr", file, sqlite] => blocked_stderr(file, sqlite),
        ["forked", folder] => forked(Path::new(folder)),
        ["in-a-runtime", file] => in_a_runtime(file),
        ["sampled", file] => sampled(file),
        _ => Err("no such case".into()),
    }
}

/// Shuts down while other threads go on making calls.
fn late(file: &str) -> Result<(), Box<dyn Error>> {
    let telemetry = ragspan::start(to_file(file).queue(1_000_000))?;
    let stop = AtomicBool::new(false);
    let report = std::thread::scope(|scope| {
        (0..4_000).for_each(|_| before());
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    during();
                }
            });
        }
        let report = telemetry.shutdown_blocking(DEADLINE);
        stop.store(true, Ordering::Relaxed);
        report
    });
    let sink = report.sinks()[0];
    println!(
        "{}",
        sink.emitted == sink.delivered + sink.dropped + sink.pending
    );
    Ok(())
}

/// Runs where nobody reads standard error, and the database cannot be opened.
fn blocked_stderr(file: &str, sqlite: &str) -> Result<(), Box<dyn Error>> {
    let telemetry = ragspan::start(to_file(file).sqlite(sqlite))?;
    before();
    while telemetry.delivery_stats()[0].delivered < 2 {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    println!("{}", telemetry.health().to_json());
    let report = telemetry.shutdown_blocking(Duration::from_secs(2));
    report.report();
    println!("{report}");
    Ok(())
}

/// Forks, and ends the parent's telemetry and one of the child's own.
fn forked(folder: &Path) -> Result<(), Box<dyn Error>> {
    let file = |name: &str| folder.join(name).display().to_string();
    let telemetry = ragspan::start(to_file(&file("parent.jsonl")))?;
    before();
    match fork()? {
        Fork::Child => in_child(telemetry, &file("child.jsonl")),
        Fork::Parent(id) => {
            waitpid(id)?;
            before();
            println!("parent {}", telemetry.shutdown_blocking(DEADLINE));
            Ok(())
        }
    }
}

fn in_child(telemetry: Telemetry, file: &str) -> Result<(), Box<dyn Error>> {
    child();
    println!("child flushed {}", telemetry.flush_blocking());
    println!("child health {}", telemetry.health().to_json());
    drop(telemetry);
    let own = ragspan::start(to_file(file))?;
    child();
    println!("child health {}", own.health().to_json());
    println!("child {}", own.shutdown_blocking(DEADLINE));
    Ok(())
}

#[rag_span(layer = "retrieval", err(level = "warning"))]
fn search(fails: bool) -> Result<(), String> {
    if fails {
        Err("no index".to_owned())
    } else {
        Ok(())
    }
}

#[rag_span(layer = "api")]
fn answer(fails: bool) {
    // A failure that is handled is an error of its trace too.
    let _handled = search(fails);
}

/// Sends only traces with errors to the file, and only the layer `api` to standard output.
fn sampled(file: &str) -> Result<(), Box<dyn Error>> {
    let config = to_file(file)
        .stdout(Format::Json)
        .route(Backend::File, Route::default().sample(0.0))
        .route(Backend::Stdout, Route::default().layers([Layer::Api]));
    let telemetry = ragspan::start(config)?;
    (0..100).for_each(|number| answer(number % 20 == 0));
    telemetry.flush_blocking();
    let stats = telemetry.delivery_stats();
    let report = telemetry.shutdown_blocking(DEADLINE);
    for (before, after) in stats.iter().zip(report.sinks()) {
        let sampled = after.filtered_for(Filtered::Sample);
        let layer = after.filtered_for(Filtered::Layer);
        eprintln!(
            "{} {} {sampled} {layer} {}",
            after.sink, after.delivered, before.pending
        );
    }
    Ok(())
}

/// Calls the blocking forms inside of a runtime.
fn in_a_runtime(file: &str) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let telemetry = ragspan::start(to_file(file))?;
        before();
        println!("{}", telemetry.flush_blocking());
        println!("{}", telemetry.flush_durable().await);
        println!("{}", telemetry.shutdown_blocking(DEADLINE));
        Ok(())
    })
}
