//! Recorded tokens and costs equal a provider's bill, to the token and the nano-dollar; interrupted calls are listed apart.

use std::collections::{BTreeMap, BTreeSet};
use std::task::{Context, Waker};

use futures_util::stream::{self, Stream, StreamExt};
use ragspan::prices::Prices;
use ragspan::testing::{Capture, Captured};
use ragspan::{Level, rag_span};
use serde_json::{Value, json};

use crate::ends::{completions, runtime, seed};

const KINDS: [&str; 5] = [
    "input",
    "cached_input",
    "cache_write",
    "output",
    "reasoning",
];

/// Tokens by kind, in the order of `KINDS`.
type Tokens = [u64; 5];

/// The JSON format of a model's answers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Protocol {
    /// `OpenAI` chat completions.
    Chat,
    /// `OpenAI` responses.
    Responses,
    /// Anthropic messages.
    Messages,
}

/// A model, and its prices for a million tokens of each kind, in nano-dollars.
struct Model {
    name: &'static str,
    protocol: Protocol,
    rates: Option<Tokens>,
}

const MODELS: [Model; 5] = [
    Model {
        name: "small-1",
        protocol: Protocol::Chat,
        rates: Some([150_000_000, 37_500_000, 0, 600_000_000, 600_000_000]),
    },
    Model {
        name: "thinking-1",
        protocol: Protocol::Responses,
        rates: Some([1_100_000_000, 274_999_999, 0, 4_400_000_000, 4_400_000_001]),
    },
    Model {
        name: "poet-1",
        protocol: Protocol::Messages,
        rates: Some([3_000_000_000, 300_000_000, 3_750_000_000, 15_000_000_000, 0]),
    },
    Model {
        name: "tiny-1",
        protocol: Protocol::Messages,
        rates: Some([1, 333_333, 999_999, 500_000, 0]),
    },
    Model {
        name: "secret-1",
        protocol: Protocol::Chat,
        rates: None,
    },
];

/// The same prices, in dollars. A model without a price for reasoning tokens charges the price of output tokens.
const TABLE: &str = r#"{"version": "2026-11-25", "models": {
    "small-1": {"input": 0.15, "cached_input": 0.0375, "output": 0.6},
    "thinking-1": {"input": 1.1, "cached_input": 0.274999999, "output": 4.4, "reasoning": 4.400000001},
    "poet-1": {"input": 3, "cached_input": 0.3, "cache_write": 3.75, "output": 15},
    "tiny-1": {"input": 0.000000001, "cached_input": 0.000333333, "cache_write": 0.000999999, "output": 0.0005}
}}"#;

/// Tokens and nano-dollars by model.
#[derive(Debug, Default, PartialEq)]
struct Bill(BTreeMap<String, (Tokens, u64)>);

impl Bill {
    fn add(&mut self, model: &str, tokens: Tokens, nanos: u64) {
        let (all, cost) = self.0.entry(model.to_owned()).or_default();
        for (sum, tokens) in all.iter_mut().zip(tokens) {
            *sum += tokens;
        }
        *cost += nanos;
    }

    fn of(&self, model: &str) -> (Tokens, u64) {
        self.0.get(model).copied().unwrap_or_default()
    }
}

/// The state of the provider.
#[derive(Debug, Default)]
struct Provider {
    calls: u64,
    finished: Bill,
    /// The interrupted calls, by number, and their bill.
    cut: BTreeSet<u64>,
    of_the_cut: Bill,
    /// Calls whose caller dropped the reply, so that it does not know the tokens.
    unanswered: BTreeSet<u64>,
}

impl Model {
    fn tokens(&self, random: &mut fastrand::Rng) -> Tokens {
        let mut some = |most| {
            if random.bool() {
                random.u64(0..most)
            } else {
                0
            }
        };
        let (cached, written, reasoning) = (some(9_000), some(2_000), some(800));
        let (input, output) = (random.u64(1..5_000), random.u64(2..1_500));
        match self.protocol {
            Protocol::Chat | Protocol::Responses => [input, cached, 0, output, reasoning],
            Protocol::Messages => [input, cached, written, output, 0],
        }
    }

