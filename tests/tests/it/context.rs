//! Every record inside a request carries that request's ids and context.

use ragspan::testing::{Capture, Captured, capture, capture_async};
use ragspan::{Level, LogContext, TraceId, rag_span};
use serde_json::Value;
use tracing::Instrument;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

#[derive(LogContext)]
struct Request {
    user_id: String,
    tenant_id: Option<String>,
    #[log(rename = "tier")]
    plan: &'static str,
    #[log(redact)]
    api_key: &'static str,
    #[log(skip)]
    #[expect(dead_code, reason = "to be left out")]
    internal: u8,
}

fn request(user: &str) -> Request {
    Request {
        user_id: user.to_owned(),
        tenant_id: Some("acme".to_owned()),
        plan: "free",
        api_key: "sk-canary",
        internal: 1,
    }
}

#[rag_span(layer = "api")]
async fn answer() {
    search().await;
    tracing::info!(step = 2, "between the stages");
    third_party::tokenize("some text");
}

#[rag_span(layer = "retrieval")]
async fn search() {
    tokio::task::yield_now().await;
    tracing::warn!(metrics.candidates = 15, "few candidates");
}

mod third_party {
    #[tracing::instrument]
    pub(super) fn tokenize(text: &str) -> usize {
        tracing::info!("counting");
        count(text)
    }

    #[ragspan::rag_span(layer = "data")]
    fn count(text: &str) -> usize {
        text.len()
    }
}

fn ids(record: &Value) -> [&Value; 3] {
    [
        &record["trace_id"],
        &record["span_id"],
        &record["parent_span_id"],
    ]
}

#[tokio::test]
async fn one_request_is_one_trace_with_the_right_parents() {
    let ((), seen) = capture_async(async { request("ada").scope(answer()).await }).await;
    let root = seen.record("answer_complete");
    let [trace, root_id, no_parent] = ids(root);
    assert_eq!((trace, no_parent), (root_id, &Value::Null));
    let child = seen.record("search_complete");
    assert_eq!(
        (&child["trace_id"], &child["parent_span_id"]),
        (trace, root_id)
    );
    assert_eq!(
        ids(seen.record("between the stages")),
        [trace, root_id, &Value::Null]
    );
    assert_eq!(ids(seen.record("few candidates")), ids(child));
    // A third-party span is not a node: the parent of records below it is the nearest annotated call.
    assert_eq!(ids(seen.record("counting")), [trace, root_id, &Value::Null]);
    assert_eq!(seen.record("count_complete")["parent_span_id"], *root_id);
    for record in seen.records() {
        request_context(record, "ada");
    }
}

fn request_context(record: &Value, user: &str) {
    assert_eq!(record["user_id"], user, "{record}");
    assert_eq!(record["tenant_id"], "acme");
    let trace: TraceId = record["trace_id"].as_str().unwrap().parse().unwrap();
    // Derived from the trace, because the request has none.
    assert_eq!(record["session_id"], format!("ses-{}", trace.short()));
    assert_eq!(record["context"]["tier"], "free");
    assert_eq!(record["context"]["api_key"], "[redacted]");
    assert!(!record.to_string().contains("canary"));
    assert!(record["context"]["internal"].is_null());
    assert_eq!(record["request_id"], format!("req-{}", trace.short()));
}

#[test]
fn the_logger_is_the_layer_in_the_module_of_the_function_and_the_target_elsewhere() {
    let (_, seen) = capture(|| drive(answer()));
    assert_eq!(seen.record("few candidates")["logger"], "rag.retrieval");
    assert_eq!(seen.record("few candidates")["metrics"]["candidates"], 15);
    assert_eq!(seen.record("between the stages")["logger"], "rag.api");
    let foreign = seen.record("counting")["logger"].as_str().unwrap();
    assert!(foreign.ends_with("context::third_party"), "{foreign}");
}

fn drive<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

#[test]
fn outside_any_span_there_are_no_ids() {
    let ((), seen) = capture(|| {
        tracing::info!("alone");
        request("ada").in_scope(|| tracing::info!("in a scope"));
        answer_nothing();
    });
    assert_eq!(ids(seen.record("alone")), [&Value::Null; 3]);
    let scoped = seen.record("in a scope");
    assert_eq!(ids(scoped), [&Value::Null; 3]);
    assert_eq!(
        (&scoped["user_id"], &scoped["request_id"]),
        (&Value::from("ada"), &Value::Null)
    );
    assert_eq!(
        seen.record("answer_nothing_complete")["user_id"],
        Value::Null
    );
}

#[rag_span(layer = "api")]
fn answer_nothing() {}

#[test]
fn an_inner_scope_adds_and_overrides_and_ends() {
    #[derive(LogContext)]
    struct Inner {
        user_id: Option<&'static str>,
        session_id: u32,
        tier: &'static str,
    }
    let ((), seen) = capture(|| {
        request("ada").in_scope(|| {
            Inner {
                user_id: None,
                session_id: 9,
                tier: "gold",
            }
            .in_scope(|| tracing::info!("inner"));
            tracing::info!("outer");
        });
    });
    let inner = seen.record("inner");
    assert_eq!(
        (&inner["user_id"], &inner["session_id"]),
        (&Value::from("ada"), &Value::from("9"))
    );
    assert_eq!(inner["context"]["tier"], "gold");
    let outer = seen.record("outer");
    assert_eq!(
        (&outer["session_id"], &outer["context"]["tier"]),
        (&Value::Null, &Value::from("free"))
    );
}

