//! `critical!` takes the arguments of `tracing::error!`. Its record has the level CRITICAL; other layers get an ERROR.

use std::sync::{Arc, Mutex};

use ragspan::testing::{Capture, capture};
use ragspan::{Level, critical, rag_span};
use serde_json::{Value, json};
use tracing_subscriber::prelude::*;

use crate::programs::{STARTUP, succeed};
use crate::records::Schema;

#[rag_span(layer = "data")]
fn look(shards: u32) {
    critical!(shards, "the index is gone");
}

#[test]
fn a_critical_event_is_a_record_at_critical_with_the_ids_of_its_span() {
    let ((), seen) = capture(|| look(3));
    let record = seen.record("the index is gone");
    Schema::new().check(&seen.lines()[0]);
    assert_eq!(record["level"], "CRITICAL");
    assert_eq!(record["logger"], "rag.data");
    assert_eq!(record["context"], json!({"shards": 3}));
    assert_eq!(record["span_id"], seen.record("look_complete")["span_id"]);
}

#[test]
fn a_critical_event_takes_every_form_of_an_error_event() {
    let (disk, path) = ("sda", std::path::Path::new("/var"));
    let ((), seen) = capture(|| {
        let span = tracing::info_span!("enclosing");
        critical!("bare");
        critical!("with {} and {disk}", 1);
        critical!(disk, "a name");
        critical!(?path, %disk, metrics.free = 0.5, "sigils");
        critical!({ disk = %disk }, "braces");
        critical!(target: "storage", "a target");
        critical!(target: "storage", parent: &span, disk, "target and parent");
        critical!(parent: &span, disk = "sdb", "a parent");
        critical!(name: "gone", target: "storage", disk, "named");
        critical!(name: "gone", disk);
        critical!(disk.name = "sda", disk.full = true);
    });
    let records = seen.records();
    assert_eq!(records.len(), 11, "{:?}", seen.messages());
    for record in records {
        assert_eq!(record["level"], "CRITICAL", "{record}");
    }
    let messages = seen.messages();
    assert_eq!(messages[1], "with 1 and sda");
    let sigils = seen.record("sigils");
    assert_eq!(
        sigils["context"],
        json!({"path": "\"/var\"", "disk": "sda"})
    );
    assert_eq!(sigils["metrics"], json!({"free": 0.5}));
    assert_eq!(seen.record("bare")["logger"], module_path!());
    assert_eq!(seen.record("target and parent")["logger"], "storage");
    assert_eq!(records[10]["context"]["disk.full"], true);
}

#[test]
fn an_error_event_stays_an_error() {
    let ((), seen) = capture(|| {
        tracing::error!("an error");
        tracing::warn!(name: "ragspan.critical of nothing", "a warning");
    });
    assert_eq!(seen.record("an error")["level"], "ERROR");
    assert_eq!(seen.record("a warning")["level"], "WARNING");
}

#[test]
fn the_level_critical_hides_all_lower_levels() {
    let ((), seen) = Capture::new().level(Level::Critical).run(|| {
        tracing::error!("an error");
        critical!("the end");
    });
    assert_eq!(seen.messages(), ["the end"]);
}

#[test]
fn a_service_at_level_critical_records_critical_events() {
    let stdout = succeed(STARTUP, &["critical-only"]);
    let records: Vec<Value> = stdout
        .lines()
        .map(|line| Schema::new().check(line))
        .collect();
    assert_eq!(records.len(), 1, "{stdout}");
    assert_eq!(records[0]["level"], "CRITICAL");
    assert_eq!(records[0]["message"], "the end");
}

/// The output of another layer.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn another_layer_sees_an_error_without_the_internal_field() {
    let written = Written::default();
    let writer = written.clone();
    let fmt = tracing_subscriber::fmt::layer().json();
    let subscriber = tracing_subscriber::registry()
        .with(fmt.with_writer(move || writer.clone()))
        .with(ragspan::layer());
    let ((), seen) = Capture::new().under(subscriber).run(|| {
        critical!(disk = "sda", "gone");
    });
    assert_eq!(seen.record("gone")["level"], "CRITICAL");
    let written = written.0.lock().unwrap().clone();
    let line: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["fields"], json!({"message": "gone", "disk": "sda"}));
}
