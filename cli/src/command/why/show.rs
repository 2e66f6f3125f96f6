//! Shows what there is to say about a request on one screen.

use ragspan_store::{StoredRecord, short_id};

use super::super::Scene;
use super::findings::{Compared, Findings, Other, path};
use crate::facts::{Facts, Outcome};
use crate::format::{duration, number};
use crate::style::{Style, Tone};
use crate::table::{Cell, Column, Table};
use crate::text::{left, safe, wrap};

/// So many spans fit on a screen beside the rest.
const MOST_SPANS: usize = 14;
const MOST_OTHERS: usize = 4;
/// A call that took so many times the usual is worth a colour.
const UNUSUAL: f64 = 3.0;
/// How wide the names of the facts are.
const NAME: usize = 9;

pub(super) fn render(findings: &Findings<'_>, trace_id: &str, scene: &Scene) -> String {
    let style = &scene.style;
    let mut out = header(findings, trace_id, scene);
    out.push('\n');
    out.push_str(&breaking(findings, style));
    out.push('\n');
    out.push_str(&spans(findings, style));
    out.push('\n');
    out.push_str(&others(findings, style));
    out
}

fn header(findings: &Findings<'_>, trace_id: &str, scene: &Scene) -> String {
    let style = &scene.style;
    let id = style.paint(Tone::Strong, &safe(&short_id(trace_id)));
    let Some(root) = findings.root else {
        return format!("{id}  no span of this trace has ended\n");
    };
    let facts = Facts::of(root);
    let outcome = facts.outcome;
    let took = duration(root.duration_ms.unwrap_or(0.0));
    let ended = style.paint(
        outcome.tone(),
        &format!("{} {} after {took}", outcome.mark(), outcome.word()),
    );
    let when = scene
        .calendar()
        .show_micros(root.start_us.unwrap_or(root.timestamp_us));
    let first = format!(
        "{id}  {}  {ended}\n",
        style.paint(Tone::Strong, &facts.operation)
    );
    let who = [
        root.user_id.as_deref().map(|user| format!("user {user}")),
        root.tenant_id
            .as_deref()
            .map(|tenant| format!("tenant {tenant}")),
        root.request_id.clone(),
        Some(format!("{when} {}", scene.zone_title())),
    ];
    let who = who.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    first + &lines(&safe(&who), 0, Tone::Dim, style)
}

fn lines(text: &str, lead: usize, tone: Tone, style: &Style) -> String {
    let room = style.width.saturating_sub(lead).max(20);
    let painted = wrap(text, room)
        .into_iter()
        .map(|line| style.paint(tone, &line));
    let between = format!("\n{}", " ".repeat(lead));
    format!("{}\n", painted.collect::<Vec<_>>().join(&between))
}

fn fact(name: &str, text: &str, tone: Tone, style: &Style) -> String {
    let name = style.paint(Tone::Dim, &left(name, NAME));
    format!("{name}  {}", lines(text, NAME + 2, tone, style))
}

/// Where it broke, and what its record says.
fn breaking(findings: &Findings<'_>, style: &Style) -> String {
    let Some(birth) = findings.birth else {
        return unbroken(findings, style);
    };
    let facts = Facts::of(birth);
    let took = duration(birth.duration_ms.unwrap_or(0.0));
    let place = format!("{} ({}), after {took}", facts.operation, facts.layer);
    // A failure below a root that did not fail was got over.
    let broke = findings
        .root
        .is_none_or(|root| Facts::of(root).outcome.is_failure());
    let name = if broke { "broke in" } else { "survived" };
    let mut out = fact(name, &place, Tone::Plain, style);
    if let Some(failure) = &facts.failure {
        let text = format!("{}: {}", failure.kind, failure.message);
        out.push_str(&fact("error", &text, Tone::Bad, style));
        for cause in &failure.chain {
            out.push_str(&fact("because", cause, Tone::Plain, style));
        }
    }
    let path = path(birth)
        .iter()
        .map(|line| safe(line))
        .collect::<Vec<_>>();
    if !path.is_empty() {
        out.push_str(&fact("path", &path.join(" → "), Tone::Plain, style));
    }
    let empty = operations(findings, Outcome::Empty);
    if !empty.is_empty() {
        let text = format!("{} came back empty", empty.join(", "));
        out.push_str(&fact("behind it", &text, Tone::Odd, style));
    }
    out + &record(birth, style)
}

/// Which operations ended so.
fn operations(findings: &Findings<'_>, outcome: Outcome) -> Vec<String> {
    let spans = findings.spans.iter();
    let ended = spans.filter(|span| span.facts.outcome == outcome);
    ended.map(|span| span.facts.operation.clone()).collect()
}

