//! The protocol of a real model, against a server on this machine that speaks it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::Response as Reply;
use axum::routing::post;
use futures_util::{StreamExt as _, stream};
use ragspan::Level;
use ragspan::prices::Prices;
use ragspan::testing::{Capture, Captured};
use tokio::net::TcpListener;

use super::*;

const PRICES: &str = r#"{"version": "2026-11-01", "models": {
    "test-model": {"input": 1.0, "cached_input": 0.5, "output": 4.0}
}}"#;

/// The usage in the last event of [`streamed`].
const USAGE: Usage = Usage::new(20, 7).with_cached_input(100).with_reasoning(10);

/// Input 20, half of cached 100, and four times output and reasoning 17, in millionths of a dollar.
const COST: f64 = 0.000_138;

fn reply(status: u16, header: (&str, &str), body: &str) -> Reply<Body> {
    let reply = Reply::builder().status(status).header(header.0, header.1);
    reply.body(Body::from(body.to_owned())).unwrap()
}

/// A successful reply in these pieces; it breaks off after them if told so.
fn stream_of(pieces: &[&str], breaks_off: bool) -> Reply<Body> {
    let end = breaks_off.then(|| Err(io::Error::other("hung up")));
    let pieces = pieces.iter().map(|it| Ok((*it).to_owned()));
    let pieces: Vec<_> = pieces.chain(end).collect();
    Reply::new(Body::from_stream(stream::iter(pieces)))
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn delta(text: &str) -> String {
    event(&json!({"choices": [{"delta": {"content": text}}]}))
}

/// A whole answer, as a chat service streams it.
fn streamed(texts: &[&str]) -> String {
    let usage = event(&json!({"choices": [], "usage": {
        "prompt_tokens": 120, "completion_tokens": 17, "total_tokens": 137,
        "prompt_tokens_details": {"cached_tokens": 100},
        "completion_tokens_details": {"reasoning_tokens": 10},
    }}));
    let deltas: String = texts.iter().map(|text| delta(text)).collect();
    format!(": ping\n\n{deltas}{usage}data: [DONE]\n\n")
}

/// Returns a client of a server that gives these replies in order.
async fn client(replies: Vec<Reply<Body>>) -> ChatClient {
    let replies = Arc::new(Mutex::new(VecDeque::from(replies)));
    let handler = async move || replies.lock().unwrap().pop_front().expect("another reply");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/", listener.local_addr().unwrap());
    let app = Router::new().route("/v1/chat/completions", post(handler));
    tokio::spawn(async move { axum::serve(listener, app).await });
    client_of(&url)
}

fn client_of(url: &str) -> ChatClient {
    let variable = |name: &str| match name {
        "OPENAI_BASE_URL" => Some(url.to_owned()),
        "OPENAI_MODEL" => Some("test-model".to_owned()),
        _ => Some("secret-key".to_owned()),
    };
    let client = ChatClient::from_vars(variable).unwrap().unwrap();
    ChatClient {
        backoff: Duration::ZERO,
        ..client
    }
}

/// Asks a server that gives these replies, and returns the answer and the records.
async fn asked(replies: Vec<Reply<Body>>) -> (Result<Vec<Piece>, ChatError>, Captured) {
    let client = client(replies).await;
    let capture = Capture::new().prices(Prices::from_json(PRICES).unwrap());
    // The call begins where the function is called, so that must be inside.
    capture
        .run_async(async { client.complete("rules", "question").try_collect().await })
        .await
}

#[test]
fn without_a_key_there_is_no_client_and_a_key_is_enough() {
    let client = |set: &str| ChatClient::from_vars(|name| (name == set).then(|| "k".to_owned()));
    assert!(client("OPENAI_MODEL").unwrap().is_none());
    let url = client("OPENAI_API_KEY").unwrap().unwrap().url;
    assert_eq!(url, "https://api.openai.com/v1/chat/completions");
}

#[tokio::test]
async fn an_answer_is_streamed_and_its_first_token_usage_and_cost_are_recorded() {
    let whole = streamed(&["Bees ", "fly."]);
    // In the middle of an event.
    let (left, right) = whole.split_at(140);
    let (pieces, seen) = asked(vec![stream_of(&[left, right], false)]).await;
    let pieces = pieces.unwrap();
    let texts: Vec<_> = pieces.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(texts, ["Bees ", "fly.", ""]);
    assert_eq!(pieces[2].usage, Some(USAGE));
    let call = seen.span("generate");
    call.assert_success().assert_layer("generation");
    call.assert_no_field("usage_estimated");
    call.assert_field("input_tokens", 20)
        .assert_field("cached_input_tokens", 100);
    call.assert_field("output_tokens", 7)
        .assert_field("reasoning_tokens", 10);
    assert!(call.record()["metrics"]["time_to_first_item_ms"].is_number());
    let labels = [("model", "test-model"), ("layer", "generation")];
    seen.assert_metric("rag_cost_usd_total", &labels, COST);
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_and_recorded() {
    let busy = || reply(429, ("retry-after-ms", "3"), "");
    let answered = stream_of(&[&streamed(&["Bees fly."])], false);
    let (pieces, seen) = asked(vec![busy(), answered]).await;
    assert_eq!(pieces.unwrap()[0].text, "Bees fly.");
    seen.event("retrying")
        .assert_level(Level::Warning)
        .assert_field("wait_ms", 3.0);
    seen.span("generate")
        .assert_field("attempts", 2)
        .assert_field("total_tokens", 137);

    let (pieces, seen) = asked(vec![busy(), busy(), busy()]).await;
    assert!(pieces.is_err());
    let call = seen.span("generate");
    call.assert_failed_with("rate_limited")
        .assert_level(Level::Warning);
    call.assert_field("attempts", 3);
}

#[tokio::test]
async fn a_long_wait_a_refusal_and_an_unreachable_model_are_errors_at_once() {
    let body = r#"{"error": {"message": "no such model"}}"#;
    let late = "the model is asked too often, wait 3600 s and ask again";
    let key = "the model refuses the key (401), check OPENAI_API_KEY";
    let refused = "the model refuses the request (400): no such model";
    for (status, message) in [(429, late), (401, key), (400, refused)] {
        let (pieces, seen) = asked(vec![reply(status, ("retry-after", "3600"), body)]).await;
        assert_eq!(pieces.unwrap_err().to_string(), message);
        assert!(!seen.messages().contains(&"retrying"), "{message}");
    }
    let nobody = client_of("http://127.0.0.1:1/v1");
    let pieces: Result<Vec<_>, _> = nobody.complete("rules", "question").try_collect().await;
    assert_eq!(pieces.unwrap_err().error_type(), "connection");
}

#[tokio::test]
async fn a_server_error_is_retried_and_then_an_error() {
    let broken = || reply(503, ("x", "y"), "plain trouble");
    let (pieces, seen) = asked(vec![broken(), broken(), broken()]).await;
    let message = pieces.unwrap_err().to_string();
    assert_eq!(message, "the model is unavailable (503): plain trouble");
    seen.span("generate").assert_field("attempts", 3);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error_and_leaves_an_estimate() {
    let overloaded = event(&json!({"error": {"message": "overloaded"}}));
    for (end, breaks_off, error_type) in [
        ("", false, "cut_short"),
        ("", true, "connection"),
        ("data: <html>\n\n", false, "protocol"),
        (&overloaded, false, "refused"),
    ] {
        let (pieces, seen) = asked(vec![stream_of(&[&delta("Bees "), end], breaks_off)]).await;
        assert!(pieces.is_err(), "{error_type}");
        let call = seen.span("generate");
        call.assert_failed_with(error_type)
            .assert_field("usage_estimated", true);
        // What has begun is not begun again.
        assert!(!seen.messages().contains(&"retrying"));
    }
}

#[tokio::test]
async fn a_dropped_answer_leaves_an_estimate() {
    let client = client(vec![stream_of(&[&streamed(&["Bees ", "fly."])], false)]).await;
    let first = async { Box::pin(client.complete("rules", "question")).next().await };
    let (piece, seen) = Capture::new().run_async(first).await;
    assert_eq!(piece.unwrap().unwrap().text, "Bees ");
    let call = seen.span("generate");
    call.assert_cancelled()
        .assert_field("usage_estimated", true);
}
