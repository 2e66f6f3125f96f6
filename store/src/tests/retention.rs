//! Retention deletes records that are too old or too many, by whole traces, the oldest first.

use super::super::retention::{Expired, RetentionLimits};
use super::*;

const DAY: i64 = 86_400_000_000;
const ALL: RetentionLimits = RetentionLimits {
    max_age_us: i64::MAX,
    max_bytes: u64::MAX,
};

fn trace(number: usize) -> String {
    format!("01a2073a-c418-7abc-8def-{number:012x}")
}

/// Inserts records of these traces (`None`: of none) at these times, and expires until nothing more goes.
fn kept(
    rows: &[(Option<&str>, i64)],
    limits: RetentionLimits,
    now_us: i64,
) -> (Expired, Vec<(Option<String>, i64)>) {
    let (_folder, path) = position();
    runtime().block_on(async {
        let mut writer = Writer::open(&path).await.unwrap();
        let rows: Vec<_> = (0..)
            .zip(rows)
            .map(|(seq, (trace_id, timestamp_us))| NewRow {
                trace_id: *trace_id,
                timestamp_us: *timestamp_us,
                context: LONG,
                ..row(seq)
            })
            .collect();
        writer.insert(&rows).await.unwrap();
        let mut expired = Expired::default();
        loop {
            let step = writer.expire(limits, now_us).await.unwrap();
            if !step.is_some() {
                break;
            }
            expired.by_age += step.by_age;
            expired.by_size += step.by_size;
        }
        let mut reader = Reader::open(&path).await.unwrap();
        let left = reader.logs(&LogFilter::default()).await.unwrap();
        let left = left.into_iter().map(|row| (row.trace_id, row.timestamp_us));
        (expired, left.collect())
    })
}

const LONG: &str = concat!(
    r#"{"operation":"search","text":"a text that takes some room in the file, as the fields of a "#,
    r#"real record do, so that a few thousand records fill a few pages"}"#
);

#[test]
fn what_is_older_goes_by_whole_traces() {
    let (old, across, new) = (trace(1), trace(2), trace(3));
    let rows = [
        (Some(old.as_str()), DAY),
        (Some(&old), 2 * DAY),
        (None, 2 * DAY),
        (Some(&across), 2 * DAY),
        (Some(&across), 9 * DAY),
        (Some(&new), 9 * DAY),
        (None, 9 * DAY),
    ];
    let limits = RetentionLimits {
        max_age_us: 7 * DAY,
        ..ALL
    };
    let (expired, left) = kept(&rows, limits, 10 * DAY);
    assert_eq!(
        expired,
        Expired {
            by_age: 3,
            by_size: 0
        }
    );
    let left: Vec<_> = left.iter().map(|(id, _)| id.as_deref()).collect();
    assert_eq!(left, [Some(&*across), Some(&across), Some(&new), None]);
}

#[test]
fn what_is_too_much_goes_the_oldest_first_and_no_trace_is_torn() {
    let ids: Vec<_> = (0..4_000).map(trace).collect();
    let rows: Vec<_> = ids
        .iter()
        .zip(0_i64..)
        .flat_map(|(id, at)| [(Some(id.as_str()), at), (Some(id), at + 1)])
        .collect();
    let limits = RetentionLimits {
        max_bytes: 1_500_000,
        ..ALL
    };
    let (expired, left) = kept(&rows, limits, 10_000);
    assert_eq!(
        (expired.by_age, expired.by_size),
        (0, 8_000 - left.len() as u64)
    );
    assert!(expired.by_size > 0 && !left.is_empty(), "{expired:?}");
    let newest: Vec<_> = rows[8_000 - left.len()..]
        .iter()
        .map(|(id, at)| (id.map(str::to_owned), *at))
        .collect();
    let sorted = |mut rows: Vec<_>| {
        rows.sort();
        rows
    };
    assert_eq!(sorted(left), sorted(newest));
}

#[test]
fn within_its_bounds_a_database_loses_nothing() {
    let rows = [(Some(TRACE), 0), (None, 1)];
    let (expired, left) = kept(&rows, ALL, i64::MAX);
    assert_eq!((expired, left.len()), (Expired::default(), 2));
}
