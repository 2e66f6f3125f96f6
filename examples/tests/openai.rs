//! The real model's protocol, against a server on this machine that speaks it.
#![cfg(feature = "openai")]

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use ragspan::Usage;
use ragspan::prices::Prices;
use ragspan::testing::{Capture, Captured};
use ragspan_examples::answer::{AnswerError, Request, Service, answer};
use ragspan_examples::corpus::Corpus;
use ragspan_examples::generate::{GenerationError, Generator, Piece};
use ragspan_examples::ingest::{Silent, ingest};
use ragspan_examples::openai::{ChatClient, ChatError};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A request that the server received.
type Seen = Arc<Mutex<Option<(HeaderMap, Value)>>>;

/// The server's reply to one request, in these pieces; it may close the connection after them.
#[derive(Clone, Default)]
struct Reply {
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    pieces: Vec<String>,
    hangs_up: bool,
}

impl Reply {
    fn whole(pieces: Vec<String>) -> Self {
        Self {
            status: 200,
            pieces,
            ..Self::default()
        }
    }

    fn refusal(status: u16, headers: &'static [(&str, &str)], body: &str) -> Self {
        Self {
            status,
            headers,
            pieces: vec![body.to_owned()],
            hangs_up: false,
        }
    }

    fn response(self) -> Response {
        let end = self.hangs_up.then(|| Err(io::Error::other("hung up")));
        let pieces = self.pieces.into_iter().map(Ok).chain(end);
        let body = Body::from_stream(stream::iter(pieces));
        let status = StatusCode::from_u16(self.status).expect("a status");
        let mut response = (status, body).into_response();
        for (name, value) in self.headers {
            let value = value.parse().expect("a header");
            response.headers_mut().insert(*name, value);
        }
        response
    }
}

/// Returns the address of a server with these replies in order, the last one repeated.
async fn base_url(replies: Vec<Reply>) -> (String, Seen) {
    let seen = Seen::default();
    let recorded = Arc::clone(&seen);
    let replies = Arc::new(Mutex::new(VecDeque::from(replies)));
    let handler = move |headers: HeaderMap, body: String| {
        let sent = serde_json::from_str(&body).expect("the client sends JSON");
        *recorded.lock().expect("no test panicked here") = Some((headers, sent));
        let mut replies = replies.lock().expect("no test panicked here");
        let next = match replies.len() {
            1 => replies.front().cloned(),
            _ => replies.pop_front(),
        };
        async move { next.expect("something to say").response() }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let app = Router::new().route("/v1/chat/completions", post(handler));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (base, seen)
}

async fn model(replies: Vec<Reply>) -> (ChatClient, Seen) {
    let (base, seen) = base_url(replies).await;
    let client =
        ChatClient::new(&base, "secret-key".to_owned(), "test-model".to_owned()).expect("a client");
    (client.with_backoff(Duration::ZERO), seen)
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn delta(text: &str) -> String {
    event(&json!({"choices": [{"delta": {"content": text}}]}))
}

/// A whole answer as such a service streams it.
fn streamed(text: &[&str]) -> String {
    let mut stream = event(&json!({"choices": [{"delta": {"role": "assistant", "content": ""}}]}));
    stream.extend(text.iter().map(|piece| delta(piece)));
    stream += &event(&json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}));
    stream += &event(&json!({"choices": [], "usage": {
        "prompt_tokens": 120, "completion_tokens": 17, "total_tokens": 137,
        "prompt_tokens_details": {"cached_tokens": 100},
        "completion_tokens_details": {"reasoning_tokens": 10},
    }}));
    stream + "data: [DONE]\n\n"
}

/// The usage on the last piece of [`streamed`].
const USAGE: Usage = Usage::new(20, 7).with_cached_input(100).with_reasoning(10);

const PRICES: &str = r#"{"version": "2026-11-01", "models": {
    "test-model": {"input": 1.0, "cached_input": 0.5, "output": 4.0}
}}"#;

/// Input 20 + cached 50 + output and reasoning 68, for a million dollars each.
const COST: f64 = 0.000_138;

/// Returns the result of a request to a server with these replies, and the records.
async fn asked(replies: Vec<Reply>) -> (Result<Vec<Piece>, ChatError>, Captured) {
    let (client, _) = model(replies).await;
    let prices = Prices::from_json(PRICES).expect("prices");
    // The call begins where the function is called, so that must be inside.
    let pieces = async { client.complete("rules", "question").try_collect().await };
    Capture::new().prices(prices).run_async(pieces).await
}

