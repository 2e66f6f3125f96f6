//! Prints to standard output through the layers of a service's own subscriber, with and without ragspan;
//! `tests/it/composed.rs` compares the two.

#![allow(clippy::print_stdout, missing_docs)]

use std::error::Error;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use ragspan::{Config, LogContext, layer, rag_span};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry, reload};

/// Installs a subscriber of these layers, lowest first: `install!(uses_ragspan, [..], ours, [..])`.
macro_rules! install {
    ($uses:expr, [$($below:expr),*], $ours:expr, [$($above:expr),*]) => {
        match $uses {
            true => registry()$(.with($below))*.with($ours)$(.with($above))*.init(),
            false => registry()$(.with($below))*$(.with($above))*.init(),
        }
    };
}

fn plain<S>() -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fmt::layer().without_time().with_ansi(false)
}

fn directives() -> EnvFilter {
    EnvFilter::from_default_env()
}

fn install(name: &str, uses: bool) -> Result<(), Box<dyn Error>> {
    let foreign = || filter_fn(|of| of.target() == "foreign");
    match name {
        "alone" => install!(uses, [], layer(), []),
        "beside fmt" => install!(uses, [plain()], layer(), []),
        "below fmt" => install!(uses, [], layer(), [plain()]),
        "beside opentelemetry" => {
            let tracer = SdkTracerProvider::builder().build().tracer("composed");
            let opentelemetry = tracing_opentelemetry::layer().with_tracer(tracer);
            install!(uses, [opentelemetry], layer(), [plain()]);
        }
        "under reload" => install!(uses, [plain()], reload::Layer::new(layer()).0, []),
        "a filter of our own" => {
            install!(uses, [plain()], layer().with_filter(LevelFilter::WARN), []);
        }
        "filters on others" => {
            let errors = plain().with_filter(LevelFilter::ERROR);
            install!(uses, [errors], layer(), [plain().with_filter(foreign())]);
        }
        "INFO for all" => install!(uses, [LevelFilter::INFO], layer(), [plain()]),
        "ERROR for all, above" => install!(uses, [plain()], layer(), [LevelFilter::ERROR]),
        _ => install_with_directives(name, uses)?,
    }
    Ok(())
}

fn install_with_directives(name: &str, uses: bool) -> Result<(), Box<dyn Error>> {
    match name {
        "directives for all" => install!(uses, [directives(), plain()], layer(), []),
        "directives between" => install!(uses, [plain(), directives()], layer(), []),
        "directives above" => install!(uses, [plain()], layer(), [directives()]),
        "a filter that can be changed" => {
            let ours = layer().with_filter(filter_fn(|of| of.target() != "foreign"));
            install!(uses, [reload::Layer::new(directives()).0], ours, [plain()]);
        }
        "directives for fmt" => {
            install!(uses, [], layer(), [plain().with_filter(directives())]);
        }
        "directives for fmt, below" => {
            install!(uses, [plain().with_filter(directives())], layer(), []);
        }
        "directives for each" => {
            let ours = layer().with_filter(EnvFilter::new("info"));
            install!(uses, [], ours, [plain().with_filter(directives())]);
        }
        "directives for two" => {
            let inside = "composed[work]=debug";
            install!(
                uses,
                [plain().with_filter(directives())],
                layer(),
                [plain().with_filter(EnvFilter::new(inside))]
            );
        }
        _ => return Err("no such composition".into()),
    }
    Ok(())
}

/// Prints nothing to standard output through a pipeline of its own, whose other sinks are off.
fn config(folder: &str) -> Config {
    let config = Config::default().without_metrics_listener();
    config.sqlite(format!("{folder}/ragspan.db"))
}

#[derive(LogContext)]
struct Request {
    user_id: u32,
}

fn inner(value: u32) -> Result<u32, std::num::TryFromIntError> {
    tracing::debug!(value, "inner");
    u8::try_from(value).map(u32::from)
}

#[rag_span(layer = "data", err(level = "warning"))]
fn annotated(value: u32) -> Result<u32, std::num::TryFromIntError> {
    inner(value)
}

#[rag_span(layer = "data")]
async fn later(value: u32) -> u32 {
    tracing::info!("later");
    value
}

#[rag_span(layer = "data")]
fn prepared(value: u32) -> impl Future<Output = u32> {
    async move {
        tracing::info!("prepared");
        value
    }
}

/// Runs the same statements as a service with ragspan and as one without; only the former calls annotated functions,
/// at places where the event that follows shows whether they left anything behind.
async fn work(uses_ragspan: bool) {
    tracing::info!("first");
    tracing::info!(target: "foreign", "of another crate");
    if uses_ragspan {
        drop(prepared(1));
    }
    tracing::info!("after a future that is never polled");
    if uses_ragspan {
        drop(Request { user_id: 7 }.enter());
        assert_eq!(quiet(1), 1);
    }
    tracing::debug!("after a scope");
    let _ignored = log::log_enabled!(target: "hyper", log::Level::Info);
    tracing::info!("after a question of the log crate");
    let span = tracing::info_span!("work", kind = "mine");
    let entered = span.enter();
    tracing::debug!("inside");
    tracing::error!(code = 3, "failed");
    drop(entered);
    tracing::warn!("last");
}

/// Emits no events, and its span is one that no layer prints.
#[rag_span(layer = "data")]
fn quiet(value: u32) -> u32 {
    value
}

/// Calls annotated functions, whose events and spans are the service's own.
async fn calls() {
    let _failed = annotated(256);
    tracing::info!("between");
    assert_eq!(later(1).await + prepared(2).await, 3);
    tracing::info!("end");
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, folder] = arguments.as_slice() else {
        return Err("pass a composition and a folder, or `-`".into());
    };
    let uses_ragspan = folder != "-";
    install(name, uses_ragspan)?;
    let telemetry = match uses_ragspan {
        true => Some(ragspan::start(config(folder))?),
        false => None,
    };
    work(uses_ragspan).await;
    calls().await;
    if let Some(telemetry) = telemetry {
        let report = telemetry.shutdown(Duration::from_secs(10)).await;
        assert!(report.is_complete(), "{report}");
    }
    Ok(())
}
