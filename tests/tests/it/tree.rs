//! Random trees of calls, tasks, threads, scopes, cancellations and panics, under random subscribers: each record has the
//! ids and the context that a model expects. The model knows only the plan and the records.

mod act;
mod calls;
mod check;
mod compose;
mod event;
mod model;
mod plan;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::join_all;
use ragspan::testing::{Capture, Captured};
use serde_json::Value;
use tokio::runtime::{Builder, Handle, Runtime};
use tracing::instrument::WithSubscriber;

use act::{Environment, Fault, follow};
use compose::COMPOSITIONS;
use event::emit_outside;
use model::Model;
use plan::Plan;

/// The number of runs of a failed plan, and the maximum number of smaller plans to try.
const AGAIN: u32 = 3;
const SMALLER: u32 = 2_000;

fn runtime(threads: usize) -> Runtime {
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder
        .worker_threads(threads)
        .enable_time()
        .build()
        .unwrap()
}

/// Starts all requests at once, half of them as tasks, and waits for everything that they start. In between, the same
/// threads emit events that belong to no request.
async fn requests(plan: &Plan, env: &std::sync::Arc<Environment>) {
    let between = async {
        for _ in 0..8 {
            emit_outside();
            tokio::task::yield_now().await;
        }
    };
    let between = tokio::spawn(between.with_current_subscriber());
    let all = plan.requests.iter().enumerate().map(|(index, request)| {
        let request = AssertUnwindSafe(follow(env, request)).catch_unwind();
        async move {
            if index % 2 == 0 {
                drop(request.await);
            } else {
                drop(tokio::spawn(request.with_current_subscriber()).await);
            }
            emit_outside();
        }
    });
    join_all(all).await;
    between.await.unwrap();
    while Handle::current().metrics().num_alive_tasks() > 0 {
        tokio::task::yield_now().await;
    }
}

/// Runs a plan to completion; returns whether the fault was injected, and the records.
fn run(plan: &Plan, fault: Option<Fault>) -> (bool, Captured) {
    let subscriber = (COMPOSITIONS[plan.composition].make)();
    Capture::new().under(subscriber).run(|| {
        let (env, pool) = Environment::new(fault);
        let runtime = runtime(plan.threads);
        runtime.block_on(requests(plan, &env));
        drop(runtime);
        let erred = env.has_erred();
        drop(env);
        pool.join().unwrap();
        emit_outside();
        erred
    })
}

/// Returns the problems of the records of this plan.
fn wrong(plan: &Plan, seen: &Captured) -> Vec<String> {
    let shows = |mark, level| {
        let shows = COMPOSITIONS[plan.composition].shows(level);
        shows.unwrap_or_else(|| check::has_started(mark, seen.records()))
    };
    check::check(&Model::of(plan, &shows), seen.records())
}

/// Returns a minimal plan that fails too, and its problems.
fn shrink(mut plan: Plan, mut fails: Vec<String>) -> (Plan, Vec<String>) {
    let mut left = SMALLER;
    'smaller: while left > 0 {
        for smaller in plan.smaller() {
            left = left.saturating_sub(1);
            let mut again = (0..AGAIN).map(|_| wrong(&smaller, &run(&smaller, None).1));
            if let Some(found) = again.find(|wrong| !wrong.is_empty()) {
                (plan, fails) = (smaller, found);
                continue 'smaller;
            }
        }
        break;
    }
    (plan, fails)
}

/// Returns sizes from small to large, repeatedly.
fn size(round: u32) -> u32 {
    4 + round % 50 * 4
}

fn rounds() -> u32 {
    let given = std::env::var("RAGSPAN_TREE_ROUNDS").ok();
    given.map_or(200, |rounds| rounds.parse().unwrap())
}

/// The features that occurred in the records, to check that all were tried.
#[derive(Default)]
struct Varied(BTreeMap<String, u32>);

impl Varied {
    fn add(&mut self, plan: &Plan, seen: &Captured) {
        let mut count = |what: String| *self.0.entry(what).or_default() += 1;
        count(COMPOSITIONS[plan.composition].name.to_owned());
        count(format!("{} threads", plan.threads));
        for record in seen.records() {
            let context = record["context"].as_object().unwrap();
            let status = context.get("status").and_then(Value::as_str);
            status
                .into_iter()
                .for_each(|status| count(status.to_owned()));
            if let Some(by) = context.get("cancelled_by").and_then(Value::as_str) {
                count(format!("cancelled by {by}"));
            }
            let hidden = status.is_none() && record["trace_id"].is_null();
            count(if hidden { "outside" } else { "inside" }.to_owned());
            if context.keys().any(|key| key.starts_with("bound_")) {
                count("bound".to_owned());
            }
        }
    }

    fn is_wide(&self) -> bool {
        let named = [
            "success",
            "panic",
            "cancelled",
            "cancelled by abort",
            "cancelled by timeout",
            "inside",
            "outside",
            "bound",
            "1 threads",
            "2 threads",
        ];
        let compositions = COMPOSITIONS.iter().map(|of| of.name);
        named
            .into_iter()
            .chain(compositions)
            .all(|what| self.0.contains_key(what))
    }
}

#[test]
fn every_record_of_random_trees_has_the_ids_and_the_context_of_its_position() {
    let seed = crate::ends::seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut varied = Varied::default();
    for round in 0..rounds() {
        let plan = Plan::random(&mut random, size(round), COMPOSITIONS.len());
        let (_, seen) = run(&plan, None);
        let found = wrong(&plan, &seen);
        if !found.is_empty() {
            let (plan, found) = shrink(plan, found);
            let found = found[..found.len().min(5)].join("\n");
            panic!("RAGSPAN_SEED={seed}, round {round}:\n{plan}\n{found}");
        }
        varied.add(&plan, &seen);
    }
    // A few trees cannot cover everything.
    assert!(
        rounds() < 200 || varied.is_wide(),
        "RAGSPAN_SEED={seed}: {:#?}",
        varied.0
    );
}

/// Each fault is injected into plans that are otherwise correct. The model reports it, unless nothing follows in the plan
/// that it could change, and reports nothing else.
#[test]
fn planted_context_faults_are_reported() {
    let seed = crate::ends::seed();
    let mut random = fastrand::Rng::with_seed(seed);
    for fault in [
        Fault::ContextNotRestored,
        Fault::StaleParent,
        Fault::LeakOverThread,
    ] {
        let (mut made, mut reported) = (0, 0);
        for round in 0.. {
            let plan = Plan::random(&mut random, size(round), COMPOSITIONS.len());
            // A filter may hide the only records that a fault changes.
            let shows = COMPOSITIONS[plan.composition].shows(tracing::Level::TRACE);
            if shows != Some(true) {
                continue;
            }
            let (erred, seen) = run(&plan, Some(fault));
            let found = wrong(&plan, &seen);
            let first = &found[..found.len().min(5)];
            let right = erred || found.is_empty();
            assert!(right, "RAGSPAN_SEED={seed}, {fault:?}: {plan}\n{first:#?}");
            made += u32::from(erred);
            reported += u32::from(!found.is_empty());
            if made == 10 {
                break;
            }
        }
        assert!(
            reported >= 7,
            "RAGSPAN_SEED={seed}, {fault:?}: {reported} of 10 are reported"
        );
    }
}
