//! The design's bound logger: every event has the four ids, and so has every record of a scope with it.

use ragspan::testing::{capture, capture_async};
use ragspan::{Logger, event};
use ragspan_examples::bound::{answer_in_scope, create_request_logger, log_query};
use serde_json::{Value, json};

const IDS: [&str; 4] = ["user_id", "request_id", "tenant_id", "session_id"];

fn ids(record: &Value) -> [&Value; 4] {
    IDS.map(|key| &record[key])
}

#[test]
fn every_event_of_the_logger_has_the_four_ids_and_its_own_fields() {
    let ((), seen) = capture(|| {
        let log = create_request_logger("user-123", "req-001", Some("s-9"));
        log_query(&log, "what is X?");
        tracing::info!("without the logger");
    });
    let bound = json!(["user-123", "req-001", "acme", "s-9"]);
    let fields = [
        ("query_started", json!({"query": "what is X?"})),
        ("retrieval_started", json!({"chunks_needed": 5})),
        ("generation_started", json!({"model": "gpt-4o"})),
    ];
    for (message, fields) in fields {
        let record = seen.record(message);
        assert_eq!(json!(ids(record)), bound, "{record}");
        assert_eq!(
            (&record["context"], &record["level"]),
            (&fields, &json!("INFO"))
        );
    }
    assert_eq!(ids(seen.record("without the logger")), [&Value::Null; 4]);
}

#[test]
fn the_tenant_is_looked_up_and_an_absent_session_is_made_once_for_each_logger() {
    let emit = |log: &Logger| {
        event!(log, INFO, "first");
        event!(log, INFO, "second");
    };
    let ((), seen) = capture(|| {
        emit(&create_request_logger("guest-1", "r1", None));
        emit(&create_request_logger("user-2", "r2", None));
    });
    let all: Vec<_> = seen.records().iter().map(|it| &it["session_id"]).collect();
    let [first, again, other, other_again] = all[..] else {
        panic!("{all:?}");
    };
    assert_eq!((first, other), (again, other_again));
    assert_ne!(first, other);
    assert!(
        first.as_str().is_some_and(|id| id.starts_with("ses-")),
        "{first}"
    );
    let tenants: Vec<_> = seen.records().iter().map(|it| &it["tenant_id"]).collect();
    assert_eq!(tenants, ["visitors", "visitors", "acme", "acme"]);
}

#[tokio::test]
async fn in_a_scope_with_the_logger_all_records_of_the_request_have_the_ids() {
    let log = create_request_logger("user-123", "req-001", Some("s-9"));
    let ((), seen) = capture_async(async {
        answer_in_scope(&log, "what is X?").await;
        tracing::info!("behind");
    })
    .await;
    seen.span("answer")
        .assert_root()
        .assert_success()
        .assert_field("query", "what is X?");
    seen.span("retrieval")
        .assert_under("answer")
        .assert_field("chunks_needed", 5);
    seen.event("asking")
        .assert_under("answer")
        .assert_field("model", "gpt-4o");
    let (behind, inside) = seen.records().split_last().expect("records");
    for record in inside {
        assert_eq!(
            json!(ids(record)),
            json!(["user-123", "req-001", "acme", "s-9"])
        );
    }
    assert_eq!(ids(behind), [&Value::Null; 4]);
}
