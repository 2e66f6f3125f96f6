//! A simulated RAG service: functions annotated as in a real one, which spend simulated time.

use ragspan::{ErrorType, Level, LogContext, Usage, rag, rag_span};

use super::clock::{run_both, spend};
use super::rng::Rng;
use super::scenario::Scenario;

/// The fields that every record of a request repeats.
#[derive(Debug, LogContext)]
pub(super) struct RequestContext {
    pub(super) user_id: &'static str,
    pub(super) tenant_id: &'static str,
    pub(super) session_id: String,
}

/// The errors of the service.
#[derive(Debug, thiserror::Error, ErrorType)]
pub(super) enum ServiceError {
    #[error("the vector index gave no answer within 2 s")]
    IndexTimeout(#[source] Cause),
    #[error("no context found (retrieval came back empty)")]
    NoContext,
    #[error("the model's rate limit is used up, retry after 2 s")]
    RateLimited(#[source] Cause),
    #[error("no answer from the model after 3 attempts")]
    ModelUnavailable(#[source] Cause),
    #[error("{file} holds no text layer")]
    UnreadableDocument { file: &'static str, source: Cause },
}

/// The cause of an error, in a library that the service uses.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Cause(&'static str);

impl ServiceError {
    const fn level(&self) -> Level {
        match self {
            Self::RateLimited(_) => Level::Warning,
            _ => Level::Error,
        }
    }
}

/// A simulated request: its scenario, and the random numbers that it draws.
#[derive(Debug)]
pub(super) struct Simulation {
    pub(super) scenario: Scenario,
    pub(super) rng: Rng,
}

impl Simulation {
    /// Spends a time near `millis`, and returns its milliseconds.
    fn spend_about(&mut self, millis: u64) -> u64 {
        let micros = self.rng.about(millis);
        spend(micros);
        micros / 1_000
    }

    /// Returns the simulation of a stage that runs beside others, with random numbers of its own.
    fn fork(&mut self) -> Self {
        Self {
            scenario: self.scenario,
            rng: self.rng.fork(),
        }
    }

    fn is(&self, scenario: Scenario) -> bool {
        self.scenario == scenario
    }
}

/// Answers a question: the entry point of most requests.
#[rag_span(layer = "api", context(route = "/query"))]
pub(super) async fn answer(sim: &mut Simulation) -> Result<(), ServiceError> {
    recall_history(sim);
    embed_query(sim);
    if hybrid_search(sim)?.is_empty() {
        return Err(ServiceError::NoContext);
    }
    generate_with_retries(sim).await?;
    evaluate(sim);
    sim.spend_about(1);
    Ok(())
}

#[rag_span(layer = "memory", ok(|turns| metrics.turns = turns))]
fn recall_history(sim: &mut Simulation) -> u64 {
    sim.spend_about(3);
    sim.rng.below(9)
}

#[rag_span(layer = "retrieval", model = "text-embedding-3-large", usage = |tokens| Usage::new(*tokens, 0))]
fn embed_query(sim: &mut Simulation) -> u64 {
    sim.spend_about(14);
    sim.rng.between(8, 40)
}

/// Searches both indexes side by side and ranks what they found.
#[rag_span(
    layer = "retrieval",
    empty,
    context(top_k = 12, index = "docs-v3"),
    ok(|chunks| metrics.chunks = chunks.len(), metrics.best_score = best(chunks))
)]
fn hybrid_search(sim: &mut Simulation) -> Result<Vec<f64>, ServiceError> {
    let (mut keyword_sim, mut vector_sim) = (sim.fork(), sim.fork());
    let shard = match sim.scenario {
        Scenario::IndexTimeout => "index-2",
        _ => sim.rng.pick(&["index-1", "index-2"], "index-1"),
    };
    let (keywords, vectors) = run_both(
        || bm25(&mut keyword_sim),
        || vector_search(&mut vector_sim, shard),
    );
    let hits: Vec<_> = keywords.into_iter().chain(vectors?).collect();
    if hits.is_empty() {
        return Ok(hits);
    }
    let ranked = rerank(sim);
    sim.spend_about(1);
    Ok(ranked)
}

#[rag_span(layer = "retrieval", empty, ok(|hits| metrics.hits = hits.len()))]
fn bm25(sim: &mut Simulation) -> Vec<f64> {
    let micros = sim.rng.about(11);
    spend(micros / 2);
    if sim.is(Scenario::EmptyRetrieval) {
        tracing::warn!(target: "bm25::index", "no term of the question is in the index");
    }
    spend(micros - micros / 2);
    match sim.scenario {
        Scenario::EmptyRetrieval => Vec::new(),
        _ => (0..sim.rng.between(3, 40))
            .map(|_| sim.rng.score(10, 90))
            .collect(),
    }
}

#[rag_span(layer = "retrieval", empty, context(shard), ok(|hits| metrics.hits = hits.len()))]
fn vector_search(sim: &mut Simulation, shard: &str) -> Result<Vec<f64>, ServiceError> {
    if sim.is(Scenario::IndexTimeout) {
        spend(1_000_000);
        tracing::warn!(target: "qdrant_client", "no answer from index-2 yet");
        spend(1_000_000);
        sim.spend_about(1);
        let cause = Cause("connection to index-2:6334 timed out");
        return Err(ServiceError::IndexTimeout(cause));
    }
    sim.spend_about(38);
    Ok(match sim.scenario {
        Scenario::EmptyRetrieval => Vec::new(),
        _ => (0..12).map(|_| sim.rng.score(10, 90)).collect(),
    })
}

#[rag_span(layer = "retrieval", ok(|scores| metrics.best_score = best(scores)))]
fn rerank(sim: &mut Simulation) -> Vec<f64> {
    sim.spend_about(52);
    let count = sim.rng.between(4, 12);
    let mut scores: Vec<_> = (0..count).map(|_| sim.rng.score(40, 97)).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    if sim.is(Scenario::Panicked) {
        panic!("index out of bounds: the len is 12 but the index is 12");
    }
    scores
}

fn best(scores: &[f64]) -> f64 {
    scores.iter().copied().fold(0.0, f64::max)
}

/// The answer of a model.
#[derive(Debug)]
struct Reply {
    usage: Usage,
    first_token_ms: u64,
}

/// Asks the model, up to three times.
async fn generate_with_retries(sim: &mut Simulation) -> Result<Reply, ServiceError> {
    let refusals = match sim.scenario {
        Scenario::Retried => 1,
        Scenario::RetriesExhausted => 3,
        _ => 0,
    };
    for attempt in 1..=refusals {
        // The error was recorded by the call.
        let _refused = generate(sim, "gpt-4o", true).await;
        if attempt < 3 {
            rag::retry(attempt + 1, "rate_limit");
        }
    }
    if refusals == 3 {
        let cause = Cause("rate limit still used up");
        return Err(ServiceError::ModelUnavailable(cause));
    }
    let models = ["gpt-4o-mini", "gpt-4o-mini", "gpt-4o"];
    let model = sim.rng.pick(&models, "gpt-4o-mini");
    generate(sim, model, false).await
}

#[rag_span(
    layer = "generation",
    slow = "3s",
    model = model,
    usage = |reply| reply.usage,
    ok(|reply| metrics.time_to_first_item_ms = reply.first_token_ms),
    err(level = |error| error.level())
)]
async fn generate(sim: &mut Simulation, model: &str, refuse: bool) -> Result<Reply, ServiceError> {
    if refuse {
        let millis = sim.spend_about(120);
        tracing::info!(target: "model_client", "response 429 in {millis} ms");
        return Err(ServiceError::RateLimited(Cause("429 Too Many Requests")));
    }
    if sim.is(Scenario::Cancelled) {
        sim.spend_about(500);
        // The client disconnects: the request is dropped here.
        std::future::pending::<()>().await;
    }
    let millis = if sim.is(Scenario::SlowModel) {
        6_000
    } else {
        700
    };
    let took = sim.spend_about(millis);
    Ok(Reply {
        usage: Usage::new(sim.rng.between(900, 4_200), sim.rng.between(60, 520)),
        first_token_ms: took / 3,
    })
}

