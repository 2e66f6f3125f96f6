//! Puts secrets into every input of a program; `tests/it/canary.rs` searches for them in all outputs.
//!
//! `canary on|off FOLDER`: writes records to a log file, a database and standard output, with the privacy rules on or off. Metrics
//! and health go to `metrics.txt`, `openmetrics.txt` and `health.json` in the folder.
//! `canary on|off FOLDER panic|abort`: the same, and then panics or aborts.
//! `canary on|off FOLDER degraded`: the same with sinks that cannot be opened, and whose paths have secrets.
//! `canary hostile FOLDER [pretty|compact]`: the same with control sequences and markup instead of secrets, and with standard
//! output in this format.
//! `canary list`: prints the inputs, and the secrets of each.

#![allow(clippy::print_stdout, missing_docs)]

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ragspan::config::{FileSettings, Format};
use ragspan::error::ErrorFields;
use ragspan::propagation::Policy;
use ragspan::rag::Verdict;
use ragspan::scope::ContextVisitor;
use ragspan::{
    Config, Document, ErrorType, LogContext, Logger, Secret, Telemetry, Usage, rag_span, span,
};
use sqlx::{Connection, Executor};

/// The inputs, by number. A new input needs a line in this list and a use below.
const INPUTS: [&str; 45] = [
    "an event's message",
    "an event's field",
    "an event's field by Debug",
    "a call's argument",
    "a call's result",
    "a request's field",
    "a request's user",
    "a request's session",
    "a request's tenant",
    "a request's id",
    "bind",
    "a logger's field",
    "a block's handle",
    "record",
    "a span of tracing's own",
    "an error's message",
    "an error's source",
    "an error's field",
    "a panic's message",
    "sqlx's own events",
    "a record of the log crate",
    "the target of the log crate",
    "a document's id",
    "a document's source",
    "an attempt's reason",
    "what a fallback is from",
    "what a fallback goes to",
    "a fallback's reason",
    "a cache's name",
    "an evaluation's name",
    "feedback's key",
    "a model's name",
    "a pool's name",
    "a label of a metric of one's own",
    "a critical event",
    "an event of a logger",
    "another text between numbers",
    "a block's argument",
    "the last event before the end",
    "a caller's baggage",
    "a caller's request id",
    "a header of a request",
    "a request's path",
    "a failing body",
    "a sink's path",
];

fn input(name: &str) -> usize {
    INPUTS
        .iter()
        .position(|input| *input == name)
        .expect("an input")
}

/// Returns the secrets of an input, one of each form: a key, a bearer token, an e-mail address and a card number.
fn secrets(input: usize) -> [String; 4] {
    let digits = format!("400000{input:09}");
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let twice = u32::from(digit - b'0') * if at % 2 == 0 { 2 } else { 1 };
            twice / 10 + twice % 10
        })
        .sum();
    [
        format!("sk-canary{input:02}abcdefghijk7"),
        format!("canary{input:02}.bearer.0123"),
        format!("canary{input:02}@secret.example"),
        format!("{digits}{}", (10 - sum % 10) % 10),
    ]
}

/// Control sequences and markup for terminals, log viewers and line parsers, one of each kind.
const ATTACK: &str = "\n{\"level\":\"CRITICAL\",\"message\":\"forged\"}\r\n\u{1b}[2J\u{1b}]0;owned\u{7}\u{8}\u{9b}31m\u{85}\
                      \u{2028}\u{2029}\u{202e}\u{2066}\u{200e}\u{61c}\u{feff}\u{fff9}\u{200b}\u{200d}\u{2060}\u{ad}\u{e0041}\u{e007f}\u{7f}\0<script>\\";

/// Whether inputs get attacks instead of secrets.
static HOSTILE: AtomicBool = AtomicBool::new(false);

fn attack(name: &str) -> Option<String> {
    let hostile = HOSTILE.load(Ordering::Relaxed);
    hostile.then(|| format!("attack{:02}{ATTACK}", input(name)))
}

/// Returns a text with all secrets of an input.
fn text(name: &str) -> String {
    if let Some(attack) = attack(name) {
        return attack;
    }
    let [key, bearer, email, card] = secrets(input(name));
    format!("é {key}, Bearer {bearer} from {email} pays {card}.")
}

/// Returns a short text with one secret of an input, for labels.
fn label(name: &str) -> String {
    if let Some(attack) = attack(name) {
        return attack;
    }
    let [key, ..] = secrets(input(name));
    key
}

/// Returns a secret that only the name of its field reveals.
fn named(number: usize) -> String {
    format!("canary-named-{number:02}")
}

/// The names of the fields with such values, in the order of their numbers.
const NAMED: [&str; 9] = [
    "password",
    "api_key",
    "authorization",
    "client_secret",
    "token",
    "private_key",
    "cookie",
    "user.access-token",
    "passwd",
];

