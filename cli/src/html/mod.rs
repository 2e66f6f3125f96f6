//! Writes a trace as one self-contained HTML page: it needs no network and no fonts, and can be read without its script.

mod detail;
mod escape;
mod row;
mod time_axis;

use ragspan_store::{StoredRecord, short_id};

use crate::format::count;
use crate::trace_view::TraceView;
use crate::waterfall::View;
use crate::waterfall::outline::{self, Content};
use crate::waterfall::reasons::reasons;
use crate::waterfall::request::{ending, requester};

use escape::escape;
use time_axis::TimeAxis;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// The maximum number of lines that are open at first; the others are in folds.
const MAX_LINES: usize = 120;

/// The content security policy: the browser may run this script, use this style, and fetch nothing. A test compares the
/// hashes with the two files.
const POLICY: &str = "default-src 'none'; style-src 'sha256-tJSUWa5snq3Ua/yekVOdq5oVY/nyCdWECbWCZ86q674='; script-src 'sha256-ny0LcLooKmjcbZGsk3Dh41F3Z3ftnWzgvvycRtqsVJA='; base-uri 'none'; form-action 'none'";

/// Returns the page of a trace from its records.
#[must_use]
pub fn page(records: &[StoredRecord]) -> String {
    let trace = TraceView::of(records);
    let title = title(records, &trace);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    );
    out.push_str(&header(records, &trace));
    out.push_str(&tools(&trace));
    out.push_str(&waterfall(records, &trace));
    out.push_str(&unattached(&trace));
    out.push_str(&format!(
        "<footer>{} spans, {} records. Written by ragspan.</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        count(trace.spans.len()),
        count(records.len())
    ));
    out
}

fn title(records: &[StoredRecord], trace: &TraceView<'_>) -> String {
    let operation = trace
        .root()
        .map_or("trace", |root| root.call.operation.as_str());
    format!("{} {}", escape(operation), escape(&short_trace(records)))
}

fn short_trace(records: &[StoredRecord]) -> String {
    trace_id(records).map(short_id).unwrap_or_default()
}

fn trace_id(records: &[StoredRecord]) -> Option<&str> {
    records.iter().find_map(|record| record.trace_id.as_deref())
}

fn header(records: &[StoredRecord], trace: &TraceView<'_>) -> String {
    let mut out = String::from("<header>\n<h1>");
    match trace.root() {
        Some(root) => out.push_str(&format!(
            "{} <span class=\"{}\">{}</span>",
            escape(&root.call.operation),
            row::class(root.call.outcome),
            escape(&ending(root))
        )),
        None => out.push_str("no span"),
    }
    out.push_str("</h1>\n");
    let requester = requester(records, trace);
    if !requester.is_empty() {
        out.push_str(&format!("<p>{}</p>\n", escape(&requester)));
    }
    out.push_str(&details(records, trace));
    out.push_str(&why(trace));
    out.push_str("</header>\n");
    out
}

/// Returns the trace id, the time, and where the request ran.
fn details(records: &[StoredRecord], trace: &TraceView<'_>) -> String {
    let from = trace.root().map(|root| root.record).or(records.first());
    let text = |field: fn(&StoredRecord) -> &str| from.map(field).unwrap_or_default();
    let entries = [
        ("trace", trace_id(records).unwrap_or_default()),
        ("ended", text(|record| &record.timestamp)),
        (
            "session",
            text(|record| record.session_id.as_deref().unwrap_or_default()),
        ),
        ("environment", text(|record| &record.environment)),
        ("version", text(|record| &record.version)),
        ("host", text(|record| &record.host)),
    ];
    let known = entries.iter().filter(|(_, text)| !text.is_empty());
    let entry = |(name, text): &(&str, &str)| {
        format!(
            "<div><dt>{name}</dt><dd class=\"id\">{}</dd></div>\n",
            escape(text)
        )
    };
    format!("<dl>\n{}</dl>\n", known.map(entry).collect::<String>())
}

fn why(trace: &TraceView<'_>) -> String {
    let reasons: String = reasons(trace)
        .iter()
        .map(|(_, text)| format!("<p>{}</p>\n", escape(text)))
        .collect();
    if reasons.is_empty() {
        reasons
    } else {
        format!("<div class=\"why\">\n{reasons}</div>\n")
    }
}

/// Returns the controls, which the script shows, as they need it.
fn tools(trace: &TraceView<'_>) -> String {
    let failed = match trace.count_failures() {
        0 => String::new(),
        failed => {
            format!("<button type=\"button\" id=\"failed\">Next failure ({failed})</button>\n")
        }
    };
    format!(
        "<div class=\"tools\" hidden>\n<label>Search <input type=\"search\" id=\"q\" placeholder=\"operation, field, error\" autocomplete=\"off\"></label>\n\
         <output id=\"hits\" for=\"q\"></output>\n<button type=\"button\" id=\"open\">Expand all</button>\n\
         <button type=\"button\" id=\"close\">Collapse all</button>\n{failed}</div>\n"
    )
}

fn waterfall(records: &[StoredRecord], trace: &TraceView<'_>) -> String {
    if trace.spans.is_empty() {
        return String::new();
    }
    let axis = TimeAxis::of(records, trace);
    let mut out = format!("<main>\n{}<ol class=\"tree\">\n", axis.ticks());
    for line in outline::rows_within(trace, &View::default(), MAX_LINES) {
        match &line.content {
            Content::Span(index) => {
                row::push_span(&mut out, &trace.spans[*index], line.depth, &axis)
            }
            Content::Fold(fold) => row::push_fold(&mut out, fold, line.depth, trace, &axis),
        }
    }
    out.push_str("</ol>\n</main>\n");
    out
}

/// Returns the events that belong to no recorded span.
fn unattached(trace: &TraceView<'_>) -> String {
    if trace.unattached_events.is_empty() {
        return String::new();
    }
    let from = trace.range.0;
    format!(
        "<section class=\"more\">\n<h3>Outside the spans recorded here</h3>\n{}</section>\n",
        detail::events(&trace.unattached_events, from)
    )
}

#[cfg(test)]
mod parsed;
#[cfg(test)]
mod tests;