async fn fails_with(status: u16, headers: &'static [(&str, &str)], body: &str) -> ChatError {
    let (outcome, _) = asked(vec![Reply::refusal(status, headers, body)]).await;
    outcome.expect_err("the model refuses")
}

#[tokio::test]
async fn an_answer_comes_piece_by_piece_with_its_usage() {
    let whole = streamed(&["Bees ", "fly. ", "[a.md:1]"]);
    // In the middle of an event.
    let (left, right) = whole.split_at(140);
    let (client, seen) = model(vec![Reply::whole(vec![left.to_owned(), right.to_owned()])]).await;
    let pieces: Vec<_> = client
        .complete("rules", "question")
        .try_collect()
        .await
        .unwrap();
    let texts: Vec<_> = pieces.iter().map(|piece| piece.text.as_str()).collect();
    assert_eq!(texts, ["Bees ", "fly. ", "[a.md:1]", ""]);
    assert_eq!(pieces[3].usage, Some(USAGE));
    let (headers, sent) = seen.lock().unwrap().take().unwrap();
    assert_eq!(headers["authorization"], "Bearer secret-key");
    assert_eq!(sent["model"], "test-model");
    assert_eq!(sent["stream"], true);
    assert_eq!(sent["stream_options"], json!({"include_usage": true}));
    assert_eq!(
        sent["messages"][1],
        json!({"role": "user", "content": "question"})
    );
}

#[tokio::test]
async fn a_stream_records_its_first_token_its_tokens_by_kind_and_its_cost() {
    let (outcome, seen) = asked(vec![Reply::whole(vec![streamed(&["Bees ", "fly."])])]).await;
    assert_eq!(outcome.unwrap().len(), 3);
    let record = seen.record("generate_complete");
    assert_eq!(
        (&record["level"], &record["logger"]),
        (&"INFO".into(), &"rag.generation".into())
    );
    assert_eq!(record["context"]["model"], "test-model");
    assert!(record["context"].get("usage_estimated").is_none());
    let metrics = &record["metrics"];
    assert!(metrics["time_to_first_item_ms"].is_number(), "{metrics}");
    let counted = ["input", "cached_input", "output", "reasoning", "total"].map(|kind| {
        metrics[format!("{kind}_tokens")]
            .as_u64()
            .unwrap_or_default()
    });
    assert_eq!(counted, [20, 100, 7, 10, 137]);
    assert_eq!(
        (&metrics["items"], &metrics["cost_usd"]),
        (&3.into(), &COST.into())
    );
    let of_model = |kind| [("model", "test-model"), ("kind", kind)];
    for (kind, tokens) in [
        ("input", 20.0),
        ("cached_input", 100.0),
        ("output", 7.0),
        ("reasoning", 10.0),
    ] {
        assert_eq!(
            seen.metric("rag_token_usage_sum", &of_model(kind)),
            Some(tokens),
            "{kind}"
        );
    }
    let spent = [("model", "test-model"), ("layer", "generation")];
    assert_eq!(seen.metric("rag_cost_usd_total", &spent), Some(COST));
    let first = [("operation", "generate"), ("layer", "generation")];
    assert_eq!(
        seen.metric("rag_time_to_first_item_ms_count", &first),
        Some(1.0)
    );
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_and_recorded() {
    let busy = Reply::refusal(429, &[("retry-after-ms", "3")], "");
    let replies = vec![busy, Reply::whole(vec![streamed(&["Bees fly."])])];
    let (outcome, seen) = asked(replies).await;
    assert_eq!(outcome.unwrap()[0].text, "Bees fly.");
    let retrying = seen.record("retrying");
    assert_eq!(retrying["level"], "WARNING");
    assert_eq!(
        (
            &retrying["context"]["attempt"],
            &retrying["context"]["reason"]
        ),
        (&2.into(), &"rate_limited".into())
    );
    assert_eq!(retrying["metrics"]["wait_ms"], 3.0);
    let done = seen.record("generate_complete");
    assert_eq!(retrying["span_id"], done["span_id"]);
    assert_eq!(
        (
            &done["metrics"]["attempts"],
            &done["metrics"]["retry_wait_ms"]
        ),
        (&2.into(), &3.0.into())
    );
    assert_eq!(done["metrics"]["retries"], 1);
    assert_eq!(
        done["metrics"]["total_tokens"], 137,
        "the tokens of one answer"
    );
    let retries = [("operation", "generate"), ("reason", "rate_limited")];
    assert_eq!(seen.metric("rag_retries_total", &retries), Some(1.0));
}

#[tokio::test]
async fn a_limit_that_stays_is_a_warning() {
    let (outcome, seen) = asked(vec![Reply::refusal(429, &[("retry-after", "0")], "")]).await;
    assert!(
        matches!(outcome, Err(ChatError::RateLimited { .. })),
        "{outcome:?}"
    );
    let failed = seen.record("generate_failed");
    assert_eq!(
        (&failed["level"], &failed["error"]["type"]),
        (&"WARNING".into(), &"rate_limited".into())
    );
    assert_eq!(failed["metrics"]["attempts"], 3);
    assert_eq!(
        seen.messages()
            .iter()
            .filter(|it| **it == "retrying")
            .count(),
        2
    );
    assert!(failed["metrics"].get("total_tokens").is_none());
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_an_error_at_once() {
    let (outcome, seen) = asked(vec![Reply::refusal(429, &[("retry-after", "3600")], "")]).await;
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "the model is asked too often, wait 3600 s and ask again"
    );
    assert!(!seen.messages().contains(&"retrying"));
}

#[tokio::test]
async fn a_server_error_is_retried_and_then_an_error() {
    let (outcome, seen) = asked(vec![Reply::refusal(503, &[], "plain trouble")]).await;
    let error = outcome.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the model is unavailable (503): plain trouble"
    );
    let failed = seen.record("generate_failed");
    assert_eq!(
        (&failed["level"], &failed["error"]["type"]),
        (&"ERROR".into(), &"unavailable".into())
    );
    assert_eq!(failed["metrics"]["attempts"], 3);
}