struct Request;

impl LogContext for Request {
    fn visit(&self, out: &mut ContextVisitor<'_>) {
        out.field("note", &text("a request's field").as_str());
        out.field("user_id", &text("a request's user").as_str());
        out.display("session_id", &label("a request's session"));
        out.debug("tenant_id", &text("a request's tenant"));
        out.field("request_id", &label("a request's id").as_str());
        out.display("authorization", &named(2));
    }
}

#[derive(Debug)]
struct Failed(String, Option<Box<Self>>);

impl fmt::Display for Failed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

impl ErrorType for Failed {
    fn error_type(&self) -> &'static str {
        "failed"
    }

    fn error_fields(&self, out: &mut ErrorFields<'_>) {
        out.field("detail", &text("an error's field").as_str());
        out.field("cookie", &named(6).as_str());
    }
}

#[rag_span(layer = "api", context(api_key, passed = hidden), ok(|answer| answer = answer.as_str()))]
fn answer(question: &str, api_key: &str, hidden: &Secret<String>) -> Result<String, Failed> {
    search(question);
    events(hidden);
    record_values();
    assert!(std::panic::catch_unwind(panics).is_err());
    assert!(fails().is_err());
    Ok(text("a call's result"))
}

#[rag_span(layer = "retrieval", context(question), documents = |hits| hits.iter().map(|(id, source)| Document::new(id).source(source)))]
fn search(question: &str) -> Vec<(String, String)> {
    vec![(text("a document's id"), text("a document's source"))]
}

#[rag_span(layer = "data")]
fn fails() -> Result<(), Failed> {
    let source = Box::new(Failed(text("an error's source"), None));
    Err(Failed(text("an error's message"), Some(source)))
}

#[rag_span(layer = "data")]
fn panics() {
    panic!("{}", text("a panic's message"));
}

#[rag_span(layer = "generation", model = text("a model's name"), usage = |usage| *usage)]
fn generate() -> Usage {
    Usage::new(10, 2)
}

fn events(hidden: &Secret<String>) {
    tracing::info!("{}", text("an event's message"));
    tracing::info!(note = text("an event's field"), password = named(0), hidden = %hidden, shown = ?hidden, "field");
    tracing::info!(note = ?text("an event's field by Debug"), user.access_token = named(7), "debug");
    tracing::info!(
        before = "12",
        note = format!("34 {} 56", text("another text between numbers")),
        after = "78",
        "numbers"
    );
    tracing::info_span!("foreign", note = text("a span of tracing's own"))
        .in_scope(|| tracing::info!("inside"));
    log::info!("{}", text("a record of the log crate"));
    ragspan::critical!(
        note = text("a critical event"),
        passwd = named(8),
        "critical"
    );
    let log = Logger::new()
        .with("note", text("a logger's field"))
        .with("token", named(4));
    ragspan::event!(log, INFO, detail = text("an event of a logger"), "logged");
}

fn record_values() {
    ragspan::scope::bind("bound", text("bind"));
    ragspan::scope::bind("client_secret", named(3));
    ragspan::record("recorded", text("record"));
    let argument = text("a block's argument");
    span!("block", layer = "api", context(argument), |span| {
        span.record("handled", text("a block's handle"));
        span.record("private_key", named(5));
    });
    ragspan::rag::retry(2, &label("an attempt's reason"));
    ragspan::rag::fallback(
        &label("what a fallback is from"),
        &label("what a fallback goes to"),
        &text("a fallback's reason"),
    );
    ragspan::rag::cache_hit(&label("a cache's name"));
    ragspan::rag::record_score(&label("an evaluation's name"), 0.5);
    ragspan::rag::feedback(&label("feedback's key"), Verdict::Good);
    ragspan::rag::set_active_connections(&label("a pool's name"), 3);
    metrics::counter!("canary_total", "label" => label("a label of a metric of one's own"))
        .increment(1);
    generate();
}

/// A failing HTTP service.
#[derive(Clone)]
struct Failing;

impl tower_service::Service<http::Request<()>> for Failing {
    type Response = http::Response<axum::body::Body>;
    type Error = Failed;
    type Future = std::future::Ready<Result<Self::Response, Failed>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Failed>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<()>) -> Self::Future {
        tracing::info!("served");
        std::future::ready(Err(Failed(text("a failing body"), None)))
    }
}

