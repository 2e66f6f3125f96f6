//! Reports the pairs that fail, and their problems.

use std::collections::BTreeMap;
use std::process::Output;

use crate::Fallible;
use crate::diagnostics::Diagnostics;
use crate::plan::{Extent, Plan};
use crate::program::{self, Owner};

/// The results of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The problems, by the owner of the module.
    pub(crate) wrong: BTreeMap<Owner, Vec<String>>,
    pub(crate) compared: usize,
    pub(crate) linted: bool,
    /// The number of functions with diverging bodies.
    diverging: usize,
    /// The planted warning of such a function was not found.
    misses_diverging: bool,
}

/// Build errors that do not belong to a pair.
#[derive(Debug)]
struct BuildFailed(String);

impl std::fmt::Display for BuildFailed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start: String = self.0.chars().take(8000).collect();
        write!(out, "the programs do not build:\n{start}")
    }
}

impl std::error::Error for BuildFailed {}

impl Report {
    /// Returns the pairs without a known problem.
    pub(crate) fn left(&self, plan: &Plan) -> Vec<usize> {
        let fine = |index: &usize| {
            let pair = &plan.pairs[*index];
            let plain = Owner::Plain(pair.shape, pair.environment);
            !self.wrong.contains_key(&Owner::Pair(*index)) && !self.wrong.contains_key(&plain)
        };
        (0..plan.pairs.len()).filter(fine).collect()
    }

    /// Records the errors of pairs that do not compile, so that the next build leaves them out.
    pub(crate) fn record_errors(
        &mut self,
        errors: Diagnostics,
        plan: &Plan,
        output: &Output,
    ) -> Fallible<()> {
        let before = self.left(plan).len();
        let (found, others): (Diagnostics, Diagnostics) = errors
            .into_iter()
            .partition(|(owner, ..)| *owner != Owner::Nobody);
        for (owner, _, _, text) in found {
            self.wrong.entry(owner).or_default().push(text);
        }
        if self.left(plan).len() == before {
            let texts: Vec<String> = others.into_iter().map(|(.., text)| text).collect();
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(BuildFailed(format!("{}{stderr}", texts.join("\n"))).into());
        }
        Ok(())
    }

    /// Records the number of functions with diverging bodies, and the warnings that only their twins cause.
    pub(crate) fn record_diverging(
        &mut self,
        (count, wrong): (usize, Vec<String>),
        is_planted: bool,
    ) {
        self.diverging = count;
        self.misses_diverging = is_planted && wrong.is_empty();
        if !is_planted && !wrong.is_empty() {
            self.wrong.entry(Owner::Nobody).or_default().extend(wrong);
        }
    }

    pub(crate) fn passes(&self, plan: &Plan) -> bool {
        match plan.extent {
            Extent::Planted => self.unfound(plan).is_empty(),
            Extent::Sample | Extent::All => self.wrong.is_empty(),
        }
    }

    /// Returns the planted faults that were not found, or not with the expected problem.
    fn unfound(&self, plan: &Plan) -> Vec<String> {
        let mut unfound = Vec::new();
        if self.misses_diverging {
            unfound.push("a warning about a diverging body was not found".to_owned());
        }
        for (index, pair) in plan.pairs.iter().enumerate() {
            let shape = plan.shape(pair);
            let problems = self
                .wrong
                .get(&Owner::Pair(index))
                .map(|problems| problems.join("\n"))
                .unwrap_or_default();
            let found = shape
                .found
                .as_ref()
                .is_some_and(|found| problems.contains(found.as_str()));
            if !found {
                unfound.push(format!("{} was not found, but: {problems:?}", shape.name));
            }
        }
        unfound
    }

    pub(crate) fn text(&self, plan: &Plan) -> String {
        match plan.extent {
            Extent::Planted => {
                let unfound = self.unfound(plan);
                let planted = plan.pairs.len() + 1;
                let found = planted - unfound.len();
                let unfound = unfound.join("\n");
                format!("{unfound}{found} of {planted} planted faults found\n")
            }
            Extent::Sample | Extent::All => self.failures(plan),
        }
    }

    fn failures(&self, plan: &Plan) -> String {
        let mut text = String::new();
        let broken = |owner: &Owner| match owner {
            Owner::Pair(index) => {
                let pair = &plan.pairs[*index];
                self.wrong
                    .contains_key(&Owner::Plain(pair.shape, pair.environment))
            }
            _ => false,
        };
        for (owner, wrong) in self.wrong.iter().filter(|(owner, _)| !broken(owner)) {
            text += &format!("\n=== {}\n", title(owner, plan));
            for problem in wrong {
                text += &format!("{}\n", problem.trim_end());
            }
            if let Owner::Pair(index) = owner {
                let pair = &plan.pairs[*index];
                let shape = plan.shape(pair);
                text += &format!("--- without\n{}\n", program::without(shape).trim_end());
                text += &format!("--- with\n{}\n", program::with(shape, pair, plan.extent));
            }
        }
        let linted = if self.linted { ", clippy was run" } else { "" };
        let good = self.left(plan).len();
        text += &format!("matrix: {} diverging functions linted\n", self.diverging);
        text += &format!(
            "matrix: {good} of {} pairs behave as without the attribute; {} calls compared{linted}; {} failures\n",
            plan.pairs.len(),
            self.compared,
            self.wrong.len(),
        );
        text
    }
}

fn title(owner: &Owner, plan: &Plan) -> String {
    match owner {
        Owner::Nobody => "outside of every shape".to_owned(),
        Owner::Plain(shape, environment) => {
            format!(
                "{} without the attribute, {environment:?}",
                plan.shapes[*shape].name
            )
        }
        Owner::Pair(index) => plan.title(&plan.pairs[*index]),
    }
}
