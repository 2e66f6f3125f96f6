//! Loads configurations in a separate process; `tests/it/config.rs` and `scripts/soak config` run it.
//!
//! `configured load`: prints the loaded configuration. `configured start`: starts with it and makes a call.
//! `configured hash`: writes a record with a hashed field, with the key of `RAGSPAN_HASH_KEY` if that is set.
//! `configured fuzz COUNT SEED`: parses `COUNT` broken files, and prints how many were valid.

#![allow(clippy::print_stderr, clippy::print_stdout, missing_docs)]

use std::error::Error;
use std::panic::catch_unwind;
use std::time::Duration;

use fastrand::Rng;
use ragspan::config::ConfigError;
use ragspan::{Config, LogContext, rag_span};

#[rag_span(layer = "api")]
fn add(a: usize, b: usize) -> usize {
    tracing::debug!("adding");
    a + b
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["load"] => load(),
        ["start"] => start(),
        ["hash"] => hash(),
        ["fuzz", count, seed] => fuzz(count.parse()?, seed.parse()?),
        _ => Err("configured load | start | hash | fuzz COUNT SEED".into()),
    }
}

fn load() -> Result<(), Box<dyn Error>> {
    let config = Config::load().map_err(|error| describe(&error))?;
    println!(
        "source: {}",
        config
            .source()
            .map_or("none".into(), |path| path.display().to_string())
    );
    config
        .notes()
        .iter()
        .for_each(|note| println!("note: {note}"));
    for setting in config.explain() {
        println!(
            "{}: {} # {}",
            setting.path(),
            setting.value().unwrap_or("~"),
            setting.source()
        );
    }
    Ok(())
}

/// Prints the whole message, as the `main` of a service would.
fn describe(error: &ConfigError) -> Box<dyn Error> {
    eprintln!("{error}");
    "the configuration is wrong".into()
}

fn start() -> Result<(), Box<dyn Error>> {
    let telemetry = ragspan::start(Config::load().map_err(|error| describe(&error))?)?;
    add(1, 2);
    telemetry
        .warnings()
        .iter()
        .for_each(|problem| println!("problem: {problem}"));
    println!("metrics: {:?}", telemetry.metrics_address());
    let exposition = telemetry.render_metrics(None).body;
    exposition
        .lines()
        .filter(|line| line.starts_with("rag_service_info"))
        .for_each(|line| println!("{line}"));
    println!("families: {}", exposition.matches("# TYPE ").count());
    let free = metrics::set_global_recorder(metrics::NoopRecorder).is_ok();
    println!("recorder: {}", if free { "free" } else { "ours" });
    println!("{}", telemetry.shutdown_blocking(Duration::from_secs(5)));
    Ok(())
}

#[derive(LogContext)]
struct Request {
    #[log(hash)]
    email: &'static str,
}

fn hash() -> Result<(), Box<dyn Error>> {
    let key = std::env::var_os("RAGSPAN_HASH_KEY").map(|_| "hash_key: '${RAGSPAN_HASH_KEY}'");
    let config = Config::from_yaml(&format!(
        "logging: {{privacy: {{{}}}, metrics: {{enabled: false}}, \
         structured_logging: {{format: json, backends: {{stdout: {{enabled: true}}}}}}}}",
        key.unwrap_or_default()
    ))?;
    let telemetry = ragspan::start(config)?;
    let email = "ada@example.com";
    Request { email }.in_scope(|| tracing::info!("hashed"));
    telemetry.shutdown_blocking(Duration::from_secs(5)).report();
    Ok(())
}

/// The files to break, beside that of `config init`: the example of the design, and one with further YAML syntax.
const FILES: [&str; 2] = [
    include_str!("../../runtime/src/config/load/seed.yaml"),
    "logging: &a\n  service: {name: ${A:-b}, version: \"1.0\"}\n  structured_logging:\n    level: info,a=debug\n    \
     backends: &b {otlp: {enabled: true, headers: {a: \"${B}\"}}, file: {enabled: true, max_size: 1MiB}}\n  \
     privacy: {redact_fields: [a, b]}\n  spool: *c\n  retention: {<<: *b, schedule: '03:10'}\n",
];

