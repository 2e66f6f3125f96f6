//! Makes a known number of calls on several threads with the global pipeline; `tests/it/accounting.rs` counts them.
//!
//! `emit DB FILE THREADS CALLS [END]` with END one of `shutdown`, `drop`, `flush-and-wait`, or `scrape`, which reads the metrics
//! during the calls.

#![allow(clippy::print_stderr, clippy::print_stdout, missing_docs)]

use std::error::Error;
use std::time::Duration;

use ragspan::config::{FileSettings, Format};
use ragspan::{Config, rag_span};

#[rag_span(layer = "data", context(thread, number))]
fn call(thread: usize, number: usize) -> usize {
    thread + number
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [db, file, threads, calls, end] = arguments.as_slice() else {
        return Err("emit DB FILE THREADS CALLS END".into());
    };
    let (threads, calls) = (threads.parse::<usize>()?, calls.parse::<usize>()?);
    let config = Config::default()
        .service("emit", "1.2.3", "test")
        .stdout(Format::Json)
        .sqlite(db)
        .file(FileSettings::new(file))
        .queue(1 << 20)
        .without_metrics_listener();
    let telemetry = ragspan::start(config)?;
    std::thread::scope(|scope| {
        let emit =
            move |thread| (0..calls).for_each(|number| assert!(call(thread, number) >= number));
        let running: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || emit(thread)))
            .collect();
        let under_way = || {
            let pending = telemetry
                .delivery_stats()
                .iter()
                .any(|sink| sink.pending > 0);
            pending || running.iter().any(|thread| !thread.is_finished())
        };
        while end == "scrape" && under_way() {
            balanced(&telemetry.render_metrics(None).body);
        }
    });
    match end.as_str() {
        "shutdown" | "scrape" => telemetry
            .shutdown_blocking(Duration::from_secs(30))
            .report(),
        "drop" => drop(telemetry),
        "flush-and-wait" => {
            assert!(
                telemetry.flush_blocking(),
                "the flush did not reach every sink"
            );
            eprintln!("flushed");
            std::thread::sleep(Duration::from_secs(600));
        }
        other => return Err(format!("no such end: {other}").into()),
    }
    Ok(())
}

/// Checks that the delivery stats of every sink add up in the exposition.
fn balanced(exposition: &str) {
    let sum = |family: &str, sink: &str| -> f64 {
        let mine = exposition
            .lines()
            .filter(|line| line.starts_with(family) && line.contains(sink));
        mine.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    };
    let emitted = sum("ragspan_records_emitted_total", "");
    for sink in ["\"stdout\"", "\"file\"", "\"sqlite\""] {
        let delivered = sum("ragspan_records_delivered_total", sink);
        let dropped = sum("ragspan_records_dropped_total", sink);
        let pending = sum("ragspan_records_pending", sink);
        let accounted = delivered + dropped + pending;
        assert!(
            (emitted - accounted).abs() < 0.5,
            "{sink}: {emitted} emitted, {accounted} accounted for"
        );
    }
}
