//! Starts beside subscribers, recorders and loggers of other libraries, one case for each run; modules of `tests/it` check the
//! outcome.

#![allow(clippy::print_stderr, clippy::print_stdout, missing_docs)]

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use ragspan::config::Format;
use ragspan::{Config, Telemetry, rag_span};
use tracing_subscriber::prelude::*;

#[rag_span(layer = "api", ok(|sum| sum = *sum))]
fn add(one: u32, two: u32) -> u32 {
    tracing::info!("adding");
    metrics::counter!("my_additions_total").increment(1);
    metrics::counter!("rag_claims_total").increment(3);
    one + two
}

fn quiet() -> Config {
    Config::default()
        .without_sinks()
        .without_metrics_listener()
        .stdout(Format::Json)
}

fn end(telemetry: Telemetry) {
    let report = telemetry.shutdown_blocking(Duration::from_secs(10));
    assert!(report.is_complete(), "{report}");
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["twice"] => twice(),
        ["foreign-subscriber"] => foreign_subscriber(),
        ["composed"] => composed(),
        ["filtered-scopes"] => filtered_scopes(),
        ["foreign-recorder"] => foreign_recorder(),
        ["metrics"] => print_metrics(),
        ["listener"] => listener(),
        ["silent", address, count] => silent(address, count.parse()?),
        ["port-taken"] => port_taken(),
        ["small-database", path] => small_database(path),
        ["unwritable", path] => unwritable(path),
        ["noise"] => noise(),
        ["not-started"] => not_started(),
        ["format", name] => in_format(name),
        ["composed-env-filter"] => composed_with_a_filter(),
        ["composed-sentry"] => composed_with_sentry(),
        ["captured"] => captured(),
        ["critical-only"] => critical_only(),
        ["composed-opentelemetry"] => composed_with_opentelemetry(),
        ["log"] => through_log(),
        ["logger-taken"] => logger_taken(),
        ["static"] => from_a_static(),
        ["strict-then-not", path] => strict_then_not(path),
        ["terminated"] => until_terminated(),
        ["terminated-twice"] => until_terminated_twice(),
        ["terminated-dropped"] => terminated_dropped(),
        ["exit"] => exit(),
        ["error"] => Ok(ragspan::Config::from_yaml("a: 1\nb: 2").map(drop)?),
        ["async"] => in_a_runtime(),
        _ => Err("no such case".into()),
    }
}

fn twice() -> Result<(), Box<dyn Error>> {
    let telemetry = ragspan::start(quiet())?;
    let second = ragspan::start(quiet());
    println!(
        "second: {}",
        second.err().ok_or("a second start was accepted")?
    );
    add(1, 2);
    end(telemetry);
    Ok(())
}

fn foreign_subscriber() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let refused = ragspan::start(quiet())
        .err()
        .ok_or("a foreign subscriber was accepted")?;
    println!("{refused}");
    println!("{}", add(1, 2));
    Ok(())
}

fn composed() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::registry()
        .with(ragspan::layer())
        .with(
            tracing_subscriber::fmt::layer()
                .json()
                .with_writer(std::io::stderr),
        )
        .init();
    let telemetry = ragspan::start(quiet())?;
    add(1, 2);
    end(telemetry);
    Ok(())
}

fn filtered_scopes() -> Result<(), Box<dyn Error>> {
    let filter = tracing_subscriber::EnvFilter::new("off");
    tracing_subscriber::registry()
        .with(filter)
        .with(ragspan::layer())
        .init();
    let telemetry = ragspan::start(quiet())?;
    println!("{}", telemetry.warnings().join("\n"));
    end(telemetry);
    Ok(())
}

struct NoRecorder;

impl metrics::Recorder for NoRecorder {
    fn describe_counter(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }

    fn describe_gauge(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }

    fn describe_histogram(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }

