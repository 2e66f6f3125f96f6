//! Queries on fields, on text, on sums and on the database itself return what their filters define.

use std::time::Duration;

use super::*;
use ragspan_core::Level;

fn cached(
    seq: u64,
    message: &'static str,
    context: &'static str,
    metrics: &'static str,
) -> NewRow<'static> {
    NewRow {
        message,
        context,
        metrics,
        ..row(seq)
    }
}

fn rows() -> Vec<NewRow<'static>> {
    vec![
        cached(
            1,
            "search_complete",
            r#"{"top_k":5,"model":"gpt-4o","cached":true,"http":{"method":"GET"}}"#,
            r#"{"duration_ms":1.5,"chunks":15}"#,
        ),
        cached(
            2,
            "search_complete",
            r#"{"top_k":"50","model":"GPT-4o-mini","cached":false,"http.method":"POST"}"#,
            r#"{"duration_ms":900,"chunks":3}"#,
        ),
        NewRow {
            error: Some(r#"{"type":"t","message":"100% of it_broke","chain":[]}"#),
            ..cached(3, "search_failed", "no json", "no json")
        },
    ]
}

fn asking(conditions: &[&str], text: Option<&str>) -> LogFilter {
    LogFilter {
        conditions: conditions
            .iter()
            .map(|condition| condition.parse().expect("a condition"))
            .collect(),
        text: text.map(Into::into),
        ..LogFilter::default()
    }
}

fn seqs(rows: &[StoredRecord]) -> Vec<u64> {
    rows.iter().map(|row| row.seq).collect()
}

#[test]
fn conditions_hold_for_the_fields_they_name() {
    runtime().block_on(async {
        let (_folder, mut reader) = reader_on(&rows()).await;
        for (condition, expected) in [
            ("context.top_k=5", vec![1]),
            ("context.top_k=50", vec![2]),
            ("context.top_k>=5", vec![1]),
            ("context.top_k!=5", vec![2]),
            ("context.model=gpt-4o", vec![1]),
            ("context.model~gpt-4O", vec![1, 2]),
            ("context.model~%", vec![]),
            ("context.cached=true", vec![1]),
            ("context.cached!=true", vec![2]),
            ("context.http.method=GET", vec![1]),
            ("context.http.method=POST", vec![2]),
            ("context.http.method!=null", vec![1, 2]),
            ("context.http.method=null", vec![3]),
            ("context.model=' OR 1=1 --", vec![]),
            ("metrics.chunks<=3", vec![2]),
            ("metrics.duration_ms>1.5", vec![2]),
            ("metrics.duration_ms<900", vec![1]),
        ] {
            let found = reader.logs(&asking(&[condition], None)).await.unwrap();
            assert_eq!(seqs(&found), expected, "{condition}");
        }
        let both = asking(&["context.model~gpt", "metrics.chunks>3"], None);
        assert_eq!(seqs(&reader.logs(&both).await.unwrap()), [1]);
    });
}

/// Records with identities, with values that no float holds, and with quotes.
fn exact_rows() -> Vec<NewRow<'static>> {
    vec![
        NewRow {
            request_id: Some("req-1"),
            user_id: Some("42"),
            session_id: Some("true"),
            level: "WARNING",
            ..cached(
                1,
                "search_complete",
                r#"{"plan":"free","n":9007199254740993,"big":18446744073709551615,"title":"the \"big\" one"}"#,
                r#"{"duration_ms":1.5,"chunks":9007199254740993}"#,
            )
        },
        NewRow {
            tenant_id: Some("globex"),
            user_id: None,
            error: Some(r#"{"type":"timeout","message":"no \"answer\"","chain":[]}"#),
            ..cached(
                2,
                "search_failed",
                r#"{"user":"eve","n":9007199254740992,"big":18446744073709551614,"my field":"big","plan":"'free'"}"#,
                r#"{"duration_ms":900,"plan":7}"#,
            )
        },
    ]
}

