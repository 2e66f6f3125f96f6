//! Reads back from the database what this run recorded: its slowest request, and the calls of each layer.

use std::io::{self, Write};
use std::path::Path;

use ragspan::TraceId;
use ragspan_cli::style::Tone;
use ragspan_cli::text::columns;
use ragspan_cli::{Style, summary, waterfall};
use ragspan_store::{Error, LogFilter, Reader, RowKind, StoredRecord};

/// The label of the slowest request.
const TITLE: &str = "slowest request  ";

/// The records of a run.
pub struct Summary {
    /// Every record of the slowest request; empty without a request.
    slowest: Vec<StoredRecord>,
    /// Every span of the run.
    spans: Vec<StoredRecord>,
}

impl Summary {
    /// Reads the records of the process that recorded the trace `first`, from then on.
    pub async fn read(db: &Path, first: TraceId) -> Result<Self, Error> {
        let mut reader = Reader::open(db).await?;
        let since_ms = first.unix_millis().unwrap_or(0);
        let filter = LogFilter {
            kind: Some(RowKind::Span),
            since_us: i64::try_from(since_ms.saturating_mul(1000)).ok(),
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

    /// Prints the waterfall of the slowest request, then a table of the layers.
    pub fn write(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if !self.slowest.is_empty() {
            write!(out, "\n{}", self.titled_waterfall(style))?;
        }
        if !self.spans.is_empty() {
            write!(out, "\n{}", summary::render(&self.spans, style))?;
        }
        Ok(())
    }

    /// Puts the title into the first line of the waterfall if there is room for both.
    fn titled_waterfall(&self, style: &Style) -> String {
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

/// Leaves out the spans of other processes, which may write to the same database meanwhile.
fn of_process(mut spans: Vec<StoredRecord>, trace: &str) -> Vec<StoredRecord> {
    let ours = spans
        .iter()
        .find(|span| span.trace_id.as_deref() == Some(trace));
    let boot = ours.map(|span| span.boot_id.clone());
    spans.retain(|span| Some(&span.boot_id) == boot.as_ref());
    spans
}

/// Returns the slowest root in the layer `api`: the ingestion is not a request.
fn slowest(spans: &[StoredRecord]) -> Option<&StoredRecord> {
    let is_request =
        |span: &&StoredRecord| span.logger == "rag.api" && span.parent_span_id.is_none();
    let requests = spans.iter().filter(is_request);
    let duration_ms = |span: &StoredRecord| span.duration_ms.unwrap_or(0.0);
    requests.max_by(|a, b| duration_ms(a).total_cmp(&duration_ms(b)))
}