#[tokio::test]
async fn a_connection_that_breaks_half_way_leaves_an_estimate() {
    let broken = Reply {
        hangs_up: true,
        ..Reply::whole(vec![delta("Bees "), delta("fly")])
    };
    let (client, _) = model(vec![broken]).await;
    let pieces = async {
        client
            .complete("rules", "question")
            .collect::<Vec<_>>()
            .await
    };
    let (pieces, seen) = Capture::new().run_async(pieces).await;
    assert!(
        matches!(pieces.last(), Some(Err(ChatError::Connection(_)))),
        "{pieces:?}"
    );
    let failed = seen.record("generate_failed");
    assert_eq!(
        (&failed["level"], &failed["error"]["type"]),
        (&"ERROR".into(), &"connection".into())
    );
    assert_eq!(failed["context"]["usage_estimated"], true, "{failed}");
}

#[tokio::test]
async fn a_dropped_stream_is_marked_as_an_estimate() {
    let (client, _) = model(vec![Reply::whole(vec![streamed(&["Bees ", "fly."])])]).await;
    let (piece, seen) = Capture::new()
        .run_async(async { Box::pin(client.complete("rules", "question")).next().await })
        .await;
    assert_eq!(piece.unwrap().unwrap().text, "Bees ");
    let cancelled = seen.record("generate_cancelled");
    assert_eq!(cancelled["context"]["usage_estimated"], true);
    assert_eq!(cancelled["metrics"]["items"], 1);
}

#[tokio::test]
async fn an_error_within_the_stream_and_what_is_no_event_end_it() {
    let overloaded = event(&json!({"error": {"message": "overloaded"}}));
    for (end, error_type) in [
        (overloaded.as_str(), "refused"),
        ("data: <html>\n\n", "protocol"),
        ("data: {\"choices\": 7}\n\n", "protocol"),
        ("", "cut_short"),
    ] {
        let (outcome, seen) = asked(vec![Reply::whole(vec![delta("Bees ") + end])]).await;
        assert!(outcome.is_err(), "{end}");
        let failed = seen.record("generate_failed");
        assert_eq!(
            (&failed["level"], &failed["error"]["type"]),
            (&"ERROR".into(), &error_type.into()),
            "{end}"
        );
        assert_eq!(failed["context"]["usage_estimated"], true, "{end}");
        assert!(
            !seen.messages().contains(&"retrying"),
            "what has begun is not begun again"
        );
    }
}

