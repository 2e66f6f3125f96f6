//! Calls on threads that `tracing` has no place for, or that are ending; `tests/it/threads.rs` checks the outcome.
//!
//! `threads many COUNT` and `threads late BEFORE LAYERS`. Records go to standard output, the rest to standard error.

#![allow(clippy::print_stderr, missing_docs)]

use std::cell::Cell;
use std::error::Error;
use std::sync::{Arc, Barrier};
use std::task::Waker;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use ragspan::config::Format;
use ragspan::task::{ContextHandle, spawn_thread, with_current_context};
use ragspan::{Config, LogContext, Logger, Telemetry, rag_span};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, fmt, registry};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["many", count] => many(count.parse()?),
        ["late", before, "alone"] => late(before),
        ["late", before, "composed"] => {
            install_others();
            late(before)
        }
        _ => Err("no such case".into()),
    }
}

fn start() -> Result<Telemetry, ragspan::telemetry::StartError> {
    let config = Config::default().without_sinks().without_metrics_listener();
    ragspan::start(config.stdout(Format::Json))
}

fn end(telemetry: Telemetry) -> Result<(), Box<dyn Error>> {
    if !telemetry.flush_blocking() {
        return Err("not flushed".into());
    }
    eprint!("{}", telemetry.render_metrics(None).body);
    telemetry
        .shutdown_blocking(Duration::from_secs(30))
        .report();
    Ok(())
}

#[rag_span(layer = "data")]
fn one() -> usize {
    1
}

#[rag_span(layer = "api")]
fn parent() -> usize {
    one()
}

/// Makes a call on each of many threads, each of which lives until all have made theirs; then one on a further thread.
fn many(count: usize) -> Result<(), Box<dyn Error>> {
    let telemetry = start()?;
    let have_called = Arc::new(Barrier::new(count));
    let spawn = |_| {
        let have_called = Arc::clone(&have_called);
        let body = move || {
            let called = std::panic::catch_unwind(one);
            have_called.wait();
            called.unwrap_or(0)
        };
        std::thread::Builder::new()
            .stack_size(128 * 1024)
            .spawn(body)
    };
    let threads: Vec<_> = (0..count).map(spawn).collect::<Result<_, _>>()?;
    let returned = threads.into_iter().filter_map(|thread| thread.join().ok());
    eprintln!("returned {}", returned.sum::<usize>());
    let after = std::thread::spawn(parent);
    let after = after.join().map_err(|_| "the last thread panicked")?;
    eprintln!("returned afterwards {after}");
    end(telemetry)
}

/// Installs layers that have thread-locals of their own.
fn install_others() {
    let tracer = SdkTracerProvider::builder().build().tracer("threads");
    let printed = fmt::layer().with_writer(std::io::sink);
    registry()
        .with(EnvFilter::new("debug,[call{which}]=trace"))
        .with(printed.with_span_events(FmtSpan::FULL))
        .with(ragspan::layer())
        .with(tracing_opentelemetry::layer().with_tracer(tracer))
        .init();
}

/// A value of a thread that makes calls when it is dropped.
struct Late(&'static str);

impl Drop for Late {
    fn drop(&mut self) {
        everything(self.0);
        eprintln!("dropped {}", self.0);
    }
}

thread_local! {
    static BEFORE: Cell<Option<Late>> = const { Cell::new(None) };
    static AFTER: Cell<Option<Late>> = const { Cell::new(None) };
}

/// Ends a thread with two such values: the thread-locals of `tracing` are dropped before the first and after the last.
fn late(order: &str) -> Result<(), Box<dyn Error>> {
    let telemetry = start()?;
    std::thread::scope(|threads| {
        let body = || {
            BEFORE.set(Some(Late("before")));
            match order {
                "call" => assert!(call("alive").is_err()),
                "span" => drop(tracing::info_span!("foreign").entered()),
                "event" => tracing::info!("foreign"),
                "poll" => poll_once(with_current_context(future("alive"))),
                _ => {}
            }
            AFTER.set(Some(Late("after")));
        };
        threads.spawn(body).join()
    })
    .map_err(|_| "the thread panicked")?;
    end(telemetry)
}

#[rag_span(layer = "data", err, context(which))]
fn call(which: &str) -> Result<(), std::fmt::Error> {
    ragspan::record("late", true);
    ragspan::scope::bind("plan", "free");
    ragspan::rag::retry(2, "late");
    Err(std::fmt::Error)
}

#[rag_span(layer = "memory", context(which))]
async fn future(which: &str) -> Option<String> {
    tokio::task::yield_now().await;
    ragspan::trace_id().map(|id| format!("{which} {id}"))
}

/// Polls a future once, and drops it inside of its call.
fn poll_once(future: impl Future) {
    let mut future = Box::pin(future);
    let ready = future
        .as_mut()
        .poll(&mut std::task::Context::from_waker(Waker::noop()));
    drop(ready);
}

/// Uses everything of ragspan that looks for the current call, or opens a span.
fn everything(which: &'static str) {
    let log = Logger::new().with("which", which);
    ragspan::event!(log, WARN, "late event");
    ragspan::critical!(which, "late and critical");
    let _failed = log.in_scope(|| call(which));
    ragspan::span!("block", layer = "data", |span| span.record("late", true));
    drop(ragspan::Context::current().to_json());
    let handle = ContextHandle::current();
    let _failed = handle.run(|| call(which));
    let below = spawn_thread(move || call(which).is_err());
    assert!(below.join().unwrap_or_default(), "the thread panicked");
    poll_once(with_current_context(future(which)));
    poll_once(log.scope(future(which)));
}
