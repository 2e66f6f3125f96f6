//! Asks a chat model behind an OpenAI-compatible address and takes its answer piece by piece.

use std::fmt;
use std::time::{Duration, Instant};

use ragspan::ErrorType;
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde_json::json;

use crate::sse::{EventReader, EventTooLong};
use crate::tokens::Usage;

const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";
const DEFAULT_MODEL: &str = "gpt-4o-mini";

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the model may be silent, before its first word and between two.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(60);

/// How much of a refusal's text is shown.
const SHOWN_CHARS: usize = 300;

/// A model and the way to it.
pub struct ChatClient {
    http: reqwest::Client,
    url: String,
    key: String,
    model: String,
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

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The text.
    pub text: String,
    /// The tokens, if the server says.
    pub usage: Option<Usage>,
    /// How long the first words took.
    pub first_token: Duration,
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
    #[error("the model is asked too often, wait {} and ask again", .retry_after.as_deref().unwrap_or("a minute"))]
    RateLimited {
        /// The service's `retry-after`, if it says one.
        retry_after: Option<String>,
    },
    /// Any other refusal.
    #[error("the model refuses the request ({status}): {message}")]
    Refused {
        /// The HTTP status; 200 if the refusal came within the stream.
        status: u16,
        /// What the service says, shortened.
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
        })
    }

    /// The model's name.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Asks, and gives `on_text` every piece of the answer as it comes.
    ///
    /// # Errors
    /// [`ChatError`].
    pub async fn complete(
        &self,
        system: &str,
        user: &str,
        on_text: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Completion, ChatError> {
        let began = Instant::now();
        let response = self.send(system, user).await?;
        let mut answer = Partial::new(began);
        read_stream(response, &mut answer, on_text).await?;
        answer.complete()
    }

    async fn send(&self, system: &str, user: &str) -> Result<Response, ChatError> {
        let body = json!({
            "model": self.model,
            "messages": [
                {"role": "system", "content": system},
                {"role": "user", "content": user},
            ],
            "stream": true,
            "stream_options": {"include_usage": true},
        });
        let request = self.http.post(&self.url).bearer_auth(&self.key).json(&body);
        let response = request.send().await?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(refusal(response).await)
        }
    }
}

async fn read_stream(
    mut response: Response,
    answer: &mut Partial,
    on_text: &mut (dyn FnMut(&str) + Send),
) -> Result<(), ChatError> {
    let mut reader = EventReader::default();
    while let Some(bytes) = response.chunk().await? {
        for data in reader.push(&bytes)? {
            answer.take(&data, on_text)?;
        }
        if answer.done {
            return Ok(());
        }
    }
    match reader.finish() {
        Some(data) => answer.take(&data, on_text),
        None => Ok(()),
    }
}

async fn refusal(response: Response) -> ChatError {
    let status = response.status();
    let header = response.headers().get("retry-after");
    let seconds = header.and_then(|value| value.to_str().ok());
    let retry_after = seconds.map(|seconds| format!("{seconds} s"));
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ChatError::Key {
            status: status.as_u16(),
        },
        StatusCode::TOO_MANY_REQUESTS => ChatError::RateLimited { retry_after },
        _ => ChatError::Refused {
            status: status.as_u16(),
            message: refusal_text(response).await,
        },
    }
}

/// The service's own words if it says them in the protocol, else the beginning of whatever it says.
async fn refusal_text(mut response: Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(bytes)) = response.chunk().await {
        body.extend_from_slice(&bytes);
        if body.len() > SHOWN_CHARS * 16 {
            break;
        }
    }
    let told = serde_json::from_slice::<Refusal>(&body).map(|refusal| refusal.error.message);
    let text = told.unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned());
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
    usage: Option<EventUsage>,
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

#[derive(Deserialize)]
struct EventUsage {
    #[serde(default)]
    prompt_tokens: usize,
    #[serde(default)]
    completion_tokens: usize,
}

/// The answer so far.
struct Partial {
    began: Instant,
    text: String,
    first_token: Option<Duration>,
    usage: Option<Usage>,
    finished: bool,
    done: bool,
}

impl Partial {
    fn new(began: Instant) -> Self {
        Self {
            began,
            text: String::new(),
            first_token: None,
            usage: None,
            finished: false,
            done: false,
        }
    }

    fn take(
        &mut self,
        data: &str,
        on_text: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), ChatError> {
        if data.trim() == "[DONE]" {
            self.done = true;
            return Ok(());
        }
        let event: Event = serde_json::from_str(data)?;
        if let Some(RefusalBody { message }) = event.error {
            let message = message.chars().take(SHOWN_CHARS).collect();
            return Err(ChatError::Refused {
                status: 200,
                message,
            });
        }
        self.usage = event.usage.map(Usage::from).or(self.usage);
        for choice in event.choices {
            self.finished |= choice.finish_reason.is_some();
            if let Some(text) = choice.delta.and_then(|delta| delta.content) {
                self.add(&text, on_text);
            }
        }
        Ok(())
    }

    fn add(&mut self, text: &str, on_text: &mut (dyn FnMut(&str) + Send)) {
        if !text.is_empty() {
            self.first_token.get_or_insert_with(|| self.began.elapsed());
            self.text.push_str(text);
            on_text(text);
        }
    }

    fn complete(self) -> Result<Completion, ChatError> {
        if !(self.done || self.finished) {
            return Err(ChatError::CutShort);
        }
        Ok(Completion {
            text: self.text,
            usage: self.usage,
            first_token: self.first_token.unwrap_or_else(|| self.began.elapsed()),
        })
    }
}

impl From<EventUsage> for Usage {
    fn from(told: EventUsage) -> Self {
        Self {
            input: told.prompt_tokens,
            output: told.completion_tokens,
        }
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
