//! Measures redaction: the CPU time per record of the pipeline's threads, with and without the rules, and with a secret in each record.

use std::error::Error;
use std::io::{self, Write};
use std::process::Command;
use std::time::Duration;

use ragspan::config::FileSettings;
use ragspan::{Config, LogContext, rag_span};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

/// With the rules a record without a secret takes at most so much more of the pipeline's CPU.
pub const PROMISE: f64 = 1.35;

/// Records in one round, fewer than the queue holds.
const RECORDS: u64 = 10_000;

/// The content of the records of a run.
const KINDS: [&str; 3] = ["off", "on", "hit"];

#[derive(LogContext)]
struct Request {
    user_id: &'static str,
    plan: &'static str,
}

#[rag_span(layer = "retrieval", context(query, top_k, filter), ok(|hits| chunks = hits))]
fn search(query: &str, top_k: u64, filter: &str) -> u64 {
    top_k + query.len() as u64
}

/// Measures each kind several times in processes of its own and keeps the minimum; prints a table or JSON, and returns whether the promise holds.
///
/// # Errors
///
/// When a run fails, or nothing can be printed.
pub fn all(quick: bool, json: bool) -> Result<bool, Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let rounds = if quick { 3 } else { 7 };
    let mut least = [f64::INFINITY; KINDS.len()];
    for _ in 0..rounds {
        for (kind, least) in KINDS.iter().zip(&mut least) {
            let run = Command::new(&program).args(["redact-one", kind]).output()?;
            let output = String::from_utf8_lossy(&run.stdout);
            *least = least.min(output.trim().parse()?);
        }
    }
    let [off, on, hit] = least;
    let ratio = on / off;
    let text = if json {
        json!({"off_ns": off, "on_ns": on, "hit_ns": hit, "ratio": ratio, "promised": PROMISE})
            .to_string()
    } else {
        table(least)
    };
    writeln!(io::stdout(), "{text}")?;
    Ok(ratio <= PROMISE)
}

fn table([off, on, hit]: [f64; 3]) -> String {
    let line = |name: &str, ns: f64| {
        let rate = 1e9 / ns;
        format!(
            "{name:<28} {ns:>8.0} ns a record  {rate:>9.0} records a second  {:>5.2}",
            ns / off
        )
    };
    [
        line("without rules", off),
        line("with rules, no secret", on),
        line("with rules, a secret each", hit),
    ]
    .join("\n")
}

/// Measures one kind in this process: nanoseconds of CPU of all threads but the caller's, a record.
///
/// # Errors
///
/// When it cannot start, or a record is lost.
pub fn one(kind: &str) -> Result<f64, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = FileSettings::new(folder.path().join("records.log"));
    let config = Config::default()
        .without_sinks()
        .without_metrics_listener()
        .file(file);
    let config = if kind == "off" {
        config.redact([])
    } else {
        config
    };
    let telemetry = ragspan::start(config)?;
    let query = if kind == "hit" {
        "mail to ada.lovelace@example.com"
    } else {
        "mail to ada lovelace, by example"
    };
    let round = || {
        Request {
            user_id: "user-4711",
            plan: "free",
        }
        .in_scope(|| {
            (0..RECORDS).fold(0, |sum, top_k| {
                sum + search(query, top_k, "year = 2025 and language = 'en'")
            })
        })
    };
    round();
    telemetry.flush_blocking();
    let before = of_others();
    let rounds = 5;
    for _ in 0..rounds {
        round();
        telemetry.flush_blocking();
    }
    let spent = of_others() - before;
    let report = telemetry.shutdown_blocking(Duration::from_secs(10));
    if !report.is_complete() {
        return Err(format!("records were lost: {report}").into());
    }
    Ok(spent / (rounds * RECORDS) as f64)
}

/// CPU of all threads but this one, in nanoseconds.
fn of_others() -> f64 {
    let nanos = |clock| {
        let time = clock_gettime(clock);
        time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
    };
    nanos(ClockId::ProcessCPUTime) - nanos(ClockId::ThreadCPUTime)
}