    /// Returns the price of a call, rounded once, half up.
    fn nanos(&self, tokens: Tokens) -> u64 {
        let rates = self.rates.unwrap_or_default();
        let each = tokens
            .iter()
            .zip(rates)
            .map(|(tokens, rate)| u128::from(*tokens) * u128::from(rate));
        u64::try_from((each.sum::<u128>() * 2 + 1_000_000) / 2_000_000).unwrap()
    }

    fn usage(&self, [input, cached, written, output, reasoning]: Tokens) -> Value {
        let (prompt, answer) = (input + cached + written, output + reasoning);
        match self.protocol {
            Protocol::Chat => json!({
                "prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer,
                "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": reasoning},
            }),
            Protocol::Responses => json!({
                "input_tokens": prompt, "output_tokens": answer, "total_tokens": prompt + answer,
                "input_tokens_details": {"cached_tokens": cached},
                "output_tokens_details": {"reasoning_tokens": reasoning},
            }),
            Protocol::Messages => json!({
                "input_tokens": input, "output_tokens": answer,
                "cache_read_input_tokens": cached, "cache_creation_input_tokens": written,
            }),
        }
    }

    fn reply(&self, tokens: Tokens) -> Value {
        json!({"model": self.name, "content": "a span is a call", "usage": self.usage(tokens)})
    }

    /// Returns the chunks of a stream; only the last has the tokens of the whole stream.
    fn chunks(&self, tokens: Tokens, words: usize) -> Vec<Value> {
        let usage = self.usage(tokens);
        let (first, word, last) = match self.protocol {
            Protocol::Chat => (
                json!({"choices": [{"delta": {"role": "assistant"}}], "usage": null}),
                json!({"choices": [{"delta": {"content": "bees"}}], "usage": null}),
                json!({"choices": [], "usage": usage}),
            ),
            Protocol::Responses => (
                json!({"type": "response.created", "response": {"status": "in_progress", "usage": null}}),
                json!({"type": "response.output_text.delta", "delta": "bees"}),
                json!({"type": "response.completed", "response": {"usage": usage}}),
            ),
            Protocol::Messages => {
                let mut begun = usage.clone();
                begun["output_tokens"] = json!(1);
                (
                    json!({"type": "message_start", "message": {"usage": begun}}),
                    json!({"type": "content_block_delta", "delta": {"text": "bees"}}),
                    json!({"type": "message_delta", "usage": {"output_tokens": usage["output_tokens"]}}),
                )
            }
        };
        let words = std::iter::repeat_n(word, words);
        std::iter::once(first).chain(words).chain([last]).collect()
    }
}

impl Provider {
    fn finish(&mut self, model: &Model, tokens: Tokens) {
        self.finished.add(model.name, tokens, model.nanos(tokens));
    }

    fn cut(&mut self, model: &Model, tokens: Tokens) {
        self.cut.insert(self.calls);
        self.of_the_cut.add(model.name, tokens, model.nanos(tokens));
    }
}

type Reply = Result<Value, String>;

#[rag_span(layer = "generation", context(number), model = model, usage = |reply| reply)]
async fn complete(number: u64, model: &str, reply: Reply) -> Reply {
    tokio::task::yield_now().await;
    reply
}

#[rag_span(layer = "generation", context(number), model = model, usage = |chunk| chunk)]
fn stream(number: u64, model: &str, chunks: Vec<Reply>) -> impl Stream<Item = Reply> + use<> {
    stream::iter(chunks)
}

