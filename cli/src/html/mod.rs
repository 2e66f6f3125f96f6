//! Writes a trace as one HTML page that needs nothing else: no network, no fonts, no script to be read.

mod detail;
mod escape;
mod row;

use ragspan_store::{StoredRecord, short_id};

use crate::format::duration;
use crate::waterfall::outline::{self, What};
use crate::waterfall::tree::{Node, Tree};
use crate::waterfall::{View, count, ending, reasons, requester};

use escape::escape;
use row::Ruler;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// So many lines are open when the page is; the others are behind a click.
const LINES: usize = 120;

/// What the browser may do with the page: run this script, use this style, and fetch nothing. The
/// hashes are those of the two files, as a test holds them.
const POLICY: &str = "default-src 'none'; style-src 'sha256-tJSUWa5snq3Ua/yekVOdq5oVY/nyCdWECbWCZ86q674='; script-src 'sha256-NwfsecIS0Me32Gk755NAkxh3SN/B7CT5eLAkIsF/d24='; base-uri 'none'; form-action 'none'";

/// The page of the trace that these records make.
#[must_use]
pub fn page(rows: &[StoredRecord]) -> String {
    let tree = Tree::of(rows);
    let title = title(rows, &tree);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    );
    out.push_str(&header(rows, &tree));
    out.push_str(&tools(&tree));
    out.push_str(&waterfall(rows, &tree));
    out.push_str(&loose(&tree));
    out.push_str(&format!(
        "<footer>{} spans, {} records. Written by ragspan.</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        count(tree.nodes.len()),
        count(rows.len())
    ));
    out
}

fn title(rows: &[StoredRecord], tree: &Tree<'_>) -> String {
    let operation = tree
        .root()
        .map_or("trace", |root| root.facts.operation.as_str());
    format!("{} {}", escape(operation), escape(&short_trace(rows)))
}

fn short_trace(rows: &[StoredRecord]) -> String {
    trace_id(rows).map(short_id).unwrap_or_default()
}

fn trace_id(rows: &[StoredRecord]) -> Option<&str> {
    rows.iter().find_map(|row| row.trace_id.as_deref())
}

fn header(rows: &[StoredRecord], tree: &Tree<'_>) -> String {
    let mut out = String::from("<header>\n<h1>");
    match tree.root() {
        Some(root) => out.push_str(&format!(
            "{} <span class=\"{}\">{}</span>",
            escape(&root.facts.operation),
            row::class(root.facts.outcome),
            escape(&ending(root))
        )),
        None => out.push_str("no span"),
    }
    out.push_str("</h1>\n");
    let who = requester(rows, tree);
    if !who.is_empty() {
        out.push_str(&format!("<p>{}</p>\n", escape(&who)));
    }
    out.push_str(&origin(rows, tree));
    out.push_str(&why(tree));
    out.push_str("</header>\n");
    out
}

/// Which trace it is, when it began, and where it ran.
fn origin(rows: &[StoredRecord], tree: &Tree<'_>) -> String {
    let from = tree.root().map(|root| root.row).or(rows.first());
    let text = |field: fn(&StoredRecord) -> &str| from.map(field).unwrap_or_default();
    let entries = [
        ("trace", trace_id(rows).unwrap_or_default()),
        ("ended", text(|row| &row.timestamp)),
        (
            "session",
            text(|row| row.session_id.as_deref().unwrap_or_default()),
        ),
        ("environment", text(|row| &row.environment)),
        ("version", text(|row| &row.version)),
        ("host", text(|row| &row.host)),
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

fn why(tree: &Tree<'_>) -> String {
    let reasons: String = reasons(tree)
        .iter()
        .map(|(_, text)| format!("<p>{}</p>\n", escape(text)))
        .collect();
    if reasons.is_empty() {
        reasons
    } else {
        format!("<div class=\"why\">\n{reasons}</div>\n")
    }
}

/// They work by script only, so the script shows them.
fn tools(tree: &Tree<'_>) -> String {
    let failed = tree
        .nodes
        .iter()
        .filter(|node| node.facts.outcome.is_failure())
        .count();
    let failed = match failed {
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

fn waterfall(rows: &[StoredRecord], tree: &Tree<'_>) -> String {
    if tree.nodes.is_empty() {
        return String::new();
    }
    let ruler = Ruler::of(rows, tree);
    let mut out = format!("<main>\n{}<ol class=\"tree\">\n", ruler.ticks());
    for line in outline::rows_within(tree, &View::default(), LINES) {
        match &line.what {
            What::Span(place) => row::push_span(&mut out, &tree.nodes[*place], line.depth, &ruler),
            What::Fold(fold) => row::push_fold(&mut out, fold, line.depth, tree, &ruler),
        }
    }
    out.push_str("</ol>\n</main>\n");
    out
}

/// What was said outside every span that is here.
fn loose(tree: &Tree<'_>) -> String {
    if tree.loose_events.is_empty() {
        return String::new();
    }
    let from = tree.range().0;
    format!(
        "<section class=\"more\">\n<h3>Outside the spans recorded here</h3>\n{}</section>\n",
        detail::events(&tree.loose_events, from)
    )
}

/// The time from `from` on, of a node: where it begins, where it ends.
fn when(node: &Node<'_>, from: i64) -> (String, String) {
    let ms = |time| duration(crate::waterfall::offset_ms(from, time));
    (ms(node.start_us), ms(node.end_us))
}

#[cfg(test)]
mod parsed;
#[cfg(test)]
mod tests;