/// The fields of the failure's record.
fn record(birth: &StoredRecord, style: &Style) -> String {
    let fields = [&birth.context, &birth.metrics]
        .into_iter()
        .filter_map(|text| serde_json::from_str::<serde_json::Value>(text).ok())
        .filter_map(|value| value.as_object().cloned())
        .flatten()
        .filter(|(name, _)| !matches!(name.as_str(), "operation" | "status" | "duration_ms"));
    let shown: Vec<_> = fields
        .map(|(name, value)| safe(&format!("{name}={value}")))
        .collect();
    if shown.is_empty() {
        return String::new();
    }
    fact("record", &shown.join(" "), Tone::Plain, style)
}

/// Nothing failed: what else may have been wrong with it.
fn unbroken(findings: &Findings<'_>, style: &Style) -> String {
    let mut out = fact(
        "broke in",
        "nothing: no span of this trace failed",
        Tone::Good,
        style,
    );
    for outcome in [Outcome::Empty, Outcome::Slow, Outcome::Cancelled] {
        let spans = operations(findings, outcome);
        if !spans.is_empty() {
            out.push_str(&fact(
                outcome.word(),
                &spans.join(", "),
                outcome.tone(),
                style,
            ));
        }
    }
    out
}

/// Each span beside the usual; of many, those that say most.
fn spans(findings: &Findings<'_>, style: &Style) -> String {
    let mut table = Table::new(&[
        Column::flexible("span"),
        Column::flexible("layer"),
        Column::text("ended"),
        Column::number("took"),
        Column::number("median 24 h"),
        Column::number("×"),
        Column::number("of calls"),
    ]);
    let shown = telling(&findings.spans);
    for span in findings
        .spans
        .iter()
        .enumerate()
        .filter(|(place, _)| shown.contains(place))
    {
        table.push(span_row(span.1));
    }
    let mut text = table.render(style);
    let left_out = findings.spans.len() - shown.len();
    if left_out > 0 {
        let more = format!("{left_out} spans as usual are left out: `ragspan trace` shows all");
        text.push_str(&lines(&more, 0, Tone::Dim, style));
    }
    text
}

/// The places of the spans to show: what failed or ended oddly, then what is farthest from the usual.
fn telling(spans: &[Compared<'_>]) -> Vec<usize> {
    let mut places: Vec<_> = (0..spans.len()).collect();
    let rank = |place: &usize| {
        spans.get(*place).map_or((true, true, 0.0), |span| {
            let odd = span.facts.outcome != Outcome::Success || span.depth == 0;
            let far = span
                .times_median()
                .map_or(0.0, |times| times.max(1.0 / times.max(1e-9)));
            (!span.facts.outcome.is_failure(), !odd, -far)
        })
    };
    places.sort_by(|a, b| {
        let (a, b) = (rank(a), rank(b));
        (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2))
    });
    places.truncate(MOST_SPANS);
    places
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 9e15 calls")]
fn span_row(span: &Compared<'_>) -> Vec<Cell> {
    let outcome = span.facts.outcome;
    let times = span.times_median();
    let tone = match times {
        Some(times) if times >= UNUSUAL => Tone::Odd,
        _ => Tone::Plain,
    };
    vec![
        format!("{}{}", "  ".repeat(span.depth.min(8)), span.facts.operation).into(),
        Cell::toned(&span.facts.layer, Tone::Dim),
        Cell::toned(
            &format!("{} {}", outcome.mark(), outcome.word()),
            outcome.tone(),
        ),
        span.row
            .duration_ms
            .map(duration)
            .unwrap_or_default()
            .into(),
        span.median_ms.map(duration).unwrap_or_default().into(),
        Cell::toned(
            &times.map(|times| format!("{times:.1}")).unwrap_or_default(),
            tone,
        ),
        number(span.calls as f64).into(),
    ]
}

fn others(findings: &Findings<'_>, style: &Style) -> String {
    let others = &findings.others;
    if others.is_empty() {
        return lines("nothing else failed in that minute", 0, Tone::Good, style);
    }
    let failures: usize = others.iter().map(|other| other.failures).sum();
    let title = format!("in that minute {failures} other failures:");
    let mut text = lines(&title, 0, Tone::Plain, style);
    for other in others.iter().take(MOST_OTHERS) {
        text.push_str("  ");
        text.push_str(&lines(&told(other), 2, Tone::Bad, style));
    }
    let more = others.len().saturating_sub(MOST_OTHERS);
    if more > 0 {
        text.push_str(&lines(
            &format!("  and {more} kinds more"),
            0,
            Tone::Dim,
            style,
        ));
    }
    text
}

fn told(other: &Other) -> String {
    let kind = other.kind.as_deref().unwrap_or("an error");
    let trace = other.trace_id.as_deref().map(short_id).unwrap_or_default();
    safe(&format!(
        "{} × {kind} in {} ({}), such as {trace}",
        other.failures, other.operation, other.layer
    ))
}