/// Makes one call of a model, with a random outcome.
async fn one_call(provider: &mut Provider, random: &mut fastrand::Rng) {
    let model = random.choice(MODELS.iter()).unwrap();
    let (tokens, words) = (model.tokens(random), random.usize(0..4));
    provider.calls += 1;
    let number = provider.calls;
    let whole = || model.chunks(tokens, words).into_iter().map(Ok);
    match random.u32(..10) {
        0 => {
            assert!(
                complete(number, model.name, Err("429".to_owned()))
                    .await
                    .is_err()
            );
            ragspan::rag::retry(2, "rate_limit");
        }
        1 => {
            let mut waiting = Box::pin(complete(number, model.name, Ok(model.reply(tokens))));
            let polled = waiting
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
            provider.unanswered.insert(number);
        }
        2 => {
            let taken = random.usize(0..words + 2);
            let items = stream(number, model.name, whole().collect()).take(taken);
            assert_eq!(items.count().await, taken);
            provider.cut(model, tokens);
        }
        3 => {
            let broken = whole()
                .take(words + 1)
                .chain([Err("connection reset".to_owned())]);
            let items = stream(number, model.name, broken.collect());
            assert_eq!(items.count().await, words + 2);
            provider.cut(model, tokens);
        }
        4..=6 => {
            let items = stream(number, model.name, whole().collect());
            assert_eq!(items.count().await, words + 2);
            provider.finish(model, tokens);
        }
        _ => {
            let reply = complete(number, model.name, Ok(model.reply(tokens)));
            assert!(reply.await.is_ok());
            provider.finish(model, tokens);
        }
    }
}

#[rag_span(layer = "api")]
async fn request(provider: &mut Provider, random: &mut fastrand::Rng) {
    for _ in 0..random.u32(1..6) {
        one_call(provider, random).await;
    }
}

fn number(record: &Value, metric: &str) -> u64 {
    record["metrics"][metric].as_u64().unwrap_or(0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number"
)]
fn nanos(dollars: f64) -> u64 {
    (dollars * 1e9).round() as u64
}

fn cost(record: &Value) -> u64 {
    nanos(record["metrics"]["cost_usd"].as_f64().unwrap_or(0.0))
}

/// Returns the sums of the fields of these records.
fn recorded<'a>(records: impl IntoIterator<Item = &'a Value>) -> Bill {
    let mut bill = Bill::default();
    for record in records {
        let tokens = KINDS.map(|kind| number(record, &format!("{kind}_tokens")));
        assert_eq!(number(record, "total_tokens"), tokens.iter().sum::<u64>());
        if tokens != [0; 5] {
            let model = record["context"]["model"].as_str().unwrap();
            bill.add(model, tokens, cost(record));
        }
    }
    bill
}

/// Returns the tokens and the cost of a model from the metrics.
fn measured(seen: &Captured, model: &str) -> (Tokens, u64) {
    let value = |name: &str, labels: &[(&str, &str)]| seen.metric(name, labels).unwrap_or(0.0);
    let tokens = KINDS.map(|kind| {
        let tokens = value("rag_token_usage_sum", &[("model", model), ("kind", kind)]);
        nanos(tokens / 1e9)
    });
    let labels = [("model", model), ("layer", "generation")];
    (tokens, nanos(value("rag_cost_usd_total", &labels)))
}

fn run(seed: u64) -> (Provider, Captured) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut provider = Provider::default();
    let prices = Prices::from_json(TABLE).unwrap();
    let capture = Capture::new().level(Level::Info).prices(prices);
    let (_, seen) = capture.run(|| {
        runtime().block_on(async {
            while provider.calls < 10_000 {
                request(&mut provider, &mut random).await;
            }
        });
    });
    (provider, seen)
}

