//! Asks a chat model behind an OpenAI-compatible address and takes its answer piece by piece.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use futures_util::stream::{self, Stream, TryStreamExt as _};
use ragspan::{ErrorType, Usage, rag_span};
use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::generate::Piece;
use crate::sse::{EventReader, EventTooLong};

const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";
const DEFAULT_MODEL: &str = "gpt-4o-mini";

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the model may be silent, before its first word and between two.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(60);

/// How often a model is asked that has no time.
const ATTEMPTS: u32 = 3;

/// The wait before the second attempt, if the model does not ask for one; doubled before the third.
const BACKOFF: Duration = Duration::from_millis(500);

/// A longer requested wait is returned as an error instead of waiting.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// How much of a refusal's text is shown.
const SHOWN_CHARS: usize = 300;

/// A model and the way to it.
pub struct ChatClient {
    http: reqwest::Client,
    url: String,
    key: String,
    model: String,
    backoff: Duration,
}

/// Without the key.
impl fmt::Debug for ChatClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatClient")
            .field("url", &self.url)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

/// Why the model gave no answer.
#[derive(Debug, thiserror::Error, ErrorType)]
#[non_exhaustive]
pub enum ChatError {
    /// No client could be made, for example for want of root certificates.
    #[error("no http client, install the system's root certificates")]
    Client(#[source] reqwest::Error),
    /// The service was not reached, or the connection broke.
    #[error("the model cannot be reached, check OPENAI_BASE_URL and the network")]
    Connection(#[from] reqwest::Error),
    /// The service does not accept the key.
    #[error("the model refuses the key ({status}), check OPENAI_API_KEY")]
    Key {
        /// 401 or 403.
        status: u16,
    },
    /// Too many requests.
    #[error("the model is asked too often, wait {} and ask again", waiting(*.retry_after))]
    // A rate limit is not a defect: the caller can wait.
    #[error_type(level = "warning")]
    RateLimited {
        /// The wait that the service asks for, if any.
        retry_after: Option<Duration>,
    },
    /// The service has a trouble of its own.
    #[error("the model is unavailable ({status}): {message}")]
    Unavailable {
        /// The HTTP status, from 500 on.
        status: u16,
        /// The service's message, shortened.
        message: String,
    },
    /// Any other refusal.
    #[error("the model refuses the request ({status}): {message}")]
    Refused {
        /// The HTTP status; 200 if the refusal came within the stream.
        status: u16,
        /// The service's message, shortened.
        message: String,
    },
    /// The stream is not what a chat service sends.
    #[error("the answer is not in the protocol, check that OPENAI_BASE_URL is a chat service")]
    Protocol(#[from] serde_json::Error),
    /// An event without end.
    #[error(transparent)]
    EventTooLong(#[from] EventTooLong),
    /// The stream ended before the model did.
    #[error("the answer was cut short, ask again")]
    CutShort,
}

impl ChatClient {
    /// The client that the environment describes: `OPENAI_API_KEY`, and if set `OPENAI_BASE_URL` and `OPENAI_MODEL`.
    /// Without a key there is none.
    ///
    /// # Errors
    /// [`ChatError::Client`].
    pub fn from_vars(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, ChatError> {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        let Some(key) = set("OPENAI_API_KEY") else {
            return Ok(None);
        };
        let base = set("OPENAI_BASE_URL").unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
        let model = set("OPENAI_MODEL").unwrap_or_else(|| DEFAULT_MODEL.to_owned());
        Self::new(&base, key, model).map(Some)
    }

    /// A client for the service at `base_url`, which ends in the version, as in `https://api.openai.com/v1`.
    ///
    /// # Errors
    /// [`ChatError::Client`].
    pub fn new(base_url: &str, key: String, model: String) -> Result<Self, ChatError> {
        // An error means that the process has chosen a provider already, which will do as well.
        let _chosen_before = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE_TIMEOUT)
            .build()
            .map_err(ChatError::Client)?;
        let url = format!("{}/chat/completions", base_url.trim_end_matches('/'));
        Ok(Self {
            http,
            url,
            key,
            model,
            backoff: BACKOFF,
        })
    }

    /// Returns the client with another default wait before the second attempt.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Duration) -> Self {
        self.backoff = backoff;
        self
    }

    /// The model's name.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Sends the request and streams the answer; the last piece has the tokens.
    ///
    /// Retries a busy model up to `ATTEMPTS` times. The span is open until the stream ends or is dropped.
    ///
    /// # Errors
    /// [`ChatError`], with which the stream ends.
    #[rag_span(
        layer = "generation",
        operation = "generate",
        model = self.model(),
        usage = |piece| piece.usage
    )]
    pub fn complete<'a>(
        &'a self,
        system: &str,
        user: &str,
    ) -> impl Stream<Item = Result<Piece, ChatError>> + Send + use<'a> {
        let body = self.body(system, user);
        let answer = async move { self.ask(&body).await.map(Answer::new) };
        stream::once(answer)
            .map_ok(|answer| stream::try_unfold(answer, Answer::next))
            .try_flatten()
    }

    fn body(&self, system: &str, user: &str) -> Value {
        json!({
            "model": self.model,
            "messages": [
                {"role": "system", "content": system},
                {"role": "user", "content": user},
            ],
            "stream": true,
            "stream_options": {"include_usage": true},
        })
    }

    async fn ask(&self, body: &Value) -> Result<Response, ChatError> {
        let mut attempt = 1;
        loop {
            let error = match self.send(body).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let Some(wait) = self.wait_after(&error, attempt) else {
                return Err(error);
            };
            attempt += 1;
            ragspan::rag::retry_after(attempt, error.error_type(), wait);
            tokio::time::sleep(wait).await;
        }
    }

    async fn send(&self, body: &Value) -> Result<Response, ChatError> {
        let request = self.http.post(&self.url).bearer_auth(&self.key).json(body);
        let response = request.send().await?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(refusal(response).await)
        }
    }

    /// How long to wait before the next attempt, if there is to be one.
    fn wait_after(&self, error: &ChatError, attempt: u32) -> Option<Duration> {
        let asked = match error {
            ChatError::RateLimited { retry_after } => *retry_after,
            ChatError::Unavailable { .. } => None,
            _ => return None,
        };
        let wait = asked.unwrap_or(self.backoff * 2_u32.pow(attempt - 1));
        (attempt < ATTEMPTS && wait <= LONGEST_WAIT).then_some(wait)
    }
}

