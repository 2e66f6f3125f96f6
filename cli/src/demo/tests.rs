//! The records of a demonstration: the same for one seed, whole, and of every kind.

use std::collections::{BTreeMap, BTreeSet};

use ragspan_store::{LogFilter, Reader, StoredRecord};

use super::*;

const NOW: u64 = 1_795_427_000_000_000;
const DAY: u64 = 24 * 3_600 * 1_000_000;

fn records(seed: u64, requests: u32) -> (Written, Vec<StoredRecord>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("demo.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let written = write(&path, seed, requests, NOW)
            .await
            .expect("it is written");
        let mut reader = Reader::open(&path).await.expect("it opens");
        let all = LogFilter::default();
        (written, reader.logs(&all).await.expect("its records"))
    })
}

fn lines(seed: u64) -> Vec<String> {
    records(seed, 60)
        .1
        .iter()
        .map(StoredRecord::to_json_line)
        .collect()
}

#[test]
fn one_seed_gives_one_day() {
    let day = lines(1);
    assert_eq!(day, lines(1), "ids, times and values");
    assert_ne!(day, lines(2));
}

#[test]
fn every_record_is_of_the_day_and_every_request_is_counted() {
    let (written, records) = records(1, 300);
    assert_eq!(written.requests, 300);
    assert_eq!(written.records, records.len() as u64);
    let of_day = NOW - DAY..=NOW;
    assert!(
        records
            .iter()
            .all(|record| of_day.contains(&record.timestamp_us.cast_unsigned()))
    );
    let roots = records
        .iter()
        .filter(|record| record.kind == "span" && record.parent_span_id.is_none());
    assert_eq!(roots.clone().count(), 300);
    let failed = roots.filter(|root| root.error.is_some()).count();
    assert_eq!(written.failed, failed as u64);
}

#[test]
fn a_span_lies_within_its_parent() {
    let (_, records) = records(1, 100);
    let spans: BTreeMap<_, _> = records
        .iter()
        .filter(|record| record.kind == "span")
        .map(|record| (record.span_id.as_deref(), record))
        .collect();
    for span in spans.values().filter(|span| span.parent_span_id.is_some()) {
        let parent = spans[&span.parent_span_id.as_deref()];
        assert_eq!(parent.trace_id, span.trace_id);
        assert!(parent.start_us <= span.start_us && span.timestamp_us <= parent.timestamp_us);
    }
}

#[test]
fn a_day_has_every_outcome_and_every_layer() {
    let (_, records) = records(1, 300);
    let messages: BTreeSet<_> = records
        .iter()
        .map(|record| record.message.as_str())
        .collect();
    for message in [
        "answer_complete",
        "answer_failed",
        "answer_cancelled",
        "answer_panicked",
        "hybrid_search_empty",
        "slow_generate",
        "generate_failed",
        "retrying",
        "parse_failed",
        "store_chunks_complete",
    ] {
        assert!(messages.contains(message), "{message}");
    }
    let layers: BTreeSet<_> = records
        .iter()
        .filter_map(|record| record.logger.strip_prefix("rag."))
        .collect();
    assert_eq!(layers.len(), 7, "{layers:?}");
    for name in ["cost_usd", "faithfulness", "best_score", "total_tokens"] {
        assert!(
            records.iter().any(|record| record.metrics.contains(name)),
            "{name}"
        );
    }
}
