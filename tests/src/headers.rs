//! `headers COUNT SEED`: parses the headers of `COUNT` untrusted requests, and prints how many were valid and how much the memory
//! grew.

#![allow(clippy::print_stdout, missing_docs)]

use std::error::Error;
use std::panic::catch_unwind;

use fastrand::Rng;
use ragspan::propagation::{extract, inject};
use ragspan::{LogContext, rag_span};

type Lines = Vec<(String, String)>;

const NAMES: [&str; 4] = ["traceparent", "tracestate", "baggage", "langsmith-trace"];

/// Valid values, which are then broken.
const GOOD: [&str; 8] = [
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-more",
    "ragspan=01a2073a-c418-7b04-b7ad-6b7169203331,congo=t61rcWkgMzE,tenant@rojo=00f067aa0ba902b7",
    "a=1,b=2,c=3, d-_*/=~!",
    "request_id=r-1,user_id=ada%20l;ttl=1,langsmith-metadata=%7B%22a%22%3A1%7D",
    "request_id=%00%1b%5b31m,k=%ff%fe",
    "20261123T070701528973Z01a2073a-c418-7259-92e2-510a1ad7419e",
    "20261123T070701528973Z01a2073a-c418-7259-92e2-510a1ad7419e.20261123T070701532515Z01a2073a-c41c-7ad2-9e80-dcd6c0d31bfe",
];

/// Characters with a meaning in one of the headers, and some without one.
const MARKS: [&str; 24] = [
    "-", "=", ",", ";", ".", "%", "@", "*", "/", " ", "\t", "0", "f", "F", "T", "Z", "ff", "00",
    "\0", "\n", "é", "\u{fffd}", "\u{202e}", "%zz",
];

#[rag_span(layer = "api")]
fn answer(out: &mut Lines) {
    inject(out);
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [count, seed] = arguments.as_slice() else {
        return Err("headers COUNT SEED".into());
    };
    let config = ragspan::Config::default()
        .without_sinks()
        .without_metrics_listener();
    let telemetry = ragspan::start(config)?;
    let (count, seed): (u64, u64) = (count.parse()?, seed.parse()?);
    let mut rng = Rng::with_seed(seed);
    // The first tenth fills the allocator and the pools, so it is not measured.
    let (warm, mut right) = (count / 10, 0);
    let mut before = 0;
    for round in 0..count {
        if round == warm {
            before = resident_kib();
        }
        let lines = request(&mut rng);
        match catch_unwind(|| classify(&lines)) {
            Ok(Ok(is_right)) => right += u64::from(is_right),
            Ok(Err(why)) => return Err(format!("{why} of {lines:?}").into()),
            Err(_) => return Err(format!("it panicked at {lines:?}").into()),
        }
    }
    let grown = resident_kib().saturating_sub(before);
    drop(telemetry);
    println!("{count} read, {right} right, {grown} KiB grown");
    Ok(())
}

/// Continues the trace of the headers; returns whether there was one, or the problem of the outbound headers.
fn classify(lines: &Lines) -> Result<bool, String> {
    let remote = extract(lines);
    let mut out = Lines::new();
    remote.in_scope(|| answer(&mut out));
    for (name, value) in &out {
        let most = if *name == "traceparent" {
            55
        } else {
            8192 + 64
        };
        let plain = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if value.len() > most || !plain {
            return Err(format!("{name} is sent on as {value:?}"));
        }
    }
    Ok(remote.trace_id().is_some())
}

fn request(rng: &mut Rng) -> Lines {
    let mut lines = Lines::new();
    for _ in 0..rng.usize(1..6) {
        let name = NAMES[rng.usize(..NAMES.len())];
        let times = if rng.u8(..) == 0 { 200 } else { 1 };
        for _ in 0..times {
            lines.push((name.to_owned(), broken(rng)));
        }
    }
    lines
}

fn broken(rng: &mut Rng) -> String {
    let good = GOOD[rng.usize(..GOOD.len())];
    let mut text: Vec<char> = good.chars().collect();
    for _ in 0..rng.usize(..4) {
        let at = rng.usize(..=text.len());
        let mark = MARKS[rng.usize(..MARKS.len())];
        match rng.u8(..6) {
            0 => text.truncate(at),
            1 => drop(text.splice(at..at, mark.chars())),
            2 if at < text.len() => drop(text.remove(at)),
            3 if at < text.len() => text[at] = mark.chars().next().unwrap_or('x'),
            4 => text = text.repeat(rng.usize(1..40)),
            _ => text.extend(GOOD[rng.usize(..GOOD.len())].chars()),
        }
    }
    text.into_iter().collect()
}

/// Returns the resident memory of this process; zero if the system does not report it.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}
