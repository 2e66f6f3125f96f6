//! Calls with ends that need a separate process; modules of `tests/it` check the outcome.

#![allow(clippy::print_stderr, clippy::print_stdout, missing_docs)]

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use ragspan::config::{FileSettings, Format, SqliteSettings};
use ragspan::{Config, Level, Telemetry, rag_span};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["double-panic", file] => double_panic(file),
        ["aborts", seed] => aborts(seed.parse()?),
        ["late-start"] => late_start(),
        ["backtrace", database] => backtrace(database),
        ["log"] => under_a_logger(),
        _ => Err("no such case".into()),
    }
}

fn quiet() -> Config {
    Config::default().without_sinks().without_metrics_listener()
}

#[rag_span(layer = "data")]
fn before() {}

#[rag_span(layer = "data")]
fn caught() {
    panic!("once");
}

/// Panics, and panics again during unwinding.
#[rag_span(layer = "data")]
fn twice() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            caught();
        }
    }
    let _held = Bomb;
    caught();
}

fn double_panic(file: &str) -> Result<(), Box<dyn Error>> {
    let config = quiet().level(Level::Info).stdout(Format::Json);
    let telemetry = ragspan::start(config.file(FileSettings::new(file)))?;
    before();
    assert!(std::panic::catch_unwind(caught).is_err());
    assert!(telemetry.flush_blocking());
    twice();
    Ok(())
}

/// Panics in the standard library, which was compiled in a folder of another machine.
#[rag_span(layer = "data")]
fn wait_less_than_nothing() -> Duration {
    let seconds = std::hint::black_box(-1.0);
    Duration::from_secs_f64(seconds)
}

fn backtrace(database: &str) -> Result<(), Box<dyn Error>> {
    let sqlite = SqliteSettings::new(database);
    let config = quiet().level(Level::Info).stdout(Format::Json);
    let telemetry = ragspan::start(config.sqlite(sqlite))?;
    assert!(std::panic::catch_unwind(wait_less_than_nothing).is_err());
    telemetry
        .shutdown_blocking(Duration::from_secs(10))
        .report();
    Ok(())
}

static BEGUN: AtomicU64 = AtomicU64::new(0);
static FINISHED: AtomicU64 = AtomicU64::new(0);

#[rag_span(layer = "generation")]
async fn work(turns: u32) {
    BEGUN.fetch_add(1, Relaxed);
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
    FINISHED.fetch_add(1, Relaxed);
}

fn aborts(seed: u64) -> Result<(), Box<dyn Error>> {
    let telemetry = ragspan::start(quiet().level(Level::Critical))?;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(4).build()?;
    for _ in 0..200 {
        let spawn = |turns| runtime.spawn(work(turns));
        let mut tasks: Vec<_> = (0..100).map(|_| spawn(random.u32(0..100))).collect();
        random.shuffle(&mut tasks);
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
        // The end of the runtime cancels the tasks of the last round.
        drop(tasks);
    }
    drop(runtime);
    balanced(&telemetry.render_metrics(None).body)?;
    telemetry
        .shutdown_blocking(Duration::from_secs(10))
        .report();
    println!("balanced");
    Ok(())
}

fn balanced(exposition: &str) -> Result<(), Box<dyn Error>> {
    let value = |series: &str| -> Result<u64, Box<dyn Error>> {
        let line = exposition
            .lines()
            .find_map(|line| line.strip_prefix(series));
        Ok(line.map_or(Ok(0), |line| line.trim().parse())?)
    };
    let (begun, finished) = (BEGUN.load(Relaxed), FINISHED.load(Relaxed));
    assert!(begun > 0, "no task ever ran");
    let active = value(r#"rag_active_queries{layer="generation"}"#)?;
    let success = value(r#"rag_requests_total{layer="generation",status="success"}"#)?;
    let cancelled = value(r#"rag_requests_total{layer="generation",status="cancelled"}"#)?;
    assert_eq!((active, success), (0, finished), "{exposition}");
    assert_eq!(cancelled, begun - finished, "{exposition}");
    Ok(())
}

/// Makes a call before the start, one that is running during the start, and two after it.
fn late_start() -> Result<(), Box<dyn Error>> {
    before();
    let telemetry = started_inside()?;
    before();
    before();
    print!("{}", telemetry.render_metrics(None).body);
    telemetry
        .shutdown_blocking(Duration::from_secs(10))
        .report();
    Ok(())
}

#[rag_span(layer = "api")]
fn started_inside() -> Result<Telemetry, ragspan::telemetry::StartError> {
    ragspan::start(quiet().stdout(Format::Json))
}

/// A logger that prints the records that `tracing` reports to `log` without a subscriber.
struct Lines;

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        println!("log {} {}", record.target(), record.args());
    }

    fn flush(&self) {}
}

static EVALUATED: AtomicU64 = AtomicU64::new(0);

/// Counts the evaluations of a field.
fn counted(value: u64) -> u64 {
    EVALUATED.fetch_add(1, Relaxed);
    value
}

#[rag_span(
    layer = "data", fields(one = counted(1)), context(two = counted(2)), metrics(three = counted(3)),
    versions(four = counted(4).to_string()), model = counted(5).to_string(), ok(|_| six = counted(6)),
)]
fn ours() -> u8 {
    7
}

fn under_a_logger() -> Result<(), Box<dyn Error>> {
    log::set_logger(&Lines)?;
    log::set_max_level(log::LevelFilter::Trace);
    drop(tracing::info_span!("theirs", asked = counted(1)).entered());
    println!("theirs {}", EVALUATED.swap(0, Relaxed));
    ours();
    println!("ours {}", EVALUATED.load(Relaxed));
    Ok(())
}