#[test]
fn the_bill_of_ten_thousand_calls_matches_to_the_token_and_the_nano_dollar() {
    let seed = seed();
    let (provider, seen) = run(seed);
    let of_layer = |logger| {
        let ended = completions(&seen).into_iter();
        ended
            .filter(move |record| record["logger"] == logger)
            .collect::<Vec<_>>()
    };
    let (calls, requests) = (of_layer("rag.generation"), of_layer("rag.api"));
    assert_eq!(calls.len() as u64, provider.calls);
    let estimated = |record: &&&Value| record["context"]["usage_estimated"] == true;
    let finished = recorded(calls.iter().filter(|record| !estimated(record)).copied());
    assert_eq!(finished, provider.finished, "seed {seed}");
    let apart: Vec<_> = calls.iter().filter(estimated).copied().collect();
    listed_apart(&apart, &provider, seed);
    let unanswered = |record: &&&Value| record["message"] == "complete_cancelled";
    let unanswered: Vec<_> = calls.iter().filter(unanswered).copied().collect();
    same_calls(&unanswered, &provider.unanswered, seed);
    the_metrics_agree(&seen, &finished, &recorded(apart), seed);
    the_requests_agree(&requests, &recorded(calls), seed);
}

fn same_calls(records: &[&Value], expected: &BTreeSet<u64>, seed: u64) {
    let numbers = records
        .iter()
        .map(|record| record["context"]["number"].as_u64().unwrap());
    let numbers: BTreeSet<_> = numbers.collect();
    let differ: Vec<_> = numbers.symmetric_difference(expected).take(9).collect();
    assert!(
        differ.is_empty() && !numbers.is_empty(),
        "{differ:?}, seed {seed}"
    );
}

/// Checks that interrupted calls are marked, and record no more than their bill.
fn listed_apart(apart: &[&Value], provider: &Provider, seed: u64) {
    same_calls(apart, &provider.cut, seed);
    let recorded = recorded(apart.iter().copied());
    assert!(
        recorded.of("poet-1").0[0] > 0,
        "seed {seed}: the tokens of a first chunk are missing"
    );
    for model in &MODELS {
        let (known, billed) = (recorded.of(model.name), provider.of_the_cut.of(model.name));
        assert!(
            known
                .0
                .iter()
                .zip(billed.0)
                .all(|(known, billed)| *known <= billed)
        );
        assert!(known.1 <= billed.1, "seed {seed}: {known:?} {billed:?}");
    }
}

fn the_metrics_agree(seen: &Captured, finished: &Bill, apart: &Bill, seed: u64) {
    for model in &MODELS {
        let (mut tokens, cost) = finished.of(model.name);
        let (more, more_cost) = apart.of(model.name);
        tokens
            .iter_mut()
            .zip(more)
            .for_each(|(sum, more)| *sum += more);
        let both = (tokens, cost + more_cost);
        assert_eq!(
            measured(seen, model.name),
            both,
            "{}, seed {seed}",
            model.name
        );
        assert_eq!(model.rates.is_none(), both.1 == 0, "{}", model.name);
        let unpriced = seen.metric("rag_unpriced_tokens_total", &[("model", model.name)]);
        let all = nanos(unpriced.unwrap() / 1e9);
        let expected = if model.rates.is_none() {
            tokens.iter().sum()
        } else {
            0
        };
        assert_eq!(all, expected, "{}, seed {seed}", model.name);
    }
}

fn the_requests_agree(requests: &[&Value], calls: &Bill, seed: u64) {
    let sum = |metric| {
        requests
            .iter()
            .map(|request| number(request, metric))
            .sum::<u64>()
    };
    let tokens = calls.0.values().flat_map(|(tokens, _)| tokens).sum::<u64>();
    assert_eq!(sum("total_tokens"), tokens, "seed {seed}");
    let nanos: u64 = requests.iter().map(|request| cost(request)).sum();
    let expected: u64 = calls.0.values().map(|(_, nanos)| nanos).sum();
    assert_eq!(nanos, expected, "seed {seed}");
    assert!(
        sum("retries") > 500 && sum("unpriced_calls") > 500,
        "seed {seed}"
    );
}
