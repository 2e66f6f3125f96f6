//! What stands beside a bar, and the sentences below the waterfall.

use crate::facts::{Failure, Outcome};
use crate::format::duration;
use crate::style::Tone;

use super::line::Line;
use super::tree::Node;

/// How many causes of an error are listed.
const CAUSES: usize = 3;

/// Between the outcome and the values.
const GAP: &str = "  ";

/// Adds the note of a span to its line: a second value only where it fits whole.
pub(super) fn push(line: &mut Line<'_>, node: &Node<'_>) {
    let mark = mark(node);
    line.push(node.facts.outcome.tone(), &mark);
    let mut lead = if mark.is_empty() { "" } else { GAP };
    for (place, value) in values(node).iter().enumerate() {
        let text = format!("{lead}{value}");
        if place == 0 || line.has_room_for(&text) {
            line.push(Tone::Dim, &text);
        }
        lead = ", ";
    }
}

/// The note as plain text, to measure it.
pub(super) fn text(node: &Node<'_>) -> String {
    let values = values(node).join(", ");
    let mark = mark(node);
    let gap = if mark.is_empty() || values.is_empty() {
        ""
    } else {
        GAP
    };
    format!("{mark}{gap}{values}")
}

/// What a failure has to say is its error.
fn values(node: &Node<'_>) -> Vec<String> {
    if node.facts.outcome.is_failure() {
        Vec::new()
    } else {
        node.facts.values()
    }
}

fn mark(node: &Node<'_>) -> String {
    let outcome = node.facts.outcome;
    let mark = outcome.mark();
    match outcome {
        Outcome::Success => String::new(),
        Outcome::Failed | Outcome::Panicked => format!("{mark} {}", failure(node)),
        Outcome::Empty => format!("{mark} empty"),
        Outcome::Cancelled => format!("{mark} cancelled"),
        Outcome::Slow => format!("{mark} slow{}", over(node.facts.threshold())),
        Outcome::Unfinished => format!("{mark} no end recorded"),
    }
}

fn over(threshold: Option<f64>) -> String {
    threshold
        .map(|ms| format!(" (over {})", duration(ms)))
        .unwrap_or_default()
}

/// Type and message; only the type where the error was born in another span.
fn failure(node: &Node<'_>) -> String {
    match (&node.facts.failure, node.facts.outcome) {
        (Some(failure), _) if node.facts.passed_on => failure.kind.clone(),
        (Some(failure), _) => told(failure),
        (None, Outcome::Panicked) => "panicked".to_owned(),
        (None, _) => "failed".to_owned(),
    }
}

fn told(failure: &Failure) -> String {
    if failure.message.is_empty() {
        failure.kind.clone()
    } else {
        format!("{}: {}", failure.kind, failure.message)
    }
}

/// Where the failure was born, and whether the request went on.
pub(super) fn born(birth: &Node<'_>, root: Option<&Node<'_>>) -> String {
    let place = place(birth)
        .map(|place| format!(" ({place})"))
        .unwrap_or_default();
    let error = birth
        .facts
        .failure
        .as_ref()
        .map(|failure| format!(": {}", told(failure)));
    let survived = root
        .filter(|root| !root.facts.outcome.is_failure())
        .map(|root| format!("; {} went on", root.facts.operation));
    format!(
        "born in {}{place}{}{}",
        birth.facts.operation,
        error.unwrap_or_default(),
        survived.unwrap_or_default()
    )
}

/// What the error says lay behind it.
pub(super) fn causes(birth: &Node<'_>) -> impl Iterator<Item = String> {
    let chain = birth
        .facts
        .failure
        .iter()
        .flat_map(|failure| &failure.chain);
    chain
        .take(CAUSES)
        .map(|cause| format!("caused by: {cause}"))
}

/// The file and line that the stack trace gives for the operation.
fn place(birth: &Node<'_>) -> Option<String> {
    let trace = birth.row.stack_trace.as_deref()?;
    let line = trace
        .lines()
        .rfind(|line| line.contains(&birth.facts.operation))?;
    let apart = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',');
    line.split(apart)
        .find(|word| word.contains(".rs:"))
        .map(crate::text::safe)
}
