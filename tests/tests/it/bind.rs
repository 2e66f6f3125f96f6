//! Fields that are bound during a request, scopes within scopes, and loggers with fields.

use ragspan::testing::{Capture, Captured, capture, capture_async};
use ragspan::{Context, Level, LogContext, Logger, rag_span};
use serde_json::{Value, json};
use tracing::Instrument;
use tracing::instrument::WithSubscriber;

#[derive(LogContext)]
struct Request {
    request_id: String,
    user_id: Option<&'static str>,
}

fn request(id: &str) -> Request {
    Request {
        request_id: id.to_owned(),
        user_id: None,
    }
}

#[rag_span(layer = "api")]
async fn handle(user: &'static str) {
    tracing::info!("before");
    authenticate(user).await;
    tokio::task::yield_now().await;
    tracing::info!("after");
}

#[rag_span(layer = "data")]
async fn authenticate(user: &'static str) {
    tokio::task::yield_now().await;
    ragspan::scope::bind("user_id", user);
    ragspan::scope::bind("plan", "free");
}

fn seen_by(seen: &Captured, message: &str) -> (Value, Value) {
    let record = seen.record(message);
    (record["user_id"].clone(), record["context"]["plan"].clone())
}

#[tokio::test]
async fn a_bound_field_is_in_all_later_records_of_the_request() {
    let bound = (json!("ada"), json!("free"));
    for scoped in [true, false] {
        let work = handle("ada");
        let ((), seen) = capture_async(async {
            match scoped {
                true => request("r1").scope(work).await,
                false => work.await,
            }
            tracing::info!("outside");
        })
        .await;
        let unbound = (Value::Null, Value::Null);
        assert_eq!(seen_by(&seen, "before"), unbound);
        assert_eq!(seen_by(&seen, "handle_started"), unbound);
        assert_eq!(seen_by(&seen, "authenticate_complete"), bound);
        assert_eq!(seen_by(&seen, "after"), bound);
        assert_eq!(seen_by(&seen, "handle_complete"), bound);
        assert_eq!(seen_by(&seen, "outside"), unbound);
    }
}

#[tokio::test]
async fn concurrent_requests_on_one_thread_bind_separately() {
    let users = ["ada", "bob", "eve"];
    let ((), seen) = capture_async(async {
        let all = users.map(handle);
        futures_util::future::join_all(all).await;
    })
    .await;
    let after = seen.records().iter().filter(|it| it["message"] == "after");
    let mut named: Vec<_> = after.map(|it| it["user_id"].as_str().unwrap()).collect();
    named.sort_unstable();
    assert_eq!(named, users);
    let before = seen.records().iter().filter(|it| it["message"] == "before");
    assert!(before.clone().count() == 3 && before.clone().all(|it| it["user_id"].is_null()));
}

#[test]
fn a_field_bound_in_a_nested_scope_ends_with_the_scope() {
    let ((), seen) = capture(|| {
        request("outer").in_scope(|| {
            ragspan::scope::bind("step", 1);
            request("inner").in_scope(|| {
                tracing::info!("inherits");
                ragspan::scope::bind("step", 2);
                ragspan::scope::bind("only", "here");
                tracing::info!("inside");
            });
            tracing::info!("behind");
        });
    });
    let context = |message: &str| seen.record(message)["context"].clone();
    assert_eq!(context("inherits"), json!({"step": 1}));
    assert_eq!(context("inside"), json!({"step": 2, "only": "here"}));
    assert_eq!(context("behind"), json!({"step": 1}));
    assert_eq!(seen.record("inside")["request_id"], "inner");
    assert_eq!(seen.record("behind")["request_id"], "outer");
}

#[test]
fn a_record_has_the_last_of_a_thousand_values_and_none_changes_nothing() {
    let (_, seen) = capture(|| {
        request("r").in_scope(|| {
            for step in 0..1000 {
                ragspan::scope::bind("step", format!("step {step}"));
            }
            ragspan::scope::bind("step", None::<&str>);
            ragspan::scope::bind("metrics.tries", 3);
            ragspan::scope::bind("metrics.tries", f64::NAN);
            request("r").bind();
            Logger::new().with("kept", true).bind();
            ragspan::scope::unbind("gone");
            tracing::info!("counted");
        });
        ragspan::scope::bind("step", "nowhere to go");
        tracing::info!("free");
    });
    assert_eq!(
        seen.record("counted")["context"],
        json!({"step": "step 999", "kept": true})
    );
    assert_eq!(seen.record("counted")["metrics"], json!({"tries": 3}));
    assert_eq!(seen.record("free")["context"], json!({}));
}

#[test]
fn a_call_with_its_own_context_keeps_the_fields_bound_in_it() {
    #[rag_span(layer = "api", context_from = request("from"))]
    fn with_context() {
        ragspan::scope::bind("step", 1);
    }
    let ((), seen) = capture(|| {
        request("outer").in_scope(|| {
            with_context();
            tracing::info!("behind");
        });
    });
    let record = seen.record("with_context_complete");
    assert_eq!(record["request_id"], "from");
    assert_eq!(record["context"]["step"], 1);
    assert_eq!(seen.record("behind")["context"], json!({}));
}

