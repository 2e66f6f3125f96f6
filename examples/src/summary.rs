//! Reads back from the database what one run recorded: its slowest request, and what each layer did.

use std::io::{self, Write};
use std::path::Path;

use ragspan::TraceId;
use ragspan_cli::style::Tone;
use ragspan_cli::text::columns;
use ragspan_cli::{Style, summary, waterfall};
use ragspan_store::{Error, LogFilter, Reader, RowKind, StoredRecord};

/// The label of the slowest request.
const TITLE: &str = "slowest request  ";

/// A summary of the records of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Every record of the slowest request; empty without a request.
    slowest: Vec<StoredRecord>,
    /// Every span of the run.
    spans: Vec<StoredRecord>,
}

impl Summary {
    /// Reads what the process recorded that `first` is a trace of, and nothing older.
    ///
    /// # Errors
    /// If the database cannot be opened or read.
    pub async fn read(db: &Path, first: TraceId) -> Result<Self, Error> {
        let mut reader = Reader::open(db).await?;
        let since = first.unix_millis().unwrap_or(0).saturating_mul(1000);
        let filter = LogFilter {
            kind: Some(RowKind::Span),
            since_us: i64::try_from(since).ok(),
            limit: None,
            ..LogFilter::default()
        };
        let spans = of_process(reader.logs(&filter).await?, &first.to_string());
        let slowest = match slowest(&spans).and_then(|root| root.trace_id.as_deref()) {
            Some(trace) => reader.trace(trace).await?,
            None => Vec::new(),
        };
        Ok(Self { slowest, spans })
    }

    /// The waterfall of the slowest request, then a table of the layers.
    ///
    /// # Errors
    /// Any error of writing.
    pub fn write(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if !self.slowest.is_empty() {
            write!(out, "\n{}", self.titled(style))?;
        }
        if !self.spans.is_empty() {
            write!(out, "\n{}", summary::render(&self.spans, style))?;
        }
        Ok(())
    }

    /// The title takes the first line of the waterfall where there is room for both.
    fn titled(&self, style: &Style) -> String {
        let plain = Style {
            color: false,
            ..*style
        };
        let measured = waterfall::render(&self.slowest, &plain);
        let first = measured.lines().next().map_or(0, columns);
        let title = style.paint(Tone::Strong, TITLE.trim_end());
        let gap = if columns(TITLE) + first <= style.width {
            "  "
        } else {
            "\n"
        };
        format!("{title}{gap}{}", waterfall::render(&self.slowest, style))
    }
}

/// Another process may write to the same database meanwhile.
fn of_process(mut spans: Vec<StoredRecord>, trace: &str) -> Vec<StoredRecord> {
    let boot = spans
        .iter()
        .find(|span| span.trace_id.as_deref() == Some(trace))
        .map(|span| span.boot_id.clone());
    spans.retain(|span| Some(&span.boot_id) == boot.as_ref());
    spans
}

/// Requests are what the layer `api` answers; the ingestion is none.
fn slowest(spans: &[StoredRecord]) -> Option<&StoredRecord> {
    let requests = spans
        .iter()
        .filter(|span| span.logger == "rag.api" && span.parent_span_id.is_none());
    requests.max_by(|a, b| took(a).total_cmp(&took(b)))
}

fn took(span: &StoredRecord) -> f64 {
    span.duration_ms.unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(boot: u8, trace: &str, layer: &str, ms: f64) -> StoredRecord {
        StoredRecord {
            boot_id: vec![boot],
            kind: "span".to_owned(),
            level: "INFO".to_owned(),
            message: "work_complete".to_owned(),
            logger: format!("rag.{layer}"),
            trace_id: Some(trace.to_owned()),
            span_id: Some(trace.to_owned()),
            duration_ms: Some(ms),
            context: "{}".to_owned(),
            metrics: "{}".to_owned(),
            ..StoredRecord::default()
        }
    }

    #[test]
    fn another_process_in_the_same_database_does_not_count() {
        let spans = vec![
            span(1, "a", "ingestion", 1.0),
            span(2, "b", "api", 9.0),
            span(1, "c", "api", 2.0),
        ];
        let ours = of_process(spans.clone(), "a");
        let traces: Vec<_> = ours.iter().map(|span| span.trace_id.as_deref()).collect();
        assert_eq!(traces, [Some("a"), Some("c")]);
        assert_eq!(of_process(spans, "unknown"), []);
    }

    #[test]
    fn the_slowest_request_is_no_ingestion() {
        let spans = [
            span(1, "a", "ingestion", 99.0),
            span(1, "b", "api", 2.0),
            span(1, "c", "api", 3.0),
        ];
        let found = slowest(&spans).unwrap();
        assert_eq!(found.trace_id.as_deref(), Some("c"));
        assert_eq!(slowest(&spans[..1]), None);
    }

    #[test]
    fn the_title_has_a_line_of_its_own_only_if_needed() {
        let request = span(1, "01a2073a-c418-7b04-9e11-223344f7f31d", "api", 412.0);
        let summary = Summary {
            slowest: vec![request.clone()],
            spans: vec![request],
        };
        let wide = summary.titled(&Style::PLAIN);
        assert!(
            wide.starts_with("slowest request  01a2073ac418-f7f31d  work  ✓ 412 ms\n"),
            "{wide}"
        );
        let narrow = summary.titled(&Style {
            width: 40,
            ..Style::PLAIN
        });
        assert!(
            narrow.starts_with("slowest request\n01a2073ac418-f7f31d  work"),
            "{narrow}"
        );
    }

    #[test]
    fn a_run_without_a_request_shows_its_layers_alone() {
        let summary = Summary {
            slowest: Vec::new(),
            spans: vec![span(1, "a", "ingestion", 1.0)],
        };
        let mut out = Vec::new();
        summary.write(&mut out, &Style::PLAIN).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("\nlayer "), "{text}");
        assert!(text.contains("ingestion"), "{text}");
    }
}
