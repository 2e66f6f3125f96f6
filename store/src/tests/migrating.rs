//! A database that version 1 of the tables wrote: read as it is, migrated, and filled in steps, with the same answers throughout.

use std::path::Path;

use super::*;

/// Written by the build before the typed columns: 12 requests of a demonstration.
const VERSION_1: &[u8] = include_bytes!("data/v1.db");

/// The answers to each kind of question.
#[derive(Debug, PartialEq)]
struct Answers {
    logs: Vec<String>,
    errors: Vec<String>,
    slowest: Vec<String>,
    requests: Vec<String>,
    stats: Vec<Vec<Stats>>,
}

fn lines(records: &[StoredRecord]) -> Vec<String> {
    records.iter().map(StoredRecord::to_json_line).collect()
}

async fn answers(path: &Path) -> Answers {
    let mut reader = Reader::open(path).await.unwrap();
    let by = [
        StatsBy::Layer,
        StatsBy::Operation,
        StatsBy::User,
        StatsBy::Error,
    ];
    let mut stats = Vec::new();
    for by in by {
        let filter = StatsFilter {
            by,
            ..StatsFilter::default()
        };
        stats.push(reader.stats(&filter).await.unwrap());
    }
    let origins = ErrorFilter {
        origins_only: true,
        ..ErrorFilter::default()
    };
    let spans = SlowFilter {
        spans: true,
        layer: Some("retrieval".into()),
        ..SlowFilter::default()
    };
    Answers {
        logs: lines(&reader.logs(&LogFilter::default()).await.unwrap()),
        errors: lines(&reader.errors(&origins).await.unwrap()),
        slowest: lines(&reader.slowest(&spans).await.unwrap()),
        requests: lines(&reader.slowest(&SlowFilter::default()).await.unwrap()),
        stats,
    }
}

#[test]
fn a_database_of_version_1_answers_the_same_before_during_and_after_it_is_filled() {
    let (_folder, path) = position();
    std::fs::write(&path, VERSION_1).unwrap();
    runtime().block_on(async {
        let before = answers(&path).await;
        assert!(before.logs.len() > 50 && !before.errors.is_empty());
        assert!(before.stats.iter().all(|groups| !groups.is_empty()));

        let mut writer = Writer::open(&path).await.unwrap();
        assert_eq!(answers(&path).await, before, "migrated, and not filled");

        let mut steps = 0;
        while writer.fill().await.unwrap() {
            assert_eq!(answers(&path).await, before, "after step {steps}");
            steps += 1;
        }
        assert!(steps > 0, "there was something to fill");
        writer.close().await.unwrap();
        assert_eq!(answers(&path).await, before, "filled");
    });
}

#[test]
fn new_records_are_inserted_before_old_ones_are_filled() {
    let (_folder, path) = position();
    std::fs::write(&path, VERSION_1).unwrap();
    runtime().block_on(async {
        let mut writer = Writer::open(&path).await.unwrap();
        assert_eq!(writer.insert(&[row(1)]).await.unwrap(), 1);
        while writer.fill().await.unwrap() {}
        assert_eq!(writer.insert(&[row(2)]).await.unwrap(), 1);
        writer.close().await.unwrap();
        let mut reader = Reader::open(&path).await.unwrap();
        let stored = reader.trace(TRACE).await.unwrap();
        assert_eq!(stored.len(), 2);
    });
}