#[tokio::test]
async fn refusals_have_different_types() {
    let error = fails_with(401, &[], r#"{"error":{"message":"bad key"}}"#).await;
    assert!(matches!(error, ChatError::Key { status: 401 }), "{error:?}");
    let error = fails_with(400, &[], r#"{"error":{"message":"no such model"}}"#).await;
    assert_eq!(
        error.to_string(),
        "the model refuses the request (400): no such model"
    );
}

#[tokio::test]
async fn an_unreachable_model_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    drop(listener);
    let client = ChatClient::new(&base, "k".to_owned(), "m".to_owned()).expect("a client");
    let pieces: Result<Vec<_>, _> = client.complete("rules", "question").try_collect().await;
    assert!(
        matches!(pieces, Err(ChatError::Connection(_))),
        "{pieces:?}"
    );
}

/// The program as its user runs it, with a model and a table of prices.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_waterfall_shows_first_token_tokens_by_kind_and_cost() {
    let output = "She lays up to two thousand eggs a day. [the-colony.md:8]";
    let (base, _) = base_url(vec![Reply::whole(vec![streamed(&[output])])]).await;
    let folder = tempfile::tempdir().unwrap();
    let prices = folder.path().join("prices.json");
    std::fs::write(&prices, PRICES).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_quickstart"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "--corpus",
            "corpus",
            "--question",
            "How many eggs does a queen lay in a day?",
        ])
        .arg("--db")
        .arg(folder.path().join("ragspan.db"))
        .arg("--prices")
        .arg(prices)
        .envs([
            ("OPENAI_API_KEY", "k"),
            ("OPENAI_BASE_URL", &base),
            ("OPENAI_MODEL", "test-model"),
        ])
        .env("COLUMNS", "160");
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let line = |start: &str| {
        let found = stdout.lines().find(|line| line.starts_with(start));
        let words: Vec<_> = found
            .unwrap_or_else(|| panic!("no {start} in {stdout}"))
            .split_whitespace()
            .collect();
        words.join(" ")
    };
    assert!(
        line("   faithfulness").contains(" · 137 tokens · $0.000138 · ada · trace "),
        "{stdout}"
    );
    assert!(
        line("slowest request").ends_with(" · $0.000138"),
        "{stdout}"
    );
    assert!(line("  ├ generate").contains(" first token "), "{stdout}");
    assert!(line("generation ").ends_with(" 137 $0.000138"), "{stdout}");
    assert!(line("api ").ends_with(" 137 $0.000138"), "{stdout}");
}

async fn service(answer: &[&str]) -> (Service, Seen) {
    let (client, seen) = model(vec![Reply::whole(vec![streamed(answer)])]).await;
    let corpus =
        Corpus::folder(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")).expect("the handbook");
    let library = ingest(&corpus, &Silent).expect("documents").library;
    (Service::new(library, Generator::Chat(client)), seen)
}

#[tokio::test]
async fn a_model_s_answer_is_evaluated_against_the_sources() {
    let request = Request::new("How many eggs does a queen lay in a day?", "ada");
    let (faithful, seen) = service(&[
        "At the height of the season she lays up to two thousand eggs a day. [the-colony.md:8]",
    ])
    .await;
    let (wrong, _) = service(&[
        "At the height of the season she lays up to nine thousand eggs a day. [the-colony.md:8]",
    ])
    .await;
    let faithful = answer(&faithful, &request).await.unwrap();
    let wrong = answer(&wrong, &request).await.unwrap();
    assert_eq!(faithful.usage, Some(USAGE));
    assert_eq!(faithful.model, "test-model");
    assert!(wrong.evaluation.faithfulness < faithful.evaluation.faithfulness);
    let (_, sent) = seen.lock().unwrap().take().unwrap();
    let prompt = sent["messages"][1]["content"].as_str().unwrap().to_owned();
    assert!(
        prompt.contains("[the-colony.md:") && prompt.contains("two thousand eggs"),
        "{prompt}"
    );
}

#[tokio::test]
async fn an_empty_answer_is_an_error() {
    let (service, _) = service(&[" "]).await;
    let request = Request::new("How many eggs does a queen lay in a day?", "ada");
    let failed = answer(&service, &request).await;
    assert!(
        matches!(
            failed,
            Err(AnswerError::Generation(GenerationError::EmptyAnswer))
        ),
        "{failed:?}"
    );
}