    fn register_counter(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Counter {
        metrics::Counter::noop()
    }

    fn register_gauge(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
        metrics::Gauge::noop()
    }

    fn register_histogram(
        &self,
        _: &metrics::Key,
        _: &metrics::Metadata<'_>,
    ) -> metrics::Histogram {
        metrics::Histogram::noop()
    }
}

fn foreign_recorder() -> Result<(), Box<dyn Error>> {
    metrics::set_global_recorder(NoRecorder).map_err(|_| "a recorder was there")?;
    let telemetry = ragspan::start(quiet())?;
    add(1, 2);
    println!("{}", telemetry.warnings().join("\n"));
    println!("{}", telemetry.render_metrics(None).body);
    end(telemetry);
    Ok(())
}

fn print_metrics() -> Result<(), Box<dyn Error>> {
    let telemetry = ragspan::start(Config::default().without_sinks().without_metrics_listener())?;
    metrics::describe_counter!("my_additions_total", "Additions.");
    add(1, 2);
    metrics::histogram!("rag_token_usage", "model" => "small", "kind" => "input").record(812.0);
    print!("{}", telemetry.render_metrics(None).body);
    end(telemetry);
    Ok(())
}

/// Serves until its standard input closes.
fn listener() -> Result<(), Box<dyn Error>> {
    let telemetry = ragspan::start(Config::default().without_sinks().metrics(local(0)))?;
    add(1, 2);
    println!(
        "{}",
        telemetry
            .metrics_address()
            .ok_or("metrics are not served")?
    );
    std::io::stdin().read_line(&mut String::new())?;
    end(telemetry);
    Ok(())
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Opens connections on which it sends nothing, until the end of standard input.
fn silent(address: &str, count: usize) -> Result<(), Box<dyn Error>> {
    let clients = (0..count).map(|_| std::net::TcpStream::connect(address));
    let clients = clients.collect::<Result<Vec<_>, _>>()?;
    println!("open");
    std::io::read_to_string(std::io::stdin())?;
    drop(clients);
    Ok(())
}

fn port_taken() -> Result<(), Box<dyn Error>> {
    let taken = std::net::TcpListener::bind(local(0))?;
    let wanted = taken.local_addr()?;
    let telemetry = ragspan::start(quiet().metrics(wanted))?;
    println!("{}", telemetry.warnings().join("\n"));
    assert_ne!(telemetry.metrics_address(), Some(wanted));
    add(1, 2);
    end(telemetry);
    Ok(())
}

fn unwritable(path: &str) -> Result<(), Box<dyn Error>> {
    let telemetry = ragspan::start(quiet().sqlite(path))?;
    println!("{}", telemetry.warnings().join("\n"));
    println!("{}", add(1, 2));
    let report = telemetry.shutdown_blocking(Duration::from_millis(200));
    println!("{report}");
    Ok(())
}

/// Writes more records than the database may keep.
fn small_database(path: &str) -> Result<(), Box<dyn Error>> {
    let mut settings = ragspan::config::SqliteSettings::new(path);
    settings.max_bytes = 4 << 20;
    let config = Config::default()
        .without_sinks()
        .without_metrics_listener()
        .queue(1 << 20);
    let telemetry = ragspan::start(config.level(ragspan::Level::Info).sqlite(settings))?;
    for round in 0..20 {
        (0..1_000).for_each(|one| assert!(add(one, round) >= one));
        assert!(telemetry.flush_blocking());
    }
    print!("{}", telemetry.render_metrics(None).body);
    end(telemetry);
    Ok(())
}

/// Starts at a level at which the clients of sinks emit events.
fn noise() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::registry().with(ragspan::layer()).init();
    let folder = std::env::temp_dir().join(format!("ragspan-noise-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let config = quiet()
        .level(ragspan::Level::Trace)
        .sqlite(folder.join("noise.db"));
    let telemetry = ragspan::start(config)?;
    add(1, 2);
    assert!(telemetry.flush_blocking());
    end(telemetry);
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

fn critical_only() -> Result<(), Box<dyn Error>> {
    let telemetry = ragspan::start(quiet().level(ragspan::Level::Critical))?;
    tracing::error!("an error");
    ragspan::critical!(disk = "sda", "the end");
    end(telemetry);
    Ok(())
}

/// Makes calls in captures of a started process, and calls outside of captures; prints the records of each.
fn captured() -> Result<(), Box<dyn Error>> {
    let telemetry = ragspan::start(Config::default().without_sinks().without_metrics_listener())?;
    add(1, 2);
    let ((), seen) = ragspan::testing::capture(|| {
        add(1, 2);
        add(1, 2);
    });
    let elsewhere = ragspan::testing::capture(|| {
        ragspan::task::spawn_thread(|| add(1, 2)).join().ok();
        tracing::dispatcher::get_default(tracing::Dispatch::clone)
    });
    // A call under the subscriber of an ended capture does not belong to the process either, but the `metrics` macros do not use the
    // subscriber.
    tracing::dispatcher::with_default(&elsewhere.0, || add(1, 2));
    add(1, 2);
    let page = telemetry.render_metrics(None).body;
    let value = |name: &str| {
        let line = page.lines().find_map(|line| line.strip_prefix(name));
        line.map_or("none", str::trim).to_owned()
    };
    println!(
        "captured {}",
        seen.spans("add").len() + seen.events("adding").len()
    );
    println!(
        "global {}",
        value("rag_requests_total{layer=\"api\",status=\"success\"}")
    );
    println!("mine {}", value("my_additions_total"));
    end(telemetry);
    Ok(())
}

fn not_started() -> Result<(), Box<dyn Error>> {
    println!("{}", add(1, 2));
    Ok(())
}

#[tokio::main]
async fn in_a_runtime() -> Result<(), Box<dyn Error>> {
    let telemetry = ragspan::start(quiet())?;
    add(1, 2);
    assert!(telemetry.flush().await && telemetry.flush_durable().await);
    let report = telemetry.shutdown(Duration::from_secs(10)).await;
    add(3, 4);
    assert!(report.is_complete(), "{report}");
    Ok(())
}

fn composed_with_a_filter() -> Result<(), Box<dyn Error>> {
    let filter = tracing_subscriber::EnvFilter::new("warn");
    let fmt = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(ragspan::layer())
        .with(fmt.with_filter(filter))
        .init();
    let telemetry = ragspan::start(quiet())?;
    add(1, 2);
    tracing::warn!("both hear this");
    end(telemetry);
    Ok(())
}

fn composed_with_opentelemetry() -> Result<(), Box<dyn Error>> {
    use opentelemetry::trace::TracerProvider;
    let exporter = opentelemetry_sdk::trace::InMemorySpanExporter::default();
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    tracing_subscriber::registry()
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("app")))
        .with(ragspan::layer())
        .init();
    let telemetry = ragspan::start(quiet())?;
    add(1, 2);
    end(telemetry);
    for span in exporter.get_finished_spans()? {
        eprintln!("{} {:?}", span.name, span.attributes);
    }
    Ok(())
}

fn composed_with_sentry() -> Result<(), Box<dyn Error>> {
    use sentry_core::protocol::EnvelopeItem;
    use tracing_subscriber::filter::LevelFilter;
    let transport = sentry_core::test::TestTransport::new();
    let options = sentry_core::ClientOptions::new()
        .dsn("https://public@sentry.invalid/1")
        .traces_sample_rate(1.0)
        .transport(std::sync::Arc::clone(&transport));
    sentry_core::Hub::current().bind_client(Some(std::sync::Arc::new(options.into())));
    tracing_subscriber::registry()
        .with(ragspan::layer())
        .with(sentry_tracing::SpanLayer::new().with_filter(LevelFilter::INFO))
        .with(sentry_tracing::ErrorLayer::new().with_filter(LevelFilter::ERROR))
        .init();
    let telemetry = ragspan::start(quiet())?;
    lose();
    end(telemetry);
    for envelope in transport.fetch_and_clear_envelopes() {
        for item in envelope.items() {
            match item {
                EnvelopeItem::Event(event) => eprintln!("{} {:?}", event.level, event.message),
                EnvelopeItem::Transaction(root) => {
                    let below = root.spans.iter().map(|span| span.op.as_deref());
                    eprintln!("{:?} {:?}", root.name, below.collect::<Vec<_>>());
                }
                _ => {}
            }
        }
    }
    Ok(())
}

#[rag_span(layer = "data")]
fn lose() {
    add(1, 2);
    ragspan::critical!("the index is gone");
}

#[rag_span(layer = "data")]
fn query() {
    log::info!("asking {} rows", 3);
    log::debug!("too fine");
    log::info!(target: "hyper::proto", "noise");
    driver::work();
}

mod driver {
    pub(super) fn work() {
        log::warn!("slow\nquery");
    }
}

fn through_log() -> Result<(), Box<dyn Error>> {
    let telemetry = ragspan::start(quiet())?;
    query();
    end(telemetry);
    Ok(())
}

struct OtherLogger;

impl log::Log for OtherLogger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        eprintln!("other: {}", record.args());
    }

