//! What opens below a line: everything that the record of a span holds, and what was said in it.

use ragspan_store::StoredRecord;
use serde_json::{Map, Value};

use crate::facts::{Failure, is_failure_level};
use crate::format::duration;
use crate::waterfall::offset_ms;
use crate::waterfall::tree::Node;

use super::escape::{escape, escape_lines};
use super::row::Ruler;
use super::when;

pub(super) fn push(out: &mut String, node: &Node<'_>, ruler: &Ruler<'_>) {
    let row = node.row;
    out.push_str(&format!(
        "<div class=\"more\" data-span=\"{}\">\n",
        escape(row.span_id.as_deref().unwrap_or_default())
    ));
    out.push_str(&format!(
        "<p>{} {} <span class=\"dim\">{}</span></p>\n",
        level(&row.level),
        escape(&row.message),
        escape(&row.logger)
    ));
    push_failure(out, row);
    push_list(out, "", &ids(node, ruler));
    push_values(out, row);
    if !node.events.is_empty() {
        out.push_str("<h3>Events</h3>\n");
        out.push_str(&events(&node.events, node.start_us));
    }
    out.push_str("</div>");
}

fn level(level: &str) -> String {
    let class = match level {
        "WARNING" => "odd",
        level if is_failure_level(level) => "bad",
        _ => "dim",
    };
    format!("<span class=\"{class}\">{}</span>", escape(level))
}

/// When and who: of the request only what differs from the top of the page.
fn ids(node: &Node<'_>, ruler: &Ruler<'_>) -> Vec<(String, String)> {
    let row = node.row;
    let (start, end) = when(node, ruler.from);
    let (own, top) = (request(row), ruler.root.map(request));
    let other = own.into_iter().enumerate().filter(|(place, (_, text))| {
        let known = top.as_ref().and_then(|top| top.get(*place));
        !text.is_empty() && known.is_none_or(|(_, known)| known != text)
    });
    let other = other.map(|(_, (name, text))| (name, text.to_owned()));
    let fixed = [
        ("began", format!("after {start}")),
        ("ended", format!("after {end}, at {}", row.timestamp)),
    ];
    let links = [("span", &row.span_id), ("parent", &row.parent_span_id)];
    let links = links
        .into_iter()
        .filter_map(|(name, id)| Some((name, id.clone()?)));
    let entries = fixed.into_iter().chain(links).chain(other);
    entries
        .map(|(name, text)| (name.to_owned(), text))
        .collect()
}

fn request(row: &StoredRecord) -> [(&'static str, &str); 7] {
    [
        ("request", row.request_id.as_deref().unwrap_or_default()),
        ("user", row.user_id.as_deref().unwrap_or_default()),
        ("session", row.session_id.as_deref().unwrap_or_default()),
        ("tenant", row.tenant_id.as_deref().unwrap_or_default()),
        ("environment", &row.environment),
        ("version", &row.version),
        ("host", &row.host),
    ]
}

fn push_values(out: &mut String, row: &StoredRecord) {
    let mut context = values(&row.context);
    context.retain(|(name, _)| name != DOCUMENTS);
    push_list(out, "Context", &context);
    push_list(out, "Documents", &documents(&row.context));
    push_list(out, "Metrics", &values(&row.metrics));
    if let Some(trace) = row.stack_trace.as_deref() {
        out.push_str(&format!(
            "<h3>Stack trace</h3>\n<pre>{}</pre>\n",
            escape_lines(trace)
        ));
    }
}

/// Where a record has what was found.
const DOCUMENTS: &str = "documents";

/// What was found, by rank: id, score and source.
fn documents(context: &str) -> Vec<(String, String)> {
    let context = serde_json::from_str::<Map<String, Value>>(context).unwrap_or_default();
    match context.get(DOCUMENTS) {
        Some(Value::Array(found)) => (1..).zip(found).map(document).collect(),
        Some(other) => vec![("unreadable".to_owned(), plain(other))],
        None => Vec::new(),
    }
}

fn document((place, found): (usize, &Value)) -> (String, String) {
    let Value::Object(told) = found else {
        return (place.to_string(), plain(found));
    };
    let rank = told.get("rank").map_or_else(|| place.to_string(), plain);
    let parts = ["id", "score", "source"].map(|name| told.get(name).map(plain));
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (rank, parts.join(" · "))
}

/// The entries of a stored object; text that is none is one entry.
fn values(text: &str) -> Vec<(String, String)> {
    match serde_json::from_str::<Map<String, Value>>(text) {
        Ok(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect(),
        Err(_) if text.is_empty() => Vec::new(),
        Err(_) => vec![("unreadable".to_owned(), text.to_owned())],
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn push_list(out: &mut String, title: &str, entries: &[(String, String)]) {
    if entries.is_empty() {
        return;
    }
    if !title.is_empty() {
        out.push_str(&format!("<h3>{title}</h3>\n"));
    }
    out.push_str("<dl>");
    for (name, text) in entries {
        out.push_str(&format!(
            "<dt>{}</dt><dd>{}</dd>\n",
            escape(name),
            escape(text)
        ));
    }
    out.push_str("</dl>\n");
}

fn push_failure(out: &mut String, row: &StoredRecord) {
    let Some(error) = row.error.as_deref() else {
        return;
    };
    match Failure::of(row) {
        Some(failure) => {
            out.push_str(&format!(
                "<p class=\"bad\"><strong>{}</strong> {}</p>\n",
                escape(&failure.kind),
                escape(&failure.message)
            ));
            for cause in &failure.chain {
                out.push_str(&format!("<p>caused by: {}</p>\n", escape(cause)));
            }
        }
        None if error == "null" => {}
        None => out.push_str(&format!("<p class=\"bad\">{}</p>\n", escape(error))),
    }
}

/// What was said, with the time since `from`.
pub(super) fn events(events: &[&StoredRecord], from: i64) -> String {
    let mut out = String::from("<ul class=\"events\">\n");
    for event in events {
        let after = duration(offset_ms(from, event.timestamp_us));
        out.push_str(&format!(
            "<li><span class=\"t\">+{after}</span> {} {} <span class=\"dim\">{}</span>\n",
            level(&event.level),
            escape(&event.message),
            escape(&event.logger)
        ));
        push_failure(&mut out, event);
        push_values(&mut out, event);
        out.push_str("</li>\n");
    }
    out.push_str("</ul>\n");
    out
}
