//! Queries return exactly the records they ask for, and use an index.

use super::super::select::Select;
use super::*;
use ragspan_core::Level;

#[test]
fn a_trace_is_found_by_every_id_it_goes_by() {
    runtime().block_on(async {
        let other = NewRow {
            trace_id: Some("02000000-0000-7000-8000-000000000000"),
            span_id: Some("02000000-0000-7000-8000-000000000000"),
            parent_span_id: None,
            request_id: Some("req-2"),
            ..row(2)
        };
        let (_folder, mut reader) = reader_on(&[row(1), other]).await;
        let hex = TRACE.replace('-', "");
        let header = format!("00-{hex}-8def0123457f31d2-01");
        let forms = [
            TRACE,
            &hex,
            "01a2073ac418-7f31d2",
            "req-1",
            SPAN,
            "01a2",
            "01A2073A-C4",
            &header,
        ];
        for asked in forms {
            assert_eq!(
                reader.resolve_trace(asked).await.unwrap().trace_id,
                TRACE,
                "{asked}"
            );
        }
        assert!(
            reader
                .resolve_trace("last")
                .await
                .unwrap()
                .trace_id
                .starts_with("0200")
        );
        for asked in [
            "",
            "nothing",
            "03",
            "01a2073ac418-000000",
            "%",
            "' OR 1=1 --",
        ] {
            let error = reader.resolve_trace(asked).await.unwrap_err();
            assert!(matches!(error, Error::NotFound { .. }), "{asked}: {error}");
        }
    });
}

#[test]
fn last_is_the_last_whole_request_where_there_is_one() {
    runtime().block_on(async {
        let root = NewRow {
            parent_span_id: None,
            span_id: Some(TRACE),
            ..row(1)
        };
        let inner = NewRow {
            trace_id: Some(TWIN),
            ..row(2)
        };
        let (_folder, mut reader) = reader_on(&[root, inner]).await;
        assert_eq!(reader.resolve_trace("last").await.unwrap().trace_id, TRACE);
        let (_folder, mut reader) = reader_on(&[inner]).await;
        assert_eq!(reader.resolve_trace("last").await.unwrap().trace_id, TWIN);
    });
}

#[test]
fn an_ambiguous_id_lists_what_it_could_mean() {
    runtime().block_on(async {
        let twin = NewRow {
            trace_id: Some(TWIN),
            ..row(2)
        };
        let (_folder, mut reader) = reader_on(&[row(1), twin]).await;
        for asked in ["01a2073a", "req-1"] {
            match reader.resolve_trace(asked).await {
                Err(Error::Ambiguous { candidates, .. }) => assert_eq!(candidates, [TRACE, TWIN]),
                other => panic!("{other:?}"),
            }
        }
    });
}

#[test]
fn many_candidates_are_cut() {
    runtime().block_on(async {
        let ids: Vec<_> = (0..30)
            .map(|n| format!("01a2073a-c418-7abc-8def-{n:012}"))
            .collect();
        let rows: Vec<_> = ids
            .iter()
            .zip(0..)
            .map(|(id, seq)| NewRow {
                trace_id: Some(id),
                ..row(seq)
            })
            .collect();
        let (_folder, mut reader) = reader_on(&rows).await;
        let error = reader.resolve_trace("01a2").await.unwrap_err();
        assert!(error.to_string().ends_with("000009, …"), "{error}");
    });
}

fn logs(narrow: impl FnOnce(&mut LogFilter)) -> LogFilter {
    let mut filter = LogFilter::default();
    narrow(&mut filter);
    filter
}

fn errors(narrow: impl FnOnce(&mut ErrorFilter)) -> ErrorFilter {
    let mut filter = ErrorFilter::default();
    narrow(&mut filter);
    filter
}

fn seqs(rows: &[StoredRecord]) -> Vec<u64> {
    rows.iter().map(|row| row.seq).collect()
}

#[test]
fn filters_narrow_and_the_newest_is_last() {
    runtime().block_on(async {
        let warning = NewRow {
            level: "WARNING",
            user_id: Some("bob"),
            ..row(2)
        };
        let event = NewRow {
            kind: RowKind::Event,
            logger: "hyper",
            level: "DEBUG",
            ..row(3)
        };
        let (_folder, mut reader) = reader_on(&[row(1), warning, event]).await;
        for (filter, expected) in log_filters() {
            assert_eq!(
                seqs(&reader.logs(&filter).await.unwrap()),
                expected,
                "{filter:?}"
            );
        }
    });
}

