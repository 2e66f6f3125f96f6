//! Part 4.1 of the design, "Log Level Strategy": `generate_response`, every record at its level with its fields.
//!
//! | the design writes | here | level | fields |
//! |---|---|---|---|
//! | `generate_start` | `generation_started` | DEBUG | `query_tokens`, `context_tokens` |
//! | `token_budget_allocated` | the same, by `rag::token_budget` | INFO | `total_budget`, `allocated_query`, `allocated_context`, `allocated_response` |
//! | `slow_generation` | the same, by `slow = ".."` | WARNING | `duration_ms`, `model`, `threshold_ms` |
//! | `generation_complete` | the same | INFO | `total_tokens`, `cost_usd`, `status` |
//! | `rate_limit_hit` | `openai_api_failed` | WARNING | `error.type` `rate_limited`, `retry_after_seconds`, `action` |
//! | `openai_api_failed` | the same, then `fallback` | ERROR, WARNING | `error.type` `api_error`, `model`, `error_code`, `action`; `from`, `to`, `reason` |
//! | `system_error` | `openai_api_failed` | CRITICAL | `error.type` `system_error`, `stack_trace`, `action` |
//!
//! A failure that is returned to the caller is logged once at its origin; `generation_failed` is then INFO and names the
//! span of the origin.
//!
//! `cargo run -p ragspan-examples --bin levels`

use std::error::Error;
use std::time::Duration;

use ragspan::config::Format;
use ragspan::prices::Prices;
use ragspan::{Config, ErrorType, Level, Usage, rag_span};

/// The model that is asked first.
const MODEL: &str = "gpt-4o";

/// The model that is asked if the first one fails.
const MINI: &str = "gpt-4o-mini";

/// The context window of [`MODEL`], in tokens.
const WINDOW: u64 = 128_000;

/// Dollars per million tokens.
const PRICES: &str = r#"{"models": {
    "gpt-4o": {"input": 2.50, "output": 10.0},
    "gpt-4o-mini": {"input": 0.15, "output": 0.60}
}}"#;

/// How the simulated model behaves.
#[derive(Debug, Clone, Copy)]
enum Behaviour {
    Answers,
    IsSlow,
    IsBusy,
    Fails,
    OutOfMemory,
}

struct Response {
    usage: Usage,
}

/// An error of a model, with its label, its level and the action taken.
#[derive(Debug, thiserror::Error, ErrorType)]
enum OpenAiError {
    #[error("the rate limit is reached, retry after {retry_after_seconds} s")]
    #[error_type(
        level = "warning",
        action = "queued_for_retry",
        fields(retry_after_seconds)
    )]
    RateLimited { retry_after_seconds: u64 },
    #[error("the api failed with {error_code}")]
    #[error_type("api_error", action = "fallback_to_mini", fields(error_code))]
    Api { error_code: &'static str },
    #[error("out of memory")]
    #[error_type("system_error", level = "critical", action = "shutdown")]
    System,
}

/// Answers a question from chunks, with the small model if the large one fails.
///
/// The design calls five seconds slow. Here it is a hundredth of that, so that nobody has to wait for it.
#[rag_span(
    layer = "generation",
    operation = "generation",
    model = MODEL,
    slow = "50ms",
    context(query_tokens = words(query), context_tokens = chunks.iter().map(|chunk| words(chunk)).sum::<u64>())
)]
fn generate_response(
    model: Behaviour,
    query: &str,
    chunks: &[&str],
) -> Result<Response, OpenAiError> {
    ragspan::rag::token_budget(WINDOW, words(query), 2_000, 1_000);
    let prompt = format!("{}\n\n{query}", chunks.join("\n"));
    match call_openai_api(model, MODEL, &prompt) {
        Err(error @ OpenAiError::Api { .. }) => {
            ragspan::rag::fallback(MODEL, MINI, error.error_type());
            call_openai_api(Behaviour::Answers, MINI, &prompt)
        }
        outcome => outcome,
    }
}

#[rag_span(layer = "generation", operation = "openai_api", model = name, usage = |response| response.usage)]
fn call_openai_api(model: Behaviour, name: &str, prompt: &str) -> Result<Response, OpenAiError> {
    match model {
        Behaviour::Answers => {}
        Behaviour::IsSlow => std::thread::sleep(Duration::from_millis(51)),
        Behaviour::IsBusy => {
            return Err(OpenAiError::RateLimited {
                retry_after_seconds: 60,
            });
        }
        Behaviour::Fails => {
            return Err(OpenAiError::Api {
                error_code: "server_error",
            });
        }
        Behaviour::OutOfMemory => return Err(OpenAiError::System),
    }
    let usage = Usage::new(
        words(prompt),
        words("A span is one call of an annotated function."),
    );
    Ok(Response { usage })
}

/// Counts words, in place of tokens.
fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::default()
        .without_sinks()
        .stdout(Format::Auto)
        .level(Level::Debug)
        .with_prices(Prices::from_json(PRICES)?)
        .without_metrics_listener();
    let telemetry = ragspan::start(config)?;
    let models = [
        Behaviour::Answers,
        Behaviour::IsSlow,
        Behaviour::IsBusy,
        Behaviour::Fails,
        Behaviour::OutOfMemory,
    ];
    for model in models {
        // The failures are in the records.
        let _response = generate_response(model, "what is a span?", &["A span is a call."]);
    }
    telemetry.shutdown(Duration::from_secs(5)).await.report();
    Ok(())
}
