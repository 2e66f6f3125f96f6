//! The details below a line: every value of the span's record, and its events.

use ragspan_core::record::keys;
use ragspan_core::source::shorten_stack_trace;
use ragspan_store::StoredRecord;
use serde_json::{Map, Value};

use crate::call::{CallError, is_failure_level};
use crate::format::{duration, offset_ms};
use crate::trace_view::SpanView;

use super::escape::{escape, escape_lines};
use super::time_axis::TimeAxis;

pub(super) fn push(out: &mut String, span: &SpanView<'_>, axis: &TimeAxis<'_>) {
    let record = span.record;
    out.push_str(&format!(
        "<div class=\"more\" data-span=\"{}\">\n",
        escape(record.span_id.as_deref().unwrap_or_default())
    ));
    out.push_str(&format!(
        "<p>{} {} <span class=\"dim\">{}</span></p>\n",
        level(&record.level),
        escape(&record.message),
        escape(&record.logger)
    ));
    push_error(out, record);
    push_list(out, "", &ids(span, axis));
    push_values(out, record);
    if !span.events.is_empty() {
        out.push_str("<h3>Events</h3>\n");
        out.push_str(&events(&span.events, span.start_us));
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

/// Returns the times and ids of a span, and the request fields that differ from those at the top of the page.
fn ids(span: &SpanView<'_>, axis: &TimeAxis<'_>) -> Vec<(String, String)> {
    let record = span.record;
    let (start, end) = axis.offsets(span);
    let (own, top) = (request(record), axis.root.map(request));
    let other = own.into_iter().enumerate().filter(|(index, (_, text))| {
        let known = top.as_ref().and_then(|top| top.get(*index));
        !text.is_empty() && known.is_none_or(|(_, known)| known != text)
    });
    let other = other.map(|(_, (name, text))| (name, text.to_owned()));
    let fixed = [
        ("began", format!("after {start}")),
        ("ended", format!("after {end}, at {}", record.timestamp)),
    ];
    let links = [
        ("span", &record.span_id),
        ("parent", &record.parent_span_id),
    ];
    let links = links
        .into_iter()
        .filter_map(|(name, id)| Some((name, id.clone()?)));
    let entries = fixed.into_iter().chain(links).chain(other);
    entries
        .map(|(name, text)| (name.to_owned(), text))
        .collect()
}

fn request(record: &StoredRecord) -> [(&'static str, &str); 7] {
    [
        ("request", record.request_id.as_deref().unwrap_or_default()),
        ("user", record.user_id.as_deref().unwrap_or_default()),
        ("session", record.session_id.as_deref().unwrap_or_default()),
        ("tenant", record.tenant_id.as_deref().unwrap_or_default()),
        ("environment", &record.environment),
        ("version", &record.version),
        ("host", &record.host),
    ]
}

fn push_values(out: &mut String, record: &StoredRecord) {
    let mut context = values(&record.context);
    context.retain(|(name, _)| name != keys::DOCUMENTS.name);
    push_list(out, "Context", &context);
    push_list(out, "Documents", &documents(&record.context));
    push_list(out, "Metrics", &values(&record.metrics));
    if let Some(trace) = record.stack_trace.as_deref() {
        out.push_str(&format!(
            "<h3>Stack trace</h3>\n<pre>{}</pre>\n",
            escape_lines(&shorten_stack_trace(trace))
        ));
    }
}

/// Returns the retrieved documents by rank: id, score and source.
fn documents(context: &str) -> Vec<(String, String)> {
    let context = serde_json::from_str::<Map<String, Value>>(context).unwrap_or_default();
    match context.get(keys::DOCUMENTS.name) {
        Some(Value::Array(found)) => (1..).zip(found).map(document).collect(),
        Some(other) => vec![("unreadable".to_owned(), plain(other))],
        None => Vec::new(),
    }
}

fn document((position, document): (usize, &Value)) -> (String, String) {
    let Value::Object(fields) = document else {
        return (position.to_string(), plain(document));
    };
    let rank = fields
        .get("rank")
        .map_or_else(|| position.to_string(), plain);
    let parts = ["id", "score", "source"].map(|name| fields.get(name).map(plain));
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (rank, parts.join(" · "))
}

/// Returns the entries of a stored object; text that is not an object is one entry.
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

fn push_error(out: &mut String, record: &StoredRecord) {
    let Some(stored) = record.error.as_deref() else {
        return;
    };
    match CallError::of(record) {
        Some(error) => {
            out.push_str(&format!(
                "<p class=\"bad\"><strong>{}</strong> {}</p>\n",
                escape(&error.error_type),
                escape(&error.message)
            ));
            for cause in &error.chain {
                out.push_str(&format!("<p>caused by: {}</p>\n", escape(cause)));
            }
        }
        None if stored == "null" => {}
        None => out.push_str(&format!("<p class=\"bad\">{}</p>\n", escape(stored))),
    }
}

/// Returns the list of events, with the time since `from`.
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
        push_error(&mut out, event);
        push_values(&mut out, event);
        out.push_str("</li>\n");
    }
    out.push_str("</ul>\n");
    out
}