#[tokio::test]
async fn overlapping_requests_have_separate_contexts() {
    let both = async {
        tokio::join!(
            request("ada").scope(answer()),
            request("bob").scope(answer())
        );
    };
    let ((), seen) = capture_async(both).await;
    for user in ["ada", "bob"] {
        let mine: Vec<_> = seen
            .records()
            .iter()
            .filter(|record| record["user_id"] == user)
            .collect();
        let traces: std::collections::HashSet<_> = mine
            .iter()
            .map(|record| record["trace_id"].as_str().unwrap())
            .collect();
        assert_eq!(
            (mine.len(), traces.len()),
            (9, 1),
            "{user}: {:?}",
            seen.messages()
        );
    }
}

#[tokio::test]
async fn an_instrumented_future_on_another_thread_keeps_the_context() {
    let ((), seen) = capture_async(async {
        let mut later = Vec::new();
        request("ada").scope(hands_out(&mut later)).await;
        later.pop().unwrap().await;
    })
    .await;
    let child = seen.record("search_complete");
    let parent = seen.record("hands_out_complete");
    assert_eq!(child["trace_id"], parent["trace_id"]);
    assert_eq!(child["parent_span_id"], parent["span_id"]);
    request_context(child, "ada");
}

type Later = std::pin::Pin<Box<dyn Future<Output = ()>>>;

#[rag_span(layer = "api")]
async fn hands_out(later: &mut Vec<Later>) {
    later.push(Box::pin(search().in_current_span()));
}

fn under_filter(filter: LevelFilter) -> Captured {
    let subscriber = tracing_subscriber::registry()
        .with(filter)
        .with(ragspan::layer());
    Capture::new()
        .level(Level::Info)
        .under(subscriber)
        .run(|| {
            request("ada").in_scope(|| drive(outer_fails()).unwrap_err());
        })
        .1
}

#[rag_span(layer = "api", level = "error")]
async fn outer_fails() -> Result<(), String> {
    inner_fails()
}

#[rag_span(layer = "retrieval")]
fn inner_fails() -> Result<(), String> {
    Err("broken".to_owned())
}

#[test]
fn a_call_whose_span_is_filtered_away_still_belongs_to_its_trace() {
    let seen = under_filter(LevelFilter::WARN);
    let (outer, inner) = (
        seen.record("outer_fails_failed"),
        seen.record("inner_fails_failed"),
    );
    assert_eq!(inner["trace_id"], outer["trace_id"]);
    assert_eq!(inner["parent_span_id"], outer["span_id"]);
    request_context(inner, "ada");
    assert_eq!(inner["error"]["message"], "broken");
}

#[test]
fn two_rag_layers_record_an_event_once() {
    let subscriber = tracing_subscriber::registry()
        .with(ragspan::layer())
        .with(ragspan::layer());
    let ((), seen) = Capture::new()
        .under(subscriber)
        .run(|| tracing::info!("once"));
    assert_eq!(seen.messages(), ["once"]);
}

#[test]
fn a_filter_on_the_rag_layer_alone_keeps_the_context() {
    let ours = ragspan::layer().with_filter(LevelFilter::WARN);
    let other = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    let subscriber = tracing_subscriber::registry().with(ours).with(other);
    let ((), seen) = Capture::new().under(subscriber).run(|| {
        request("ada").in_scope(|| drive(answer().in_current_span()));
    });
    let event = seen.record("few candidates");
    assert_eq!(ids(event), ids(seen.record("search_complete")));
    request_context(event, "ada");
}

#[test]
fn under_a_reloadable_layer_events_keep_their_ids() {
    let (ours, _handle) = tracing_subscriber::reload::Layer::new(ragspan::layer());
    let subscriber = tracing_subscriber::registry().with(ours);
    let ((), seen) = Capture::new()
        .under(subscriber)
        .run(|| drive(request("ada").scope(answer())));
    assert_eq!(
        ids(seen.record("few candidates")),
        ids(seen.record("search_complete"))
    );
}

#[test]
fn other_layers_see_our_spans_with_their_fields() {
    let out = Shared::default();
    let writer = out.clone();
    let fmt = tracing_subscriber::fmt::layer()
        .json()
        .with_writer(move || writer.clone());
    let subscriber = tracing_subscriber::registry()
        .with(fmt)
        .with(ragspan::layer());
    Capture::new().under(subscriber).run(|| counted(5));
    let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
    assert!(
        text.contains(r#""name":"counted""#) && text.contains(r#""top_k":5"#),
        "{text}"
    );
}

#[rag_span(layer = "data", context(top_k))]
fn counted(top_k: u8) {
    tracing::info!("inside {}", std::hint::black_box(1));
}

#[derive(Clone, Default)]
struct Shared(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
