//! Ends a telemetry at random: `random_ends SEED FOLDER`. The report goes to `FOLDER/report`, the records to `FOLDER/a.jsonl`.
//!
//! Threads may push meanwhile, a runtime may run or not, and standard output may be a pipe that nobody reads.

#![allow(missing_docs)]

use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;
use ragspan::config::{Backend, FileSettings, Format, Route};
use ragspan::telemetry::ShutdownReport;
use ragspan::{Config, Telemetry, rag_span};

#[rag_span(layer = "api")]
fn before() {}

#[rag_span(layer = "api")]
fn during() {}

fn config(random: &mut Rng, folder: &Path) -> Config {
    let config = Config::default().without_sinks().without_metrics_listener();
    let mut file = FileSettings::new(folder.join("a.jsonl"));
    file.max_bytes = u64::MAX;
    let mut config = config.file(file);
    if random.bool() {
        config = config.stdout(Format::Json);
    }
    if random.u8(..4) == 0 {
        config = config.route(Backend::Stdout, Route::default().sample(0.5));
    }
    if random.u8(..4) == 0 {
        config = config.queue(random.usize(1..64));
    }
    config
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [seed, folder] = arguments.as_slice() else {
        return Err("usage: random_ends SEED FOLDER".into());
    };
    let folder = Path::new(folder);
    let mut random = Rng::with_seed(seed.parse()?);
    let telemetry = ragspan::start(config(&mut random, folder))?;
    let (stop, threads) = (AtomicBool::new(false), random.usize(..4));
    let report = std::thread::scope(|scope| {
        (0..random.usize(..2_000)).for_each(|_| before());
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    (0..64).for_each(|_| during());
                    // Leaves the cores to the worker now and then, as requests do.
                    std::thread::park_timeout(Duration::from_micros(200));
                }
            });
        }
        let report = end(telemetry, &mut random);
        stop.store(true, Ordering::Relaxed);
        report
    });
    let lines = report.iter().flat_map(ShutdownReport::sinks).map(|sink| {
        let done = sink.delivered + sink.dropped + sink.filtered + sink.pending;
        let is_balanced = sink.emitted == done;
        format!("{} {} {is_balanced}\n", sink.sink, sink.delivered)
    });
    std::fs::write(folder.join("report"), lines.collect::<String>())?;
    Ok(())
}

/// Ends the telemetry in one of the ways, and returns the report if there is one.
fn end(telemetry: Telemetry, random: &mut Rng) -> Option<ShutdownReport> {
    let deadline = Duration::from_millis(random.u64(..500));
    let is_flushed = random.bool();
    match random.u8(..4) {
        0 => drop(telemetry),
        1 => {
            // A flush waits for a standard output that nobody reads, for up to half a minute.
            if is_flushed && telemetry.delivery_stats().len() == 1 {
                telemetry.flush_blocking();
            }
            return Some(telemetry.shutdown_blocking(deadline));
        }
        2 => {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            return Some(runtime.ok()?.block_on(telemetry.shutdown(deadline)));
        }
        _ => {
            let runtime = tokio::runtime::Runtime::new().ok()?;
            return Some(runtime.block_on(telemetry.shutdown(deadline)));
        }
    }
    None
}