fn waiting(retry_after: Option<Duration>) -> String {
    let seconds = |wait: Duration| format!("{} s", wait.as_secs_f64());
    retry_after.map_or_else(|| "a minute".to_owned(), seconds)
}

async fn refusal(response: Response) -> ChatError {
    let status = response.status().as_u16();
    match response.status() {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ChatError::Key { status },
        StatusCode::TOO_MANY_REQUESTS => ChatError::RateLimited {
            retry_after: retry_after(response.headers()),
        },
        code => {
            let message = refusal_text(response).await;
            if code.is_server_error() {
                ChatError::Unavailable { status, message }
            } else {
                ChatError::Refused { status, message }
            }
        }
    }
}

/// Reads OpenAI's header in milliseconds, else the seconds of `retry-after`; a date is ignored.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name| headers.get(name)?.to_str().ok()?.trim().parse().ok();
    let millis = number("retry-after-ms").map(Duration::from_millis);
    millis.or_else(|| number("retry-after").map(Duration::from_secs))
}

/// Returns the message of the error object, else the beginning of the body.
async fn refusal_text(mut response: Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(bytes)) = response.chunk().await {
        body.extend_from_slice(&bytes);
        if body.len() > SHOWN_CHARS * 16 {
            break;
        }
    }
    let shown = serde_json::from_slice::<Refusal>(&body).map(|refusal| refusal.error.message);
    let text = shown.unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned());
    text.chars().take(SHOWN_CHARS).collect()
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalBody,
}

#[derive(Deserialize)]
struct RefusalBody {
    message: String,
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<RefusalBody>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
}

/// An answer that is being read.
struct Answer {
    response: Response,
    reader: EventReader,
    ready: VecDeque<Piece>,
    /// The model finished its answer.
    finished: bool,
    /// And so has the service.
    done: bool,
}

impl Answer {
    fn new(response: Response) -> Self {
        Self {
            response,
            reader: EventReader::default(),
            ready: VecDeque::new(),
            finished: false,
            done: false,
        }
    }

    async fn next(mut self) -> Result<Option<(Piece, Self)>, ChatError> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some((piece, self)));
            }
            if self.done {
                return Ok(None);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), ChatError> {
        if let Some(bytes) = self.response.chunk().await? {
            for data in self.reader.push(&bytes)? {
                self.take(&data)?;
            }
            return Ok(());
        }
        if let Some(data) = std::mem::take(&mut self.reader).finish() {
            self.take(&data)?;
        }
        if !(self.done || self.finished) {
            return Err(ChatError::CutShort);
        }
        self.done = true;
        Ok(())
    }

    fn take(&mut self, data: &str) -> Result<(), ChatError> {
        if data.trim() == "[DONE]" {
            self.done = true;
            return Ok(());
        }
        let shown: Value = serde_json::from_str(data)?;
        let event = Event::deserialize(&shown)?;
        if let Some(RefusalBody { message }) = event.error {
            let message = message.chars().take(SHOWN_CHARS).collect();
            return Err(ChatError::Refused {
                status: 200,
                message,
            });
        }
        self.finished |= event.choices.iter().any(|it| it.finish_reason.is_some());
        let piece = Piece {
            text: event.choices.into_iter().filter_map(Choice::text).collect(),
            usage: Usage::from_json(&shown),
        };
        // The first event names a role and has no text.
        if piece != Piece::default() {
            self.ready.push_back(piece);
        }
        Ok(())
    }
}

impl Choice {
    fn text(self) -> Option<String> {
        self.delta.and_then(|delta| delta.content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(vars: &'static [(&str, &str)]) -> Option<ChatClient> {
        let variable = |name: &str| {
            let found = vars.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        ChatClient::from_vars(variable).unwrap()
    }

    #[test]
    fn without_a_key_there_is_no_client() {
        assert!(client(&[("OPENAI_BASE_URL", "http://127.0.0.1:1")]).is_none());
        assert!(client(&[("OPENAI_API_KEY", " ")]).is_none());
    }

    #[test]
    fn the_environment_names_address_and_model() {
        let found = client(&[
            ("OPENAI_API_KEY", "secret-key"),
            ("OPENAI_BASE_URL", "http://localhost:1/v1/"),
            ("OPENAI_MODEL", "m"),
        ])
        .unwrap();
        assert_eq!(found.url, "http://localhost:1/v1/chat/completions");
        assert_eq!(found.model(), "m");
        assert!(!format!("{found:?}").contains("secret-key"));
    }

    #[test]
    fn the_defaults_are_openai_itself() {
        let found = client(&[("OPENAI_API_KEY", "k")]).unwrap();
        assert_eq!(found.url, "https://api.openai.com/v1/chat/completions");
    }
}