#[rag_span(layer = "evaluation")]
fn evaluate(sim: &mut Simulation) {
    sim.spend_about(46);
    rag::record_score("faithfulness", sim.rng.score(58, 99));
}

/// Ingests a document: the entry point of the other requests.
#[rag_span(layer = "ingestion", context(file))]
pub(super) fn ingest(sim: &mut Simulation, file: &'static str) -> Result<(), ServiceError> {
    parse(sim, file)?;
    let chunks = sim.rng.between(12, 160);
    chunk(sim, chunks);
    embed_chunks(sim, chunks);
    store_chunks(sim, chunks);
    sim.spend_about(2);
    Ok(())
}

#[rag_span(layer = "ingestion", ok(|bytes| metrics.bytes = bytes))]
fn parse(sim: &mut Simulation, file: &'static str) -> Result<u64, ServiceError> {
    sim.spend_about(85);
    if sim.is(Scenario::UnreadableDocument) {
        let source = Cause("page 3: unknown font encoding");
        return Err(ServiceError::UnreadableDocument { file, source });
    }
    Ok(sim.rng.between(9_000, 900_000))
}

#[rag_span(layer = "ingestion", metrics(chunks))]
fn chunk(sim: &mut Simulation, chunks: u64) {
    sim.spend_about(12);
}

#[rag_span(
    layer = "ingestion",
    context(model = "text-embedding-3-large"),
    metrics(chunks)
)]
fn embed_chunks(sim: &mut Simulation, chunks: u64) {
    sim.spend_about(340);
}

#[rag_span(layer = "data", metrics(chunks))]
fn store_chunks(sim: &mut Simulation, chunks: u64) {
    sim.spend_about(28);
}