/// Calls the service with secrets in the path and in headers, without characters that these do not allow.
fn called() -> Result<(), Box<dyn Error>> {
    let mut encoded = String::new();
    for byte in text("a caller's baggage").bytes() {
        encoded.push_str(&format!("%{byte:02x}"));
    }
    let visible = |text: String| -> String {
        text.chars()
            .filter(|it| it.is_ascii_graphic() && !"\"\\<>{}".contains(*it))
            .collect()
    };
    let path = visible(label("a request's path"));
    let request = http::Request::get(format!("http://canary.example/{path}"))
        .header("baggage", format!("travels={encoded}"))
        .header("x-request-id", visible(label("a caller's request id")))
        .header("user-agent", visible(label("a header of a request")))
        .body(())?;
    let mut service =
        tower_layer::Layer::layer(&ragspan::http::layer().user_agent().path(), Failing);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let served = runtime.block_on(tower_service::Service::call(&mut service, request));
    assert!(served.is_err());
    Ok(())
}

/// Emits values that are too long, too deep or not UTF-8.
fn enormous() {
    let long = "é".repeat(5 << 20);
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    tracing::info!(%long, deep, "enormous: {long}");
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"no\xfftext\x1b[31m");
        tracing::info!(path = %Path::new(name).display(), name = ?name, "no text");
    }
}

async fn query() -> Result<(), sqlx::Error> {
    let mut connection = sqlx::SqliteConnection::connect("sqlite::memory:").await?;
    let statement = format!("SELECT '{}'", text("sqlx's own events"));
    connection.execute(sqlx::AssertSqlSafe(statement)).await?;
    connection.close().await
}

fn config(on: bool, format: Format) -> Result<Config, Box<dyn Error>> {
    let config = Config::default().without_sinks().without_metrics_listener();
    let config = config.propagation(Policy::new().baggage(["travels"]));
    let config = config.directives("info,sqlx=debug")?.stdout(format);
    Ok(if on {
        config
    } else {
        config.redact([]).allow_fields(NAMED)
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["list"] => list(),
        ["hostile", folder, format @ ..] => {
            HOSTILE.store(true, Ordering::Relaxed);
            return leave(false, Path::new(folder), format);
        }
        [switch, folder, end @ ..] => return leave(*switch == "on", Path::new(folder), end),
        _ => {
            return Err(
                "canary on|off FOLDER [panic|abort|degraded] | hostile FOLDER [pretty|compact] | list"
                    .into(),
            );
        }
    }
    Ok(())
}

/// Prints a line for each input: its name and its secrets.
fn list() {
    for (number, input) in INPUTS.iter().enumerate() {
        println!("{input}\t{}", secrets(number).join("\t"));
    }
    for (number, name) in NAMED.iter().enumerate() {
        println!("named {name}\t{}", named(number));
    }
}

fn leave(on: bool, folder: &Path, end: &[&str]) -> Result<(), Box<dyn Error>> {
    let degraded = end == ["degraded"];
    let path = |name: &str| {
        let inside = if degraded {
            text("a sink's path")
        } else {
            String::new()
        };
        folder.join(inside).join(name)
    };
    if degraded {
        // A file at the path of the folder.
        std::fs::write(folder.join(text("a sink's path")), "")?;
    }
    let format = match end {
        ["pretty"] => Format::Pretty,
        ["compact"] => Format::Compact,
        _ => Format::Json,
    };
    let config = config(on, format)?
        .sqlite(path("canary.db"))
        .file(FileSettings::new(path("canary.log")));
    let telemetry = ragspan::start(config)?;
    // First, so that the last error is another one.
    called()?;
    let hidden = Secret::new("canary-typed".to_owned());
    Request.in_scope(|| answer(&text("a call's argument"), &named(1), &hidden))?;
    // Inside an annotated call of this module, the record would have the call's layer instead of the target.
    log::info!(target: &label("the target of the log crate"), "aimed");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // A statement must not have a NUL, so `sqlx` rejects an attack.
    if let Err(error) = runtime.block_on(query())
        && !HOSTILE.load(Ordering::Relaxed)
    {
        return Err(error.into());
    }
    if HOSTILE.load(Ordering::Relaxed) {
        enormous();
    }
    tracing::error!("{}", text("the last event before the end"));
    if !degraded {
        assert!(telemetry.flush_blocking());
    }
    write_reports(&telemetry, folder)?;
    match end {
        ["panic"] => panics(),
        ["abort"] => std::process::abort(),
        _ => telemetry.shutdown_blocking(Duration::from_secs(2)).report(),
    }
    Ok(())
}

/// Writes the metrics, the health and the warnings to files.
fn write_reports(telemetry: &Telemetry, folder: &Path) -> Result<(), Box<dyn Error>> {
    let open = telemetry.render_metrics(Some("application/openmetrics-text"));
    std::fs::write(
        folder.join("metrics.txt"),
        telemetry.render_metrics(None).body,
    )?;
    std::fs::write(folder.join("openmetrics.txt"), open.body)?;
    let health = telemetry.health();
    std::fs::write(
        folder.join("health.json"),
        format!("{}{:?}{:?}", health.to_json(), health, telemetry.warnings()),
    )?;
    Ok(())
}