    fn flush(&self) {}
}

fn logger_taken() -> Result<(), Box<dyn Error>> {
    log::set_logger(&OtherLogger)?;
    log::set_max_level(log::LevelFilter::Info);
    through_log()
}

static TELEMETRY: std::sync::LazyLock<Option<Telemetry>> =
    std::sync::LazyLock::new(|| ragspan::start(quiet()).ok());

/// Keeps the telemetry in a static, which is not dropped, so that its records are flushed explicitly.
fn from_a_static() -> Result<(), Box<dyn Error>> {
    let thread = std::thread::spawn(|| {
        add(1, 2);
        TELEMETRY.as_ref().map(|_| add(3, 4))
    });
    assert_eq!(thread.join().map_err(|_| "the thread panicked")?, Some(7));
    let telemetry = TELEMETRY.as_ref().ok_or("it did not start")?;
    assert!(telemetry.flush_blocking());
    Ok(())
}

fn strict_then_not(path: &str) -> Result<(), Box<dyn Error>> {
    let refused = ragspan::start(quiet().sqlite(path).strict()).err();
    println!("{}", refused.ok_or("a strict start let it pass")?);
    let telemetry = ragspan::start(quiet().strict())?;
    add(1, 2);
    end(telemetry);
    Ok(())
}

fn until_terminated() -> Result<(), Box<dyn Error>> {
    let terminated = ragspan::terminated();
    let telemetry = ragspan::start(quiet())?;
    eprintln!("ready");
    futures_executor(terminated);
    add(1, 2);
    end(telemetry);
    Ok(())
}

