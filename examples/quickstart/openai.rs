//! Asks a chat model behind an OpenAI-compatible address, and streams its answer.

#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use async_stream::try_stream;
use futures_util::{AsyncBufReadExt as _, Stream, TryStreamExt as _};
use ragspan::{ErrorType, Usage, rag_span};
use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::generate::Piece;

const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";
const DEFAULT_MODEL: &str = "gpt-4o-mini";

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the model may be silent, before its first word and between two.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(60);

/// How often a busy model is asked.
const ATTEMPTS: u32 = 3;

/// The wait before the second attempt, if the model does not ask for one; doubled before the third.
const BACKOFF: Duration = Duration::from_millis(500);

/// The longest wait; a longer one is returned as an error.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// The maximum number of characters of a model's error message that are kept.
const MESSAGE_CHARS: usize = 300;

/// A model, and the way to it.
pub struct ChatClient {
    http: reqwest::Client,
    url: String,
    key: String,
    model: String,
    backoff: Duration,
}

#[derive(Debug, thiserror::Error, ErrorType)]
pub enum ChatError {
    #[error("no http client, install the system's root certificates")]
    Client(#[source] reqwest::Error),
    #[error("the model cannot be reached, check OPENAI_BASE_URL and the network")]
    Connection(#[from] io::Error),
    #[error("the answer was cut short, ask again")]
    CutShort,
    #[error("the model refuses the key ({status}), check OPENAI_API_KEY")]
    Key { status: u16 },
    // A rate limit is not a defect: the caller can wait.
    #[error("the model is asked too often, wait {} s and ask again", wait.as_secs_f64())]
    #[error_type(level = "warning")]
    RateLimited { wait: Duration },
    #[error("the model is unavailable ({status}): {message}")]
    Unavailable { status: u16, message: String },
    #[error("the model refuses the request ({status}): {message}")]
    Refused { status: u16, message: String },
    #[error("the answer is not in the protocol, check that OPENAI_BASE_URL is a chat service")]
    Protocol(#[from] serde_json::Error),
}

impl ChatClient {
    /// Returns the client that the environment describes: `OPENAI_API_KEY`, and if set `OPENAI_BASE_URL` and
    /// `OPENAI_MODEL`; `None` without a key.
    pub fn from_vars(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, ChatError> {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        let Some(key) = set("OPENAI_API_KEY") else {
            return Ok(None);
        };
        let base = set("OPENAI_BASE_URL").unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
        let model = set("OPENAI_MODEL").unwrap_or_else(|| DEFAULT_MODEL.to_owned());
        // An error means that the process has chosen a provider already, which will do as well.
        let _chosen_before = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE_TIMEOUT)
            .build()
            .map_err(ChatError::Client)?;
        let url = format!("{}/chat/completions", base.trim_end_matches('/'));
        let backoff = BACKOFF;
        Ok(Some(Self {
            http,
            url,
            key,
            model,
            backoff,
        }))
    }

    pub fn model(&self) -> &str {
        &self.model
    }

    /// Sends the request and streams the answer; the last piece has the tokens.
    ///
    /// A busy model is asked up to `ATTEMPTS` times. The span lasts until the stream ends or is dropped.
    #[rag_span(layer = "generation", operation = "generate", model = self.model(), usage = |piece| piece.usage)]
    pub fn complete<'a>(
        &'a self,
        system: &str,
        user: &str,
    ) -> impl Stream<Item = Result<Piece, ChatError>> + Send + use<'a> {
        let body = json!({
            "model": self.model,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
            "stream": true,
            "stream_options": {"include_usage": true},
        });
        try_stream! {
            let response = self.ask(&body).await?;
            let bytes = response.bytes_stream().map_err(io::Error::other);
            let mut lines = bytes.into_async_read().lines();
            // Each event is one line, `data: {..}`, and the last one is `data: [DONE]`.
            while let Some(line) = lines.try_next().await? {
                match line.strip_prefix("data:").map(str::trim) {
                    None => {}
                    Some("[DONE]") => return,
                    Some(data) => {
                        if let Some(piece) = piece(data)? {
                            yield piece;
                        }
                    }
                }
            }
            Err(ChatError::CutShort)?;
        }
    }

    async fn ask(&self, body: &Value) -> Result<Response, ChatError> {
        let mut attempt = 1;
        loop {
            let error = match self.send(body, attempt).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let wait = match &error {
                ChatError::RateLimited { wait } => *wait,
                ChatError::Unavailable { .. } => self.backoff(attempt),
                _ => return Err(error),
            };
            if attempt == ATTEMPTS || wait > LONGEST_WAIT {
                return Err(error);
            }
            attempt += 1;
            ragspan::rag::retry_after(attempt, error.error_type(), wait);
            tokio::time::sleep(wait).await;
        }
    }

    async fn send(&self, body: &Value, attempt: u32) -> Result<Response, ChatError> {
        let request = self.http.post(&self.url).bearer_auth(&self.key).json(body);
        let response = request.send().await.map_err(io::Error::other)?;
        let status = response.status().as_u16();
        match response.status() {
            code if code.is_success() => Ok(response),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(ChatError::Key { status }),
            StatusCode::TOO_MANY_REQUESTS => Err(ChatError::RateLimited {
                wait: retry_after(response.headers()).unwrap_or_else(|| self.backoff(attempt)),
            }),
            code => {
                let body = response.text().await.unwrap_or_default();
                let message = serde_json::from_str(&body)
                    .ok()
                    .and_then(|json| error_message(&json));
                let message = message.unwrap_or_else(|| shortened(&body));
                if code.is_server_error() {
                    Err(ChatError::Unavailable { status, message })
                } else {
                    Err(ChatError::Refused { status, message })
                }
            }
        }
    }

    fn backoff(&self, attempt: u32) -> Duration {
        self.backoff * 2_u32.pow(attempt - 1)
    }
}

/// Reads OpenAI's header in milliseconds, else the seconds of `retry-after`; a date is ignored.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name| headers.get(name)?.to_str().ok()?.trim().parse().ok();
    let millis = number("retry-after-ms").map(Duration::from_millis);
    millis.or_else(|| number("retry-after").map(Duration::from_secs))
}

fn error_message(json: &Value) -> Option<String> {
    json["error"]["message"].as_str().map(shortened)
}

fn shortened(message: &str) -> String {
    message.chars().take(MESSAGE_CHARS).collect()
}

/// Parses a piece; `None` if it has neither text nor usage, as the first, which names a role.
fn piece(data: &str) -> Result<Option<Piece>, ChatError> {
    let json: Value = serde_json::from_str(data)?;
    if let Some(message) = error_message(&json) {
        return Err(ChatError::Refused {
            status: 200,
            message,
        });
    }
    let text = json["choices"][0]["delta"]["content"].as_str();
    let piece = Piece {
        text: text.unwrap_or_default().to_owned(),
        usage: Usage::from_json(&json),
    };
    Ok((piece != Piece::default()).then_some(piece))
}
