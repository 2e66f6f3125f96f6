//! Streams a model's answer: one record with the time to the first token, the tokens by kind and their cost.
//!
//! `cargo run -p ragspan-examples --bin streaming`

use std::error::Error;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use ragspan::config::Format;
use ragspan::prices::Prices;
use ragspan::{Config, Usage, rag_span};
use serde_json::{Value, json};

/// Dollars per million tokens. `ragspan prices import` writes such a table.
const PRICES: &str =
    r#"{"models": {"small-1": {"input": 0.15, "cached_input": 0.075, "output": 0.60}}}"#;

/// A piece of the answer, as the model sends it.
struct Piece {
    text: &'static str,
    /// The provider's report of tokens, on the last piece.
    usage: Option<Value>,
}

/// `usage` is called for each piece, and the last report counts. `Usage::from_json` knows the reports of providers.
#[rag_span(
    layer = "generation",
    model = "small-1",
    usage = |piece| piece.usage.as_ref().and_then(Usage::from_json),
    slow = "5s"
)]
fn generate() -> impl Stream<Item = Piece> {
    let texts = stream::iter(["A span ", "is a call."]).then(async |text| {
        tokio::time::sleep(Duration::from_millis(10)).await; // the model
        Piece { text, usage: None }
    });
    let report = json!({"usage": {
        "prompt_tokens": 1_200, "completion_tokens": 6, "prompt_tokens_details": {"cached_tokens": 1_000}
    }});
    texts.chain(stream::iter([Piece {
        text: "",
        usage: Some(report),
    }]))
}

#[rag_span(layer = "api")]
async fn answer() -> String {
    generate().map(|piece| piece.text).collect().await
}

/// The caller goes away after the first piece: the call is recorded as cancelled, and its tokens as an estimate.
#[rag_span(layer = "api")]
async fn first_piece() -> Option<&'static str> {
    let mut pieces = std::pin::pin!(generate());
    pieces.next().await.map(|piece| piece.text)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::default()
        .without_sinks()
        .without_metrics_listener()
        .stdout(Format::Auto);
    let telemetry = ragspan::start(config.with_prices(Prices::from_json(PRICES)?))?;
    answer().await;
    first_piece().await;
    telemetry.shutdown(Duration::from_secs(5)).await.report();
    Ok(())
}
