//! The design's example of log levels: each path leaves its records at its levels, with its fields.

use ragspan::prices::Prices;
use ragspan::testing::{Capture, Captured};
use ragspan_examples::levels::{OpenAiError, Response, Service, generate_response};
use serde_json::{Value, json};

const PRICES: &str = r#"{"models": {
    "gpt-4o": {"input": 2.50, "output": 10.0}, "gpt-4o-mini": {"input": 0.15, "output": 0.60}
}}"#;

fn run(service: Service) -> (Result<Response, OpenAiError>, Captured) {
    let prices = Prices::from_json(PRICES).expect("prices");
    Capture::new().prices(prices).run(|| {
        generate_response(
            service,
            "what is a span?",
            &["A span is a call.", "It has an id."],
        )
    })
}

/// Level and message of every record, in order.
fn shown(seen: &Captured) -> Vec<String> {
    let text = |record: &Value, key: &str| record[key].as_str().unwrap_or_default().to_owned();
    let records = seen.records().iter();
    records
        .map(|record| format!("{} {}", text(record, "level"), text(record, "message")))
        .collect()
}

/// The record has all of these, in `context` or `metrics`.
#[track_caller]
fn holds(record: &Value, fields: &[(&str, Value)]) {
    for (name, value) in fields {
        let found = [&record["context"], &record["metrics"]].map(|part| &part[*name]);
        assert!(found.contains(&value), "{name} = {value} in {record}");
    }
}

#[test]
fn an_answer_leaves_its_start_its_budget_and_its_tokens() {
    let (response, seen) = run(Service::Answers);
    assert!(response.is_ok());
    assert_eq!(
        shown(&seen),
        [
            "DEBUG generation_started",
            "INFO token_budget_allocated",
            "DEBUG openai_api_started",
            "INFO openai_api_complete",
            "INFO generation_complete",
        ]
    );
    let start = seen.record("generation_started");
    holds(
        start,
        &[("query_tokens", json!(4)), ("context_tokens", json!(9))],
    );
    let budget = [
        ("total_budget", json!(128_000)),
        ("allocated_query", json!(4)),
        ("allocated_context", json!(2000)),
        ("allocated_response", json!(1000)),
    ];
    holds(seen.record("token_budget_allocated"), &budget);
    let done = seen.record("generation_complete");
    // 13 words to read and 9 to write.
    holds(
        done,
        &[
            ("total_tokens", json!(22)),
            ("cost_usd", json!(0.000_122_5)),
            ("status", json!("success")),
        ],
    );
    holds(done, &budget);
    assert_eq!(done["logger"], "rag.generation");
    let call = seen.record("openai_api_complete");
    holds(
        call,
        &[
            ("model", json!("gpt-4o")),
            ("input_tokens", json!(13)),
            ("output_tokens", json!(9)),
        ],
    );
}

#[test]
fn a_slow_answer_is_a_warning_with_its_threshold() {
    let (response, seen) = run(Service::IsSlow);
    assert!(response.is_ok());
    let slow = seen.record("slow_generation");
    assert_eq!(slow["level"], "WARNING");
    holds(
        slow,
        &[
            ("model", json!("gpt-4o")),
            ("threshold_ms", json!(50.0)),
            ("status", json!("success")),
        ],
    );
    assert!(
        slow["metrics"]["duration_ms"].as_f64() > Some(50.0),
        "{slow}"
    );
    assert!(!seen.messages().contains(&"generation_complete"), "one end");
    holds(
        seen.record("openai_api_complete"),
        &[("model", json!("gpt-4o"))],
    );
}

#[test]
fn a_rate_limit_is_a_warning_with_the_time_to_retry() {
    let (response, seen) = run(Service::HasNoTime);
    assert_eq!(
        response,
        Err(OpenAiError::RateLimited {
            retry_after_seconds: 60
        })
    );
    let hit = seen.record("openai_api_failed");
    assert_eq!(
        (&hit["level"], &hit["error"]["type"]),
        (&"WARNING".into(), &"rate_limited".into())
    );
    assert_eq!(
        hit["error"]["message"],
        "the rate limit is reached, retry after 60 s"
    );
    holds(
        hit,
        &[
            ("retry_after_seconds", json!(60)),
            ("action", json!("queued_for_retry")),
        ],
    );
    passed_on(&seen);
    assert!(!seen.messages().contains(&"fallback"));
}

#[test]
fn an_error_of_the_api_is_an_error_and_the_small_model_answers() {
    let (response, seen) = run(Service::Fails);
    assert!(response.is_ok());
    let failed = seen.record("openai_api_failed");
    assert_eq!(
        (&failed["level"], &failed["error"]["type"]),
        (&"ERROR".into(), &"api_error".into())
    );
    holds(
        failed,
        &[
            ("model", json!("gpt-4o")),
            ("error_code", json!("server_error")),
            ("action", json!("fallback_to_mini")),
        ],
    );
    let fallback = seen.record("fallback");
    assert_eq!(fallback["level"], "WARNING");
    holds(
        fallback,
        &[
            ("from", json!("gpt-4o")),
            ("to", json!("gpt-4o-mini")),
            ("reason", json!("api_error")),
        ],
    );
    let done = seen.record("generation_complete");
    assert_eq!(done["level"], "INFO");
    holds(
        done,
        &[
            ("fallback_to", json!("gpt-4o-mini")),
            ("llm_calls", json!(1)),
            ("total_tokens", json!(22)),
        ],
    );
    holds(
        seen.record("openai_api_complete"),
        &[("model", json!("gpt-4o-mini"))],
    );
    let models = [("from", "gpt-4o"), ("to", "gpt-4o-mini")];
    assert_eq!(seen.metric("rag_fallbacks_total", &models), Some(1.0));
}

#[test]
fn an_error_of_the_system_is_critical_and_has_its_path() {
    let (response, seen) = run(Service::IsDown);
    assert_eq!(response, Err(OpenAiError::System));
    let failed = seen.record("openai_api_failed");
    assert_eq!(
        (&failed["level"], &failed["error"]["type"]),
        (&"CRITICAL".into(), &"system_error".into())
    );
    holds(failed, &[("action", json!("shutdown"))]);
    let path = failed["stack_trace"].as_str().unwrap_or_default();
    assert!(
        path.contains("generation (") && path.contains("examples/src/levels.rs:"),
        "{failed}"
    );
    passed_on(&seen);
}

/// The outer call repeats the error at INFO, with its origin.
#[track_caller]
fn passed_on(seen: &Captured) {
    let outer = seen.record("generation_failed");
    assert_eq!(outer["level"], "INFO");
    assert_eq!(
        outer["context"]["error_span_id"],
        seen.record("openai_api_failed")["span_id"]
    );
}