const EXACT: &[(&str, &[u64])] = &[
    ("tenant_id=acme", &[1]),
    ("tenant=globex", &[2]),
    ("tenant!=acme", &[2]),
    ("user_id=42", &[1]),
    ("user=eve", &[2]),
    ("user_id=null", &[2]),
    ("session_id=true", &[1]),
    ("request_id~REQ", &[1, 2]),
    ("level=warn", &[1]),
    ("message~failed", &[2]),
    ("layer=retrieval", &[1, 2]),
    ("error_type=timeout", &[2]),
    ("error.type=timeout", &[2]),
    ("error.message~\"answer\"", &[2]),
    ("duration_ms>1", &[1, 2]),
    ("chunks>1", &[1]),
    ("plan=free", &[1]),
    ("plan='free'", &[1, 2]),
    ("context.n=9007199254740993", &[1]),
    ("n!=9007199254740993", &[2]),
    ("n>9007199254740992", &[1]),
    ("metrics.chunks=9007199254740993", &[1]),
    ("context.big=18446744073709551615", &[1]),
    ("big=18446744073709551614", &[2]),
    ("context.title=the \"big\" one", &[1]),
    ("context.title=\"the \"big\" one\"", &[1]),
    ("context.title~\"BIG\"", &[1]),
    ("context.\"my field\"=big", &[2]),
];

#[test]
fn every_field_can_be_named_and_is_compared_exactly() {
    runtime().block_on(async {
        let (_folder, mut reader) = reader_on(&exact_rows()).await;
        for (condition, expected) in EXACT {
            let found = reader.logs(&asking(&[condition], None)).await.unwrap();
            assert_eq!(seqs(&found), *expected, "{condition}");
        }
        for (text, expected) in [
            ("the \"big\" one", vec![1]),
            ("no \"answer\"", vec![2]),
            ("\"plan\":\"free\"", vec![1]),
        ] {
            let found = reader.logs(&asking(&[], Some(text))).await.unwrap();
            assert_eq!(seqs(&found), expected, "{text}");
        }
    });
}

#[test]
fn text_is_found_in_message_error_and_context_and_means_itself() {
    runtime().block_on(async {
        let (_folder, mut reader) = reader_on(&rows()).await;
        for (text, expected) in [
            ("COMPLETE", vec![1, 2]),
            ("100% of it_broke", vec![3]),
            ("100_ of", vec![]),
            ("mini", vec![2]),
            ("\\", vec![]),
        ] {
            let found = reader.logs(&asking(&[], Some(text))).await.unwrap();
            assert_eq!(seqs(&found), expected, "{text}");
        }
    });
}

#[test]
fn a_span_of_time_ends_before_its_end() {
    runtime().block_on(async {
        let (_folder, mut reader) = reader_on(&[row(1), row(2), row(3)]).await;
        let filter = LogFilter {
            since_us: Some(START + 1501),
            until_us: Some(START + 1503),
            ..LogFilter::default()
        };
        assert_eq!(seqs(&reader.logs(&filter).await.unwrap()), [1, 2]);
    });
}

#[test]
fn what_came_later_is_given_in_the_order_in_which_it_came() {
    runtime().block_on(async {
        let late = NewRow {
            timestamp_us: START,
            ..row(9)
        };
        let (_folder, mut reader) = reader_on(&[row(1), row(2), late]).await;
        let newest = reader.newest_row().await.unwrap();
        let all = LogFilter::default();
        assert!(reader.logs_after(&all, newest).await.unwrap().is_empty());
        let later = reader.logs_after(&all, newest - 2).await.unwrap();
        assert_eq!(seqs(&later), [2, 9]);
        assert_eq!(later[1].id, newest);
        let warnings = LogFilter {
            level: Some(Level::Warning),
            ..all
        };
        assert!(reader.logs_after(&warnings, 0).await.unwrap().is_empty());
    });
}

