//! What happens in the demonstration's requests: one function for each way in which one can go.

use serde_json::{Value, json};

use super::call::{Call, Ending, Trouble};
use super::dice::Dice;
use super::stage::{
    bm25, call, embed_query, evaluate, found, generate, limited, recall, rerank, search, vectors,
};

/// How a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Story {
    Fine,
    SlowModel,
    NothingFound,
    Retried,
    GivenUp,
    WalkedAway,
    Panicked,
    IndexTimeout,
    Ingested,
    Unreadable,
}

/// Each as often as it stands here: most requests are fine.
pub(super) const USUAL: [Story; 25] = {
    use Story::{Fine, GivenUp, NothingFound, Panicked, Retried, SlowModel, WalkedAway};
    [
        Fine,
        Fine,
        Fine,
        Fine,
        Fine,
        Fine,
        Fine,
        Fine,
        Fine,
        Fine,
        Fine,
        Fine,
        Fine,
        Fine,
        SlowModel,
        SlowModel,
        NothingFound,
        NothingFound,
        Retried,
        Retried,
        GivenUp,
        WalkedAway,
        Panicked,
        Story::Ingested,
        Story::Unreadable,
    ]
};

const TIMEOUT: Trouble = (
    "index_timeout",
    "the vector index gave no answer within 2 s",
    &["connection to index-2:6334 timed out"],
);
const NO_CONTEXT: Trouble = (
    "no_context",
    "no context found (retrieval came back empty)",
    &[],
);
const UNAVAILABLE: Trouble = (
    "model_unavailable",
    "no answer from the model after 3 attempts",
    &["rate limit still used up"],
);
const PANIC: Trouble = (
    "panic",
    "index out of bounds: the len is 12 but the index is 12",
    &[],
);
const NO_TEXT: Trouble = (
    "unreadable_document",
    "quarterly-report.pdf holds no text layer",
    &["page 3: unknown font encoding"],
);

/// The root call of a request that goes so.
pub(super) fn tell(story: Story, dice: &mut Dice) -> Call {
    let mut stages = Stages::default();
    match story {
        Story::Ingested | Story::Unreadable => return ingest(story, dice),
        Story::NothingFound => nothing_found(&mut stages, dice),
        Story::IndexTimeout => index_timeout(&mut stages, dice),
        Story::Panicked => panicked(&mut stages, dice),
        _ => answered(story, &mut stages, dice),
    }
    let ending = match story {
        Story::NothingFound | Story::GivenUp => Ending::Failed,
        Story::IndexTimeout => Ending::PassedOn,
        Story::Panicked => Ending::Unwound,
        Story::WalkedAway => Ending::Cancelled,
        _ => Ending::Success,
    };
    let trouble = match story {
        Story::NothingFound => Some(NO_CONTEXT),
        Story::GivenUp => Some(UNAVAILABLE),
        Story::IndexTimeout => Some(TIMEOUT),
        Story::Panicked => Some(PANIC),
        _ => None,
    };
    Call {
        duration: stages.at + dice.about(1),
        ending,
        trouble,
        metrics: sums(&stages.calls),
        context: vec![("route", json!("/query"))],
        below: stages.calls,
        ..call("api", "answer", "src/answer.rs:48")
    }
}

/// Calls one after another.
#[derive(Default)]
struct Stages {
    calls: Vec<Call>,
    at: u64,
}

impl Stages {
    fn then(&mut self, call: Call) {
        let start = self.at;
        self.at += call.duration;
        self.calls.push(Call { start, ..call });
    }
}

/// The root's own record carries the sums of the request; what nothing tells of is left out.
fn sums(calls: &[Call]) -> Vec<(&'static str, Value)> {
    let values = |name: &'static str| {
        let metrics = calls.iter().flat_map(|call| &call.metrics);
        metrics
            .filter(move |(known, _)| *known == name)
            .map(|(_, value)| value)
    };
    let tokens = values("input_tokens").chain(values("output_tokens"));
    let tokens: u64 = tokens.filter_map(Value::as_u64).sum();
    let calls = values("input_tokens").count();
    let costs: Vec<_> = values("cost_usd").filter_map(Value::as_f64).collect();
    let cost = (!costs.is_empty()).then(|| ("cost_usd", json!(costs.iter().sum::<f64>())));
    let asked = [("llm_calls", json!(calls)), ("total_tokens", json!(tokens))];
    let asked = asked.into_iter().filter(|_| calls > 0);
    asked.chain(cost).collect()
}

