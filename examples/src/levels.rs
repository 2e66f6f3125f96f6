//! The design's example of log levels (`generate_response`, part 4.1), with ragspan: every record at its level with its fields.
//!
//! | the design writes | here | level | fields |
//! |---|---|---|---|
//! | `generate_start` | `generation_started` | DEBUG | `query_tokens`, `context_tokens` |
//! | `token_budget_allocated` | the same, by [`ragspan::rag::token_budget`] | INFO | `total_budget`, `allocated_query`, `allocated_context`, `allocated_response` |
//! | `slow_generation` | the same, by `slow = ".."` | WARNING | `duration_ms`, `model`, `threshold_ms` |
//! | `generation_complete` | the same | INFO | `total_tokens`, `cost_usd`, `status` |
//! | `rate_limit_hit` | `openai_api_failed` | WARNING | `error.type` `rate_limited`, `retry_after_seconds`, `action` |
//! | `openai_api_failed` | the same, then `fallback` | ERROR, WARNING | `error.type` `api_error`, `model`, `error_code`, `action`; `from`, `to`, `reason` |
//! | `system_error` | `openai_api_failed` | CRITICAL | `error.type` `system_error`, `stack_trace`, `action` |
//!
//! A failure that is returned to the caller is logged once at its origin; `generation_failed` is then INFO and names the span of the origin.

use std::time::Duration;

use ragspan::{ErrorType, Usage, rag_span};

/// The model that is asked first.
pub const MODEL: &str = "gpt-4o";

/// The model that is asked where the first one fails.
pub const MINI: &str = "gpt-4o-mini";

/// The context window of [`MODEL`], in tokens.
const WINDOW: u64 = 128_000;

/// How the service answers, since none is asked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// As it should.
    Answers,
    /// Later than it should.
    IsSlow,
    /// With a limit.
    HasNoTime,
    /// With an error, of the first model.
    Fails,
    /// Not at all: the machine has no memory left.
    IsDown,
}

impl Service {
    /// Every way in which it answers.
    pub const ALL: [Self; 5] = [
        Self::Answers,
        Self::IsSlow,
        Self::HasNoTime,
        Self::Fails,
        Self::IsDown,
    ];
}

/// The text of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Its words.
    pub text: String,
    /// The tokens of a model's reply.
    pub usage: Usage,
}

/// An error of a model, with its level and the action taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, ErrorType)]
#[non_exhaustive]
pub enum OpenAiError {
    /// It is asked too often.
    #[error("the rate limit is reached, retry after {retry_after_seconds} s")]
    #[error_type(
        level = "warning",
        action = "queued_for_retry",
        fields(retry_after_seconds)
    )]
    RateLimited {
        /// When it has time again.
        retry_after_seconds: u64,
    },
    /// It has a trouble of its own.
    #[error("the api failed with {error_code}")]
    #[error_type("api_error", action = "fallback_to_mini", fields(error_code))]
    Api {
        /// Which one.
        error_code: &'static str,
    },
    /// This machine can do no more.
    #[error("out of memory")]
    #[error_type("system_error", level = "critical", action = "shutdown")]
    System,
}

/// Answers a question from what was retrieved; with the small model where the large one fails.
///
/// The design calls five seconds slow; here it is a hundredth of that, so that nobody has to wait for it.
///
/// # Errors
/// [`OpenAiError`].
#[rag_span(
    layer = "generation",
    operation = "generation",
    model = MODEL,
    slow = "50ms",
    context(query_tokens = words(query), context_tokens = chunks.iter().map(|chunk| words(chunk)).sum::<u64>())
)]
pub fn generate_response(
    service: Service,
    query: &str,
    chunks: &[&str],
) -> Result<Response, OpenAiError> {
    ragspan::rag::token_budget(WINDOW, words(query), 2_000, 1_000);
    let prompt = format!("{}\n\n{query}", chunks.join("\n"));
    match call_openai_api(service, MODEL, &prompt) {
        Err(error @ OpenAiError::Api { .. }) => {
            ragspan::rag::fallback(MODEL, MINI, error.error_type());
            call_openai_api(Service::Answers, MINI, &prompt)
        }
        outcome => outcome,
    }
}

#[rag_span(
    layer = "generation",
    operation = "openai_api",
    model = model,
    usage = |response| response.usage
)]
fn call_openai_api(service: Service, model: &str, prompt: &str) -> Result<Response, OpenAiError> {
    match service {
        Service::Answers => {}
        Service::IsSlow => std::thread::sleep(Duration::from_millis(51)),
        Service::HasNoTime => {
            return Err(OpenAiError::RateLimited {
                retry_after_seconds: 60,
            });
        }
        Service::Fails => {
            return Err(OpenAiError::Api {
                error_code: "server_error",
            });
        }
        Service::IsDown => return Err(OpenAiError::System),
    }
    let text = "A span is one call of an annotated function.".to_owned();
    let usage = Usage::new(words(prompt), words(&text));
    Ok(Response { text, usage })
}

/// About as many tokens as there are words.
fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}
