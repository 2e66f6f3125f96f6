//! What one call or one request keeps is bounded, and a record says how much was left out.

use std::error::Error;
use std::fmt;

use ragspan::testing::{Captured, capture};
use ragspan::{LogContext, Logger, rag_span};
use serde_json::Value;

use crate::programs::{BOUNDED, succeed};

/// Runs `body` on a thread with a large stack, in a capture.
fn capture_deep(body: fn()) -> Captured {
    let builder = std::thread::Builder::new().stack_size(1 << 30);
    let thread = builder.spawn(move || capture(body).1).unwrap();
    thread.join().unwrap()
}

const DEPTH: usize = 1_000;

#[rag_span(layer = "api")]
fn root(fails: fn(usize) -> Result<(), Wrapped>) {
    assert!(fails(DEPTH).is_err());
}

#[rag_span(layer = "data")]
fn passes_on(left: usize) -> Result<(), Wrapped> {
    match left {
        1 => Err(Wrapped::new("refused", None)),
        _ => passes_on(left - 1),
    }
}

#[rag_span(layer = "data")]
fn fails_anew(left: usize) -> Result<(), Wrapped> {
    if left > 1 {
        // The error is handled, and another one follows.
        assert!(fails_anew(left - 1).is_err());
    }
    Err(Wrapped::new(&format!("refused by {left}"), None))
}

/// An error that may be its own source.
#[derive(Debug)]
struct Wrapped {
    text: String,
    source: Option<Box<Self>>,
    is_own_source: bool,
}

impl Wrapped {
    fn new(text: &str, source: Option<Box<Self>>) -> Self {
        Self {
            text: text.to_owned(),
            source,
            is_own_source: false,
        }
    }
}

impl fmt::Display for Wrapped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if self.is_own_source {
            return Some(self);
        }
        self.source.as_deref().map(|source| source as _)
    }
}

#[test]
fn the_path_of_an_error_has_its_ends_and_the_number_of_calls_between() {
    let anew = capture_deep(|| root(fails_anew));
    let passed_on = capture_deep(|| root(passes_on));
    for (operation, seen) in [("fails_anew", anew), ("passes_on", passed_on)] {
        let message = format!("{operation}_failed");
        let failed = seen.records().iter();
        let failed: Vec<_> = failed
            .filter(|record| record["message"] == *message)
            .collect();
        assert_eq!(failed.len(), DEPTH);
        for (index, record) in failed.into_iter().enumerate() {
            let trace = record["stack_trace"].as_str().unwrap();
            let lines: Vec<&str> = trace.lines().collect();
            // The innermost call fails first, below the root and all others.
            let calls = DEPTH - index + 1;
            assert!(lines[0].starts_with("root ("), "{trace}");
            assert_eq!(lines.len(), calls.min(33), "{trace}");
            assert!(lines.last().unwrap().starts_with(operation), "{trace}");
            let left_out = format!("({} calls left out)", calls.saturating_sub(32));
            assert_eq!(lines.get(16) == Some(&&*left_out), calls > 32, "{trace}");
        }
    }
}

#[rag_span(layer = "data")]
fn fails_with(error: Wrapped) -> Result<(), Wrapped> {
    Err(error)
}

#[test]
fn the_sources_of_an_error_are_the_first_ones_and_the_deepest() {
    let chained = (0..40).fold(None, |source, number| {
        Some(Box::new(Wrapped::new(&format!("source {number}"), source)))
    });
    let endless = Wrapped {
        is_own_source: true,
        ..Wrapped::new("endless", None)
    };
    for (error, deepest, left_out) in [
        (Wrapped::new("no answer", chained), "source 0", 24),
        (endless, "endless", 1008),
    ] {
        let (_, seen) = capture(|| fails_with(error));
        let chain = seen.record("fails_with_failed")["error"]["chain"].clone();
        let chain = chain.as_array().unwrap();
        assert_eq!(chain.len(), 17);
        assert_eq!(chain[15], format!("({left_out} sources left out)"));
        assert_eq!(chain[16], deepest);
    }
}

/// Returns 300 names.
fn names() -> impl Iterator<Item = &'static str> {
    (0..300).map(|number| &*String::leak(format!("name_{number}")))
}

#[rag_span(layer = "data")]
fn records() {
    names().for_each(|name| ragspan::record(name, 1));
    ragspan::record("name_0", 2);
}

fn records_on_a_handle() {
    ragspan::span!("records", layer = "data", |span| {
        names().for_each(|name| span.record(name, 1));
        span.record("name_0", 2);
    });
}

#[rag_span(layer = "data")]
fn binds() {
    names().for_each(|name| ragspan::scope::bind(name, 1));
    ragspan::scope::bind("name_0", 2);
}

fn opens_scopes() {
    fn open(mut names: impl Iterator<Item = &'static str>) {
        match names.next() {
            Some(name) => Logger::new().with(name, 1).in_scope(|| open(names)),
            None => Logger::new()
                .with("name_299", 2)
                .in_scope(|| tracing::info!("inside")),
        }
    }
    open(names());
}

#[test]
fn a_call_and_a_request_keep_256_fields_and_count_the_others() {
    for (name, body, message, changed) in [
        ("records", records as fn(), "records_complete", "name_0"),
        ("handle", records_on_a_handle, "records_complete", "name_0"),
        ("binds", binds, "binds_complete", "name_0"),
        ("scopes", opens_scopes, "inside", "name_299"),
    ] {
        let ((), seen) = capture(body);
        let record = seen.record(message);
        let context = record["context"].as_object().unwrap();
        let kept = context.keys().filter(|key| key.starts_with("name_"));
        assert_eq!(kept.count(), 256, "{name}: {record}");
        assert_eq!(context[changed], 2, "{name}");
        assert_eq!(record["metrics"]["fields_left_out"], 44, "{name}");
    }
    let ((), seen) = capture(|| ragspan::span!("few", layer = "data", |span| span.record("a", 1)));
    assert_eq!(
        seen.record("few_complete")["metrics"]["fields_left_out"],
        Value::Null
    );
}

#[test]
fn what_a_living_call_does_again_and_again_takes_no_more_memory() {
    let printed = succeed(BOUNDED, &["20000"]);
    assert_eq!(printed.lines().count(), 16);
    for line in printed.lines() {
        let (name, kib) = line.split_once(' ').unwrap();
        let kib: u64 = kib.parse().unwrap();
        // A field for each time would be about a MiB.
        assert!(kib < 512, "{name} grew by {kib} KiB");
    }
}
