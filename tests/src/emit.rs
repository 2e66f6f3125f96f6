//! Makes a known number of calls on several threads under the global pipeline; `tests/it/books.rs` counts.
//!
//! `emit DB FILE THREADS CALLS [END]` with END one of `shutdown`, `drop`, `flush-and-wait`.

#![allow(clippy::print_stderr, clippy::print_stdout, missing_docs)]

use std::error::Error;
use std::time::Duration;

use ragspan::{Config, FileSettings, Format, rag_span};

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
        for thread in 0..threads {
            scope.spawn(move || {
                (0..calls).for_each(|number| assert_eq!(call(thread, number), thread + number))
            });
        }
    });
    match end.as_str() {
        "shutdown" => telemetry
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