/// Hangs after the first signal.
fn until_terminated_twice() -> Result<(), Box<dyn Error>> {
    let terminated = ragspan::terminated();
    eprintln!("ready");
    futures_executor(terminated);
    eprintln!("hanging");
    loop {
        std::thread::park();
    }
}

fn terminated_dropped() -> Result<(), Box<dyn Error>> {
    drop(ragspan::terminated());
    println!("ready");
    loop {
        std::thread::park();
    }
}

fn exit() -> Result<(), Box<dyn Error>> {
    let telemetry = ragspan::start(quiet())?;
    add(1, 2);
    telemetry.exit(3)
}

/// Runs a future in a runtime without drivers: `terminated` works with any executor.
fn futures_executor(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(future);
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);

impl std::fmt::Display for Outer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("cannot read the year")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[rag_span(layer = "ingestion", context(text))]
fn parse(text: &str) -> Result<u32, Outer> {
    add(1, 2);
    tracing::warn!(path = "/a b", "half \u{1b}[2Jread");
    text.parse().map_err(Outer)
}

fn in_format(name: &str) -> Result<(), Box<dyn Error>> {
    let format = match name {
        "auto" => Format::Auto,
        "compact" => Format::Compact,
        "pretty" => Format::Pretty,
        _ => return Err("no such format".into()),
    };
    let telemetry = ragspan::start(quiet().stdout(format))?;
    assert!(parse("two\nthousand").is_err());
    end(telemetry);
    Ok(())
}