#[test]
fn an_invalid_external_id_is_replaced_and_counted() {
    #[rag_span(layer = "api")]
    fn answer() {}
    let bad = [
        "x".repeat(129),
        "line\nbreak".to_owned(),
        "\u{9b}31m".to_owned(),
        String::new(),
    ];
    let (_, seen) = capture(|| bad.each_ref().map(|id| request(id).in_scope(answer)));
    for record in seen.records().iter().filter(|it| it["level"] == "INFO") {
        let made = record["request_id"].as_str().unwrap();
        assert!(made.starts_with("req-"), "{made}");
    }
    let count = seen.metric("ragspan_propagation_rejected_total", &[]);
    assert_eq!(count, Some(4.0));
    let (_, seen) = capture(|| request(&"x".repeat(128)).in_scope(answer));
    assert_eq!(
        seen.record("answer_complete")["request_id"],
        "x".repeat(128)
    );
    assert_eq!(seen.metric("ragspan_propagation_rejected_total", &[]), None);
}

#[test]
fn a_guard_ends_its_scope_when_the_code_panics() {
    let ((), seen) = capture(|| {
        let unwound = std::panic::catch_unwind(|| {
            let _scope = request("r1").enter();
            tracing::info!("inside");
            panic!("out of here");
        });
        assert!(unwound.is_err());
        tracing::info!("outside");
    });
    assert_eq!(seen.record("inside")["request_id"], "r1");
    assert_eq!(seen.record("outside")["request_id"], Value::Null);
}

#[tokio::test]
async fn a_context_has_the_same_values_as_the_records() {
    #[rag_span(layer = "api")]
    async fn answer() -> (Context, Option<ragspan::TraceId>) {
        search().await
    }
    #[rag_span(layer = "retrieval")]
    async fn search() -> (Context, Option<ragspan::TraceId>) {
        ragspan::scope::bind("plan", "free");
        ragspan::scope::bind("ratio", 0.5);
        ragspan::scope::bind("tenant_id", 7);
        ragspan::scope::bind("metrics.tries", 2);
        (Context::current(), ragspan::trace_id())
    }
    let ((context, trace), seen) = capture_async(answer()).await;
    let record = seen.record("search_complete");
    let json = context.to_json();
    for key in [
        "trace_id",
        "span_id",
        "parent_span_id",
        "request_id",
        "user_id",
        "session_id",
        "tenant_id",
    ] {
        assert_eq!(json[key], record[key], "{key}");
    }
    assert_eq!(json["context"], json!({"plan": "free", "ratio": 0.5}));
    assert_eq!(json["metrics"], json!({"tries": 2}));
    assert_eq!(
        (context.trace_id(), context.operation()),
        (trace, Some("search"))
    );
    assert_eq!((context.tenant_id(), context.user_id()), (Some("7"), None));
    assert!(json["elapsed_ms"].as_f64().unwrap() >= 0.0 && context.elapsed().is_some());
    let nothing = Context::current().to_json();
    assert_eq!(nothing["trace_id"], Value::Null);
    assert_eq!(nothing["request_id"], Value::Null);
    assert_eq!(nothing["elapsed_ms"], Value::Null);
}

#[test]
fn an_event_of_a_logger_belongs_to_the_current_call() {
    #[rag_span(layer = "retrieval")]
    fn search(log: &Logger) {
        ragspan::event!(log, INFO, hits = 3, "found {} documents", 3);
        ragspan::event!(log, CRITICAL, "the index is gone");
        ragspan::event!(request("other"), WARN, "of another logger");
        tracing::info!("without");
    }
    let log = request("r1").logger().with("shard", 4).with("step", 1);
    let narrow = log.clone().without("step");
    let ((), seen) = capture(|| search(&narrow));
    let event = seen.record("found 3 documents");
    assert_eq!(event["context"], json!({"shard": 4, "hits": 3}));
    assert_eq!(
        (&event["request_id"], &event["logger"]),
        (&json!("r1"), &json!("rag.retrieval"))
    );
    assert_eq!(event["span_id"], seen.record("search_complete")["span_id"]);
    assert_eq!(seen.record("the index is gone")["level"], "CRITICAL");
    assert_eq!(seen.record("the index is gone")["context"]["shard"], 4);
    assert_eq!(seen.record("of another logger")["request_id"], "other");
    assert_eq!(seen.record("without")["context"], json!({}));
    assert!(
        !format!("{log:?}").contains('4'),
        "values are not shown: {log:?}"
    );
}

#[test]
fn a_filtered_call_completes_with_the_fields_bound_in_its_request() {
    #[rag_span(layer = "api")]
    fn fails() -> Result<(), std::fmt::Error> {
        ragspan::scope::bind("step", 3);
        Err(std::fmt::Error)
    }
    use tracing_subscriber::prelude::*;
    let filter = tracing_subscriber::filter::LevelFilter::ERROR;
    let subscriber = tracing_subscriber::registry()
        .with(filter)
        .with(ragspan::layer());
    let all = Capture::new().level(Level::Trace).under(subscriber);
    let (_, seen) = all.run(|| request("r1").in_scope(fails));
    let record = seen.record("fails_failed");
    assert_eq!(
        (&record["request_id"], &record["context"]["step"]),
        (&json!("r1"), &json!(3))
    );
}

#[tokio::test]
async fn a_task_shares_bound_fields_with_its_request() {
    let work = || async {
        let task = async { ragspan::scope::bind("from_task", true) };
        let task = task.in_current_span().with_current_subscriber();
        tokio::spawn(task).await.unwrap();
        tracing::info!("joined");
    };
    let ((), seen) = capture_async(async { request("r1").scope(work()).await }).await;
    assert_eq!(seen.record("joined")["context"]["from_task"], true);
    // Calls outside of a request do not share a context.
    let ((), seen) = capture_async(work()).await;
    assert_eq!(seen.record("joined")["context"], json!({}));
}