fn call(seq: u64, operation: &'static str, us: u64) -> NewRow<'static> {
    NewRow {
        context: operation,
        duration_us: Some(us),
        ..row(seq)
    }
}

const SEARCH: &str = r#"{"operation":"search","status":"success"}"#;
const FAILED: &str = r#"{"operation":"search","status":"error"}"#;
const EMPTY: &str = r#"{"operation":"rank","status":"empty"}"#;
const PASSED_ON: &str = r#"{"operation":"answer","status":"error","error_span_id":"x"}"#;

fn calls() -> Vec<NewRow<'static>> {
    let error = Some(r#"{"type":"timeout","message":"m","chain":[]}"#);
    vec![
        NewRow {
            metrics: r#"{"input_tokens":10,"output_tokens":5,"cost_usd":0.5}"#,
            ..call(1, SEARCH, 1_000)
        },
        NewRow {
            error,
            metrics: r#"{"total_tokens":7,"input_tokens":100}"#,
            ..call(2, FAILED, 3_000)
        },
        call(3, EMPTY, 2_000),
        NewRow {
            error,
            logger: "rag.api",
            parent_span_id: None,
            ..call(4, PASSED_ON, 9_000)
        },
        NewRow {
            kind: RowKind::Event,
            duration_us: None,
            ..row(5)
        },
    ]
}

async fn stats(reader: &mut Reader, by: StatsBy) -> Vec<Stats> {
    let filter = StatsFilter {
        by,
        ..StatsFilter::default()
    };
    reader.stats(&filter).await.unwrap()
}

#[test]
fn calls_are_summed_by_layer() {
    runtime().block_on(async {
        let (_folder, mut reader) = reader_on(&calls()).await;
        let layers = stats(&mut reader, StatsBy::Layer).await;
        assert_eq!(layers.len(), 2);
        let expected = Stats {
            name: Some("retrieval".into()),
            calls: 3,
            timed: 3,
            errors: 1,
            empty: 1,
            p50_ms: 2.0,
            p95_ms: 3.0,
            p99_ms: 3.0,
            max_ms: 3.0,
            tokens: Some(22.0),
            cost_nanos: Some(500_000_000),
            ..Stats::default()
        };
        assert_eq!(layers[1], expected);
        assert_eq!((layers[0].calls, layers[0].tokens), (1, None));
    });
}

const ANSWER: &str = r#"{"operation":"answer","status":"error"}"#;

/// Two requests: one with its sums in its api call, and one whose entry point is a generation call.
fn requests() -> Vec<NewRow<'static>> {
    let error = Some(r#"{"type":"no_context","message":"m","chain":[]}"#);
    let root = |seq, metrics| NewRow {
        error,
        metrics,
        parent_span_id: None,
        user_id: Some("ada"),
        ..call(seq, ANSWER, 1_000)
    };
    let generation = |seq, metrics| NewRow {
        logger: "rag.generation",
        metrics,
        ..call(seq, SEARCH, 1_000)
    };
    vec![
        NewRow {
            logger: "rag.api",
            ..root(
                1,
                r#"{"llm_calls":2,"total_tokens":30,"cost_usd":0.3,"spans":3}"#,
            )
        },
        generation(
            2,
            r#"{"input_tokens":9,"output_tokens":1,"total_tokens":10,"cost_usd":0.1}"#,
        ),
        generation(
            3,
            r#"{"input_tokens":18,"output_tokens":2,"total_tokens":20,"cost_usd":0.2}"#,
        ),
        NewRow {
            logger: "rag.generation",
            ..root(
                4,
                r#"{"llm_calls":2,"input_tokens":4,"total_tokens":9,"cost_usd":0.7}"#,
            )
        },
        generation(
            5,
            r#"{"input_tokens":5,"output_tokens":0,"total_tokens":5}"#,
        ),
        NewRow {
            logger: "rag.generation",
            ..root(
                6,
                r#"{"llm_calls":1,"input_tokens":100,"total_tokens":100,"cost_usd":1.0}"#,
            )
        },
    ]
}

#[test]
fn the_sums_of_a_request_are_not_counted_beside_its_calls() {
    runtime().block_on(async {
        let (_folder, mut reader) = reader_on(&requests()).await;
        let spent = |groups: Vec<Stats>| -> Vec<_> {
            let cost = |group: &Stats| group.cost_usd();
            groups
                .iter()
                .map(|group| (group.tokens, cost(group)))
                .collect()
        };
        let layers = spent(stats(&mut reader, StatsBy::Layer).await);
        assert_eq!(layers, [(Some(30.0), Some(0.3)), (Some(139.0), Some(1.3))]);
        let operations = spent(stats(&mut reader, StatsBy::Operation).await);
        assert_eq!(
            operations,
            [
                (Some(30.0), Some(0.3)),
                (Some(104.0), Some(1.0)),
                (Some(35.0), Some(0.3))
            ]
        );
        let users = spent(stats(&mut reader, StatsBy::User).await);
        assert_eq!(users, [(Some(139.0), Some(2.0))], "whole requests");
        let errors = spent(stats(&mut reader, StatsBy::Error).await);
        assert_eq!(errors, [(Some(104.0), Some(1.0))], "the calls that failed");
    });
}

#[test]
fn calls_are_summed_by_operation_user_and_error() {
    runtime().block_on(async {
        let (_folder, mut reader) = reader_on(&calls()).await;
        let named = |groups: Vec<Stats>| -> Vec<_> {
            let name = |group: &Stats| group.operation.clone().or(group.name.clone());
            groups
                .iter()
                .map(|group| (name(group).unwrap_or_default(), group.calls))
                .collect()
        };
        let of = |name: &str, calls| (name.to_owned(), calls);
        let operations = named(stats(&mut reader, StatsBy::Operation).await);
        assert_eq!(
            operations,
            [of("answer", 1), of("rank", 1), of("search", 2)]
        );
        let users = named(stats(&mut reader, StatsBy::User).await);
        assert_eq!(users, [of("ada", 1)], "whole requests");
        let errors = named(stats(&mut reader, StatsBy::Error).await);
        assert_eq!(errors, [of("timeout", 1)], "births");
    });
}

/// Failures of every level, events inside and outside of failed requests, and calls that did not fail.
fn failures() -> Vec<NewRow<'static>> {
    const FAILED_TRACE: &str = "01a2073a-c418-7abc-8def-00000000000f";
    const HANDLED_TRACE: &str = "01a2073a-c418-7abc-8def-00000000000e";
    let error = Some(r#"{"type":"timeout","message":"m","chain":[]}"#);
    let failed = |seq, level, context| NewRow {
        level,
        error,
        context,
        ..row(seq)
    };
    let event = |seq, trace_id, span_id| NewRow {
        kind: RowKind::Event,
        level: "ERROR",
        logger: "sqlx::query",
        duration_us: None,
        trace_id,
        span_id,
        context: "{}",
        ..row(seq)
    };
    let root = |trace, row| NewRow {
        trace_id: Some(trace),
        span_id: Some(trace),
        parent_span_id: None,
        logger: "rag.api",
        ..row
    };
    vec![
        failed(1, "ERROR", FAILED),
        failed(2, "WARNING", FAILED),
        failed(3, "INFO", FAILED),
        failed(4, "ERROR", r#"{"operation":"search","status":"panic"}"#),
        // The server answered 404: the handler failed, and the request did not.
        root(HANDLED_TRACE, row(5)),
        NewRow {
            trace_id: Some(HANDLED_TRACE),
            ..failed(6, "WARNING", FAILED)
        },
        event(7, Some(HANDLED_TRACE), Some(SPAN)),
        event(8, Some(HANDLED_TRACE), Some(HANDLED_TRACE)),
        // The whole request failed, with an error that a call passed on.
        root(FAILED_TRACE, failed(9, "INFO", PASSED_ON)),
        event(10, Some(FAILED_TRACE), Some(TWIN)),
        event(11, None, None),
        // A call whose annotation has the level ERROR did not fail.
        NewRow {
            level: "ERROR",
            ..call(12, SEARCH, 1_000)
        },
    ]
}

#[test]
fn errors_and_stats_by_error_count_the_same_failures() {
    runtime().block_on(async {
        let (_folder, mut reader) = reader_on(&failures()).await;
        let filter = ErrorFilter {
            origins_only: true,
            ..ErrorFilter::default()
        };
        let listed = reader.errors(&filter).await.unwrap();
        assert_eq!(seqs(&listed), [1, 2, 3, 4, 6, 8, 11]);
        let groups = stats(&mut reader, StatsBy::Error).await;
        let counts: Vec<_> = groups
            .iter()
            .map(|group| (group.name.as_deref().unwrap(), group.calls, group.errors))
            .collect();
        assert_eq!(counts, [("sqlx::query", 2, 2), ("timeout", 5, 5)]);
        let newest = reader.resolve_trace("last-error").await.unwrap();
        assert_eq!(Some(newest.trace_id), listed[5].trace_id);
    });
}

#[test]
fn a_database_of_an_older_version_has_the_same_failures() {
    runtime().block_on(async {
        let (_folder, path) = position();
        let mut writer = Writer::open(&path).await.unwrap();
        writer.insert(&failures()).await.unwrap();
        writer.close().await.unwrap();
        let mut connection = connect::for_writing(&path).await.unwrap();
        for change in [
            "DROP INDEX logs_failed",
            "UPDATE logs SET is_local_root = NULL, status = NULL",
        ] {
            sqlx::query(change).execute(&mut connection).await.unwrap();
        }
        sqlx::query("UPDATE ragspan_backfill SET first_id = 1, last_id = 99")
            .execute(&mut connection)
            .await
            .unwrap();
        let mut reader = Reader::open(&path).await.unwrap();
        let filter = ErrorFilter {
            origins_only: true,
            ..ErrorFilter::default()
        };
        let listed = reader.errors(&filter).await.unwrap();
        assert_eq!(seqs(&listed), [1, 2, 3, 4, 6, 8, 11]);
    });
}

#[test]
fn background_work_is_not_a_request_of_an_unknown_user() {
    runtime().block_on(async {
        let root = |seq, logger, user_id| NewRow {
            logger,
            user_id,
            parent_span_id: None,
            ..row(seq)
        };
        let rows = [
            root(1, "rag.refresh_index", None),
            root(2, "rag.ingestion", None),
            root(3, "rag.api", None),
            root(4, "rag.ingestion", Some("ada")),
        ];
        let (_folder, mut reader) = reader_on(&rows).await;
        let users = stats(&mut reader, StatsBy::User).await;
        let counts: Vec<_> = users
            .iter()
            .map(|group| (group.name.as_deref(), group.calls))
            .collect();
        assert_eq!(counts, [(None, 1), (Some("ada"), 1)]);
    });
}

#[test]
fn failures_can_be_selected_at_their_origin() {
    runtime().block_on(async {
        let failed = NewRow {
            level: "ERROR",
            ..calls()[1]
        };
        let passed_on = NewRow {
            level: "ERROR",
            ..calls()[3]
        };
        let (_folder, mut reader) = reader_on(&[failed, passed_on]).await;
        let mut filter = ErrorFilter::default();
        assert_eq!(seqs(&reader.errors(&filter).await.unwrap()), [2, 4]);
        filter.origins_only = true;
        assert_eq!(seqs(&reader.errors(&filter).await.unwrap()), [2]);
    });
}

#[test]
fn the_slowest_can_have_a_threshold() {
    runtime().block_on(async {
        let (_folder, mut reader) = reader_on(&calls()).await;
        let filter = SlowFilter {
            layer: Some("retrieval".into()),
            over_ms: Some(2.0),
            ..SlowFilter::default()
        };
        assert_eq!(seqs(&reader.slowest(&filter).await.unwrap()), [2, 3]);
        let spans = SlowFilter {
            spans: true,
            ..SlowFilter::default()
        };
        assert_eq!(seqs(&reader.slowest(&spans).await.unwrap()), [4, 2, 3, 1]);
    });
}

#[test]
fn a_statement_that_takes_too_long_is_ended_and_the_next_one_runs() {
    runtime().block_on(async {
        let (folder, path) = position();
        let mut writer = Writer::open(&path).await.unwrap();
        let rows: Vec<_> = (0..3_000).map(row).collect();
        writer.insert(&rows).await.unwrap();
        let mut hasty = Reader::open_within(&path, Duration::ZERO).await.unwrap();
        let by = StatsFilter {
            by: StatsBy::Operation,
            ..StatsFilter::default()
        };
        let error = hasty.stats(&by).await.unwrap_err();
        assert!(matches!(error, Error::TooSlow { .. }), "{error:?}");
        assert_eq!(
            hasty.newest_row().await.unwrap(),
            3_000,
            "a short one is not"
        );
        let mut patient = Reader::open_within(&path, Duration::from_secs(600))
            .await
            .unwrap();
        assert_eq!(patient.stats(&by).await.unwrap()[0].calls, 3_000);
        drop(folder);
    });
}

#[test]
fn a_database_reports_its_health() {
    runtime().block_on(async {
        let (_folder, mut reader) = reader_on(&[row(1), row(2)]).await;
        let health = reader.health().await.unwrap();
        assert_eq!((health.version, health.records), (SCHEMA_VERSION, 2));
        assert_eq!(health.newest_us, Some(START + 1502));
        assert_eq!(health.journal, "wal");
        assert!(health.bytes >= 4096);
    });
}

#[test]
fn the_newest_failure_is_found_by_its_word() {
    runtime().block_on(async {
        let failed = NewRow {
            level: "ERROR",
            trace_id: Some(TWIN),
            ..row(1)
        };
        let (_folder, mut reader) = reader_on(&[failed, row(2)]).await;
        let found = reader.resolve_trace("last-error").await.unwrap();
        assert_eq!(found.trace_id, TWIN);
    });
}
