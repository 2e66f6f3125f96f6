//! The real model's protocol, against a server on this machine that speaks it.
#![cfg(feature = "openai")]

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::stream;
use ragspan_examples::answer::{AnswerError, Request, Service, answer};
use ragspan_examples::corpus::Corpus;
use ragspan_examples::generate::{GenerationError, Generator};
use ragspan_examples::ingest::{Silent, ingest};
use ragspan_examples::openai::{ChatClient, ChatError};
use ragspan_examples::tokens::Usage;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the server was sent.
type Seen = Arc<Mutex<Option<(HeaderMap, Value)>>>;

/// Serves one fixed response at `/v1/chat/completions`, its body in the given pieces.
async fn model(
    status: u16,
    headers: &'static [(&str, &str)],
    pieces: Vec<String>,
) -> (ChatClient, Seen) {
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let handler = move |headers_in: HeaderMap, body: String| {
        let sent = serde_json::from_str(&body).expect("the client sends JSON");
        *noted.lock().expect("no test panicked here") = Some((headers_in, sent));
        let pieces = pieces.clone().into_iter().map(Ok::<_, std::io::Error>);
        async move { respond(status, headers, Body::from_stream(stream::iter(pieces))) }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let app = Router::new().route("/v1/chat/completions", post(handler));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let client =
        ChatClient::new(&base, "secret-key".to_owned(), "test-model".to_owned()).expect("a client");
    (client, seen)
}

fn respond(status: u16, headers: &[(&'static str, &'static str)], body: Body) -> Response {
    let mut response = (StatusCode::from_u16(status).expect("a status"), body).into_response();
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(*name, value.parse().expect("a header"));
    }
    response
}

fn delta(text: &str) -> String {
    format!(
        "data: {}\n\n",
        json!({"choices": [{"delta": {"content": text}}]})
    )
}

/// A whole answer as such a service streams it, cut in the middle of an event and of a character.
fn streamed(text: &[&str]) -> String {
    let mut stream: String = text.iter().map(|piece| delta(piece)).collect();
    stream += &format!(
        "data: {}\n\n",
        json!({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    );
    stream += &format!(
        "data: {}\n\n",
        json!({"choices": [], "usage": {"prompt_tokens": 120, "completion_tokens": 7}})
    );
    stream + "data: [DONE]\n\n"
}

async fn fails_with(status: u16, headers: &'static [(&str, &str)], body: &str) -> ChatError {
    let (client, _) = model(status, headers, vec![body.to_owned()]).await;
    client
        .complete("rules", "question", &mut |_| ())
        .await
        .expect_err("the model refuses")
}

#[tokio::test]
async fn an_answer_comes_piece_by_piece_with_its_usage() {
    let whole = streamed(&["Bees ", "fly. ", "[a.md:1]"]);
    let (left, right) = whole.split_at(40);
    let (client, seen) = model(200, &[], vec![left.to_owned(), right.to_owned()]).await;
    let mut pieces = Vec::new();
    let completion = client
        .complete("rules", "question", &mut |piece| {
            pieces.push(piece.to_owned())
        })
        .await
        .unwrap();
    assert_eq!(completion.text, "Bees fly. [a.md:1]");
    assert_eq!(pieces, ["Bees ", "fly. ", "[a.md:1]"]);
    assert_eq!(
        completion.usage,
        Some(Usage {
            input: 120,
            output: 7
        })
    );
    let (headers, sent) = seen.lock().unwrap().take().unwrap();
    assert_eq!(headers["authorization"], "Bearer secret-key");
    assert_eq!(sent["model"], "test-model");
    assert_eq!(sent["stream"], true);
    assert_eq!(
        sent["messages"][1],
        json!({"role": "user", "content": "question"})
    );
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let error = fails_with(401, &[], r#"{"error":{"message":"bad key"}}"#).await;
    assert!(matches!(error, ChatError::Key { status: 401 }), "{error:?}");
    let error = fails_with(429, &[("retry-after", "7")], "").await;
    assert_eq!(
        error.to_string(),
        "the model is asked too often, wait 7 s and ask again"
    );
    let error = fails_with(400, &[], r#"{"error":{"message":"no such model"}}"#).await;
    assert_eq!(
        error.to_string(),
        "the model refuses the request (400): no such model"
    );
    let error = fails_with(500, &[], "plain trouble").await;
    assert!(
        error.to_string().ends_with("(500): plain trouble"),
        "{error}"
    );
}

#[tokio::test]
async fn a_broken_stream_is_no_answer() {
    let error = fails_with(200, &[], &delta("Bees ")).await;
    assert!(matches!(error, ChatError::CutShort), "{error:?}");
    let error = fails_with(200, &[], "data: <html>\n\n").await;
    assert!(matches!(error, ChatError::Protocol(_)), "{error:?}");
    let error = fails_with(
        200,
        &[],
        "data: {\"error\":{\"message\":\"overloaded\"}}\n\n",
    )
    .await;
    assert!(
        matches!(error, ChatError::Refused { status: 200, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_model_that_is_not_there_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    drop(listener);
    let client = ChatClient::new(&base, "k".to_owned(), "m".to_owned()).expect("a client");
    let error = client
        .complete("rules", "question", &mut |_| ())
        .await
        .unwrap_err();
    assert!(matches!(error, ChatError::Connection(_)), "{error:?}");
}

async fn service(answer: &[&str]) -> (Service, Seen) {
    let (client, seen) = model(200, &[], vec![streamed(answer)]).await;
    let corpus =
        Corpus::folder(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")).expect("the handbook");
    let library = ingest(&corpus, &Silent).expect("documents").library;
    (Service::new(library, Generator::Chat(client)), seen)
}

#[tokio::test]
async fn a_model_s_answer_is_judged_against_the_sources() {
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
    assert_eq!(
        faithful.usage,
        Usage {
            input: 120,
            output: 7
        }
    );
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