fn log_filters() -> Vec<(LogFilter, Vec<u64>)> {
    vec![
        (logs(|_| ()), vec![1, 2, 3]),
        (logs(|f| f.level = Some(Level::Info)), vec![1, 2]),
        (logs(|f| f.level = Some(Level::Error)), vec![]),
        (logs(|f| f.user = Some("bob".into())), vec![2]),
        (logs(|f| f.user = Some("' OR 1=1 --".into())), vec![]),
        (logs(|f| f.request = Some("req-1".into())), vec![1, 2, 3]),
        (logs(|f| f.trace = Some(TWIN.into())), vec![]),
        (logs(|f| f.layer = Some("retrieval".into())), vec![1, 2]),
        (logs(|f| f.kind = Some(RowKind::Event)), vec![3]),
        (logs(|f| f.since_us = Some(START + 1502)), vec![2, 3]),
        (logs(|f| f.limit = Some(2)), vec![2, 3]),
    ]
}

#[test]
fn errors_are_failures_only() {
    runtime().block_on(async {
        let failed = NewRow {
            level: "ERROR",
            ..row(2)
        };
        let worse = NewRow {
            level: "CRITICAL",
            user_id: Some("bob"),
            ..row(3)
        };
        let (_folder, mut reader) = reader_on(&[row(1), failed, worse]).await;
        for (filter, expected) in [
            (errors(|_| ()), vec![2, 3]),
            (errors(|f| f.user = Some("ada".into())), vec![2]),
            (errors(|f| f.since_us = Some(START + 1503)), vec![3]),
            (errors(|f| f.limit = Some(1)), vec![3]),
        ] {
            assert_eq!(
                seqs(&reader.errors(&filter).await.unwrap()),
                expected,
                "{filter:?}"
            );
        }
    });
}

#[test]
fn the_slowest_are_whole_requests_unless_a_layer_is_named() {
    runtime().block_on(async {
        let root = |seq, us| NewRow {
            parent_span_id: None,
            duration_us: Some(us),
            ..row(seq)
        };
        let foreign = NewRow {
            parent_span_id: Some("00000000-0000-0000-8def-0123457f31d2"),
            duration_us: Some(9000),
            ..row(4)
        };
        let inner = NewRow {
            duration_us: Some(99_000),
            ..row(3)
        };
        let (_folder, mut reader) = reader_on(&[root(1, 10), root(2, 20), inner, foreign]).await;

        let all = SlowFilter::default;
        assert_eq!(seqs(&reader.slowest(&all()).await.unwrap()), [4, 2, 1]);
        let layer = SlowFilter {
            layer: Some("retrieval".into()),
            limit: Some(2),
            ..all()
        };
        assert_eq!(seqs(&reader.slowest(&layer).await.unwrap()), [3, 4]);
    });
}

#[test]
fn every_question_uses_the_index_made_for_it() {
    runtime().block_on(async {
        let (_folder, path) = position();
        let mut connection = connect::for_writing(&path).await.unwrap();
        for (select, index) in questions() {
            let plan = plan(&mut connection, select).await;
            assert!(plan.contains(index), "{index}: {plan}");
            assert!(
                !plan.contains("TEMP B-TREE FOR ORDER BY"),
                "{index}: {plan}"
            );
        }
    });
}

fn questions() -> Vec<(Select, &'static str)> {
    let ada = || Some("ada".to_owned());
    vec![
        (ways_first(TRACE), "logs_by_trace"),
        (ways_first("01a2073ac418-7f31d2"), "logs_by_trace"),
        (ways_first("req-1"), "logs_by_request"),
        (ways_first("last"), "logs_by_time"),
        (lookup::ways(SPAN)[1].select(), "logs_by_time"),
        (logs(|f| f.user = ada()).select(), "logs_by_user"),
        (logs(|f| f.since_us = Some(1)).select(), "logs_by_time"),
        (
            logs(|f| f.level = Some(Level::Info)).select(),
            "logs_by_time",
        ),
        (errors(|f| f.since_us = Some(1)).select(), "logs_failed"),
        (errors(|f| f.limit = Some(1)).select(), "logs_failed"),
        (errors(|f| f.user = ada()).select(), "logs_by_user"),
        (errors(|f| f.origins_only = true).select(), "logs_failed"),
        (ways_first("last-error"), "logs_failed"),
        (
            logs(|f| f.level = Some(Level::Info)).select_after(1),
            "INTEGER PRIMARY KEY",
        ),
        (
            StatsFilter {
                since_us: Some(1),
                ..StatsFilter::default()
            }
            .select(),
            "logs_by_time",
        ),
    ]
}

fn ways_first(asked: &str) -> Select {
    lookup::ways(asked)[0].select()
}

async fn plan(connection: &mut sqlx::SqliteConnection, select: Select) -> String {
    let rows = sqlx::query(sqlx::AssertSqlSafe(select.explained()))
        .fetch_all(connection)
        .await
        .unwrap();
    let details: Vec<String> = rows
        .iter()
        .map(|row| sqlx::Row::get(row, "detail"))
        .collect();
    details.join("; ")
}
