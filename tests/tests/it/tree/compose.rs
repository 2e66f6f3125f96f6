//! The subscribers that the trees run under.

use std::io::sink;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Dispatch, Level};
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry, reload};

/// A subscriber, and the minimum level of the spans that it enables, if that depends on it alone.
pub(super) struct Composition {
    pub(super) name: &'static str,
    shown: Option<Level>,
    pub(super) make: fn() -> Dispatch,
}

impl Composition {
    /// Returns whether it enables spans of this level; a disabled span is not a node of the tree.
    pub(super) fn shows(&self, level: Level) -> Option<bool> {
        self.shown.map(|shown| level <= shown)
    }
}

/// The target of third-party spans.
pub(super) const FOREIGN: &str = "foreign";

pub(super) const COMPOSITIONS: &[Composition] = &[
    Composition {
        name: "alone",
        shown: Some(Level::TRACE),
        make: || registry().with(ragspan::layer()).into(),
    },
    Composition {
        name: "beside fmt",
        shown: Some(Level::TRACE),
        make: || {
            registry()
                .with(fmt::layer().with_writer(sink))
                .with(ragspan::layer())
                .into()
        },
    },
    Composition {
        name: "beside opentelemetry",
        shown: Some(Level::TRACE),
        make: || {
            let tracer = SdkTracerProvider::builder().build().tracer("tree");
            let opentelemetry = tracing_opentelemetry::layer().with_tracer(tracer);
            registry().with(opentelemetry).with(ragspan::layer()).into()
        },
    },
    Composition {
        name: "under reload",
        shown: Some(Level::TRACE),
        make: || {
            registry()
                .with(reload::Layer::new(ragspan::layer()).0)
                .into()
        },
    },
    Composition {
        name: "a filter of our own, that another layer makes up for",
        shown: Some(Level::TRACE),
        make: || {
            let ours = ragspan::layer().with_filter(LevelFilter::WARN);
            registry()
                .with(fmt::layer().with_writer(sink))
                .with(ours)
                .into()
        },
    },
    Composition {
        name: "a filter of our own",
        // With per-layer filters, `tracing` disables a span only as long as no other subscriber of the process enables it.
        shown: None,
        make: || {
            registry()
                .with(ragspan::layer().with_filter(LevelFilter::WARN))
                .into()
        },
    },
    Composition {
        name: "filters on others",
        shown: Some(Level::TRACE),
        make: || {
            let only = fmt::layer()
                .with_writer(sink)
                .with_filter(LevelFilter::ERROR);
            let foreign = filter_fn(|of| of.target() == FOREIGN);
            let foreign = fmt::layer().with_writer(sink).with_filter(foreign);
            registry()
                .with(only)
                .with(ragspan::layer())
                .with(foreign)
                .into()
        },
    },
    Composition {
        name: "INFO for all",
        shown: Some(Level::INFO),
        make: || {
            registry()
                .with(LevelFilter::INFO)
                .with(ragspan::layer())
                .into()
        },
    },
    Composition {
        name: "ERROR for all, above",
        shown: Some(Level::ERROR),
        make: || {
            registry()
                .with(ragspan::layer())
                .with(LevelFilter::ERROR)
                .into()
        },
    },
    Composition {
        name: "directives for all",
        shown: Some(Level::WARN),
        make: || {
            let filter = EnvFilter::new(format!("warn,{FOREIGN}=off"));
            let fmt = fmt::layer().with_writer(sink);
            registry()
                .with(filter)
                .with(fmt)
                .with(ragspan::layer())
                .into()
        },
    },
    Composition {
        name: "a filter that can be changed, and others' spans hidden from us",
        shown: Some(Level::INFO),
        make: || {
            let filter = reload::Layer::new(EnvFilter::new(format!("info,{FOREIGN}=trace"))).0;
            let ours = ragspan::layer().with_filter(filter_fn(|of| of.target() != FOREIGN));
            registry()
                .with(filter)
                .with(ours)
                .with(fmt::layer().with_writer(sink))
                .into()
        },
    },
];