/// Pieces of text with a meaning in YAML, with a meaning in configurations, or without one.
const PIECES: [&str; 40] = [
    ":",
    ": ",
    "- ",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "*b",
    "!x ",
    "!!str ",
    "|\n",
    ">-\n",
    "'",
    "\"",
    "#",
    " #",
    "%TAG ! x\n",
    "---\n",
    "...\n",
    "\t",
    "\n",
    "\r\n",
    "  ",
    "~",
    "<<: ",
    "${",
    "${A}",
    "${file:/dev/null}",
    "$${",
    "99999999999999999999",
    "-1",
    "\u{feff}",
    "\u{85}",
    "\u{202e}",
    "\u{0}",
    "é",
];

fn fuzz(count: u64, seed: u64) -> Result<(), Box<dyn Error>> {
    let template = Config::template();
    let files: Vec<&str> = FILES.into_iter().chain([template.as_str()]).collect();
    let mut rng = Rng::with_seed(seed);
    let mut right = 0;
    for _ in 0..count {
        let text = broken(&files, &mut rng);
        match catch_unwind(|| classify(&text)) {
            Ok(Ok(is_right)) => right += u64::from(is_right),
            Ok(Err(why)) => return Err(format!("{why} of this file:\n{text}").into()),
            Err(_) => return Err(format!("it panicked at this file:\n{text}").into()),
        }
    }
    println!("{count} read, {right} right");
    Ok(())
}

fn broken(files: &[&str], rng: &mut Rng) -> String {
    let file = files
        .get(rng.usize(..files.len()))
        .copied()
        .unwrap_or_default();
    let mut lines: Vec<String> = file.lines().map(str::to_owned).collect();
    for _ in 0..rng.usize(0..6) {
        hurt_lines(&mut lines, rng);
    }
    let mut text: Vec<char> = lines.join("\n").chars().collect();
    for _ in 0..rng.usize(0..4) {
        hurt_text(&mut text, rng);
    }
    text.into_iter().collect()
}

fn hurt_lines(lines: &mut Vec<String>, rng: &mut Rng) {
    let (one, other) = (rng.usize(..=lines.len()), rng.usize(..=lines.len()));
    match rng.u8(..5) {
        0 => lines.truncate(one),
        1 if one < lines.len() => drop(lines.remove(one)),
        2 if one < lines.len() && other < lines.len() => lines.swap(one, other),
        3 => {
            let copy = lines.get(one).cloned().unwrap_or_default();
            lines.insert(other, copy);
        }
        _ => {
            if let Some(line) = lines.get_mut(one) {
                *line = format!(
                    "{}{}",
                    " ".repeat(rng.usize(..7)),
                    line.trim_start().trim_start_matches("# ")
                );
            }
        }
    }
}

fn hurt_text(text: &mut Vec<char>, rng: &mut Rng) {
    let at = rng.usize(..=text.len());
    let end = text.len().min(at + rng.usize(..9));
    let piece = PIECES
        .get(rng.usize(..PIECES.len()))
        .copied()
        .unwrap_or_default();
    let piece = if rng.u8(..8) == 0 {
        rng.char(..).to_string()
    } else {
        piece.to_owned()
    };
    let piece = piece.repeat(if rng.u8(..16) == 0 { 40 } else { 1 });
    text.splice(at..end, piece.chars()).for_each(drop);
}

/// Returns whether the file is valid, or the problem of an invalid error message.
fn classify(text: &str) -> Result<bool, String> {
    match Config::from_yaml(text) {
        Ok(config) if config.explain().is_empty() => Err("nothing is explained".to_owned()),
        Ok(_) => Ok(true),
        Err(error) => {
            // A carriage return can end a line too.
            let lines = text.split(['\n', '\r']).count() + 1;
            let within = |line: u32| line >= 1 && line as usize <= lines;
            let has_location = error
                .problems()
                .iter()
                .all(|problem| problem.line().is_none_or(within));
            let silent = error
                .problems()
                .iter()
                .any(|problem| problem.message().is_empty());
            let shown = error.to_string();
            let unsafe_to_show = shown
                .chars()
                .any(|letter| letter != '\n' && letter.is_control());
            if error.problems().is_empty() || !has_location || silent || unsafe_to_show {
                return Err(format!("the error message is invalid: {shown:?}"));
            }
            Ok(false)
        }
    }
}