fn answered(story: Story, stages: &mut Stages, dice: &mut Dice) {
    stages.then(recall(dice));
    stages.then(embed_query(dice));
    stages.then(found(dice));
    match story {
        Story::SlowModel => stages.then(Call {
            ending: Ending::Slow(3_000),
            ..generate(dice, 6_000)
        }),
        Story::WalkedAway => {
            stages.then(Call {
                ending: Ending::Cancelled,
                metrics: Vec::new(),
                context: vec![("cancelled_by", json!("disconnect"))],
                ..generate(dice, 500)
            });
            return;
        }
        Story::GivenUp => {
            (0..3).for_each(|_| stages.then(limited(dice)));
            return;
        }
        Story::Retried => {
            stages.then(limited(dice));
            stages.then(generate(dice, 700));
        }
        _ => stages.then(generate(dice, 700)),
    }
    stages.then(evaluate(dice));
}

fn nothing_found(stages: &mut Stages, dice: &mut Dice) {
    stages.then(recall(dice));
    stages.then(embed_query(dice));
    let empty = |call: Call| Call {
        ending: Ending::Empty,
        metrics: vec![("hits", json!(0))],
        ..call
    };
    let below = vec![empty(bm25(dice)), empty(vectors(dice))];
    stages.then(Call {
        ending: Ending::Empty,
        said: vec![(
            9_000,
            "WARNING",
            "bm25::index",
            "no term of the question is in the index",
        )],
        ..search(dice, below)
    });
}

fn index_timeout(stages: &mut Stages, dice: &mut Dice) {
    stages.then(recall(dice));
    stages.then(embed_query(dice));
    let stuck = Call {
        duration: 2_000_000 + dice.about(1),
        ending: Ending::Failed,
        trouble: Some(TIMEOUT),
        context: vec![("shard", json!("index-2"))],
        metrics: Vec::new(),
        said: vec![(
            1_000_000,
            "WARNING",
            "qdrant_client",
            "no answer from index-2 yet",
        )],
        ..vectors(dice)
    };
    let below = vec![bm25(dice), stuck];
    stages.then(Call {
        ending: Ending::PassedOn,
        trouble: Some(TIMEOUT),
        ..search(dice, below)
    });
}

/// A panic ends every call that it unwinds through.
fn panicked(stages: &mut Stages, dice: &mut Dice) {
    stages.then(recall(dice));
    stages.then(embed_query(dice));
    let (bm25, vectors) = (bm25(dice), vectors(dice));
    let start = bm25.duration.max(vectors.duration);
    let broken = Call {
        ending: Ending::Panicked,
        trouble: Some(PANIC),
        metrics: Vec::new(),
        ..rerank(dice, start)
    };
    stages.then(Call {
        ending: Ending::Unwound,
        trouble: Some(PANIC),
        ..search(dice, vec![bm25, vectors, broken])
    });
}

fn ingest(story: Story, dice: &mut Dice) -> Call {
    let broken = story == Story::Unreadable;
    let mut stages = Stages::default();
    stages.then(Call {
        duration: dice.about(85),
        ending: if broken {
            Ending::Failed
        } else {
            Ending::Success
        },
        trouble: broken.then_some(NO_TEXT),
        metrics: vec![("bytes", json!(dice.between(9_000, 900_000)))],
        ..call("ingestion", "parse", "src/ingest.rs:61")
    });
    if !broken {
        store_chunks(&mut stages, dice);
    }
    Call {
        duration: stages.at + dice.about(2),
        ending: if broken {
            Ending::PassedOn
        } else {
            Ending::Success
        },
        trouble: broken.then_some(NO_TEXT),
        context: vec![(
            "file",
            json!(dice.of(&["handbook.md", "quarterly-report.pdf", "faq.md"], "faq.md")),
        )],
        below: stages.calls,
        ..call("ingestion", "ingest", "src/ingest.rs:33")
    }
}

fn store_chunks(stages: &mut Stages, dice: &mut Dice) {
    let chunks = dice.between(12, 160);
    let counted = |call: Call| Call {
        metrics: vec![("chunks", json!(chunks))],
        ..call
    };
    stages.then(counted(Call {
        duration: dice.about(12),
        ..call("ingestion", "chunk", "src/ingest.rs:88")
    }));
    stages.then(counted(Call {
        duration: dice.about(340),
        context: vec![("model", json!("text-embedding-3-small"))],
        ..call("ingestion", "embed_chunks", "src/ingest.rs:104")
    }));
    stages.then(counted(Call {
        duration: dice.about(28),
        ..call("data", "store_chunks", "src/store.rs:19")
    }));
}
