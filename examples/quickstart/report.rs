//! Prints the page that the user reads: the ingestion, the questions with their answers, and where the records are.

use std::io::{self, IsTerminal as _, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use ragspan_cli::format::{dollars, number};
use ragspan_cli::style::{Style, Tone};
use ragspan_cli::text::{safe, wrap};

use crate::answer::Answered;
use crate::ask::Reply;
use crate::ingest::Ingested;

/// The bar of an ingestion that is complete.
const FULL_BAR: &str = "████████████████████";

/// The indentation of a reply's lines.
const INDENT: &str = "   ";

/// Standard output, and how it is to look.
pub struct Page {
    pub out: Box<dyn Write + Send>,
    pub style: Style,
    /// Whether long texts are wrapped: on a terminal, not in a pipe.
    wraps: bool,
}

impl Page {
    /// Returns a page on standard output, or one that prints nothing.
    pub fn new(is_silent: bool) -> Self {
        let stdout = io::stdout();
        let (style, wraps) = (Style::of(&stdout), stdout.is_terminal());
        let out: Box<dyn Write + Send> = match is_silent {
            true => Box::new(io::sink()),
            false => Box::new(stdout),
        };
        Self { out, style, wraps }
    }

    /// Prints one line on the corpus, which takes the place of the progress bar.
    pub fn ingested(
        &mut self,
        corpus: &str,
        ingested: &Ingested,
        took: Duration,
    ) -> io::Result<()> {
        let documents = number(ingested.documents as f64);
        let chunks = number(ingested.library.chunks().len() as f64);
        let (corpus, seconds) = (safe(corpus), took.as_secs_f64());
        writeln!(
            self.out,
            "ingested {corpus}  {FULL_BAR} {documents}/{documents} files  {chunks} chunks  {seconds:.1} s"
        )
    }

    /// Prints a remark.
    pub fn hint(&mut self, hint: &str) -> io::Result<()> {
        self.text("", Tone::Dim, hint)
    }

    /// Prints how to ask the service from another terminal.
    pub fn serving(&mut self, address: SocketAddr) -> io::Result<()> {
        let query = r#"'{"query":"what is a span?","user_id":"ada"}'"#;
        writeln!(self.out, "\n  curl -sd {query} {address}/query")?;
        writeln!(self.out, "  curl -s {address}/metrics\n")
    }

    /// Prints a question with its answer or error.
    pub fn reply(&mut self, reply: &Reply) -> io::Result<()> {
        writeln!(self.out)?;
        self.text("Q  ", Tone::Strong, &reply.request.question)?;
        let trace = reply.request.trace_id().map(|id| id.short());
        let trace = trace.as_deref().unwrap_or("none");
        let origin = format!("{} · trace {trace}", reply.request.user_id);
        match &reply.outcome {
            Ok(answered) => {
                self.text("A  ", Tone::Plain, &answered.text)?;
                let remark = format!("{} · {origin}", quality(answered));
                self.text(INDENT, Tone::Dim, &remark)
            }
            Err(error) => {
                let mark = self.style.paint(Tone::Bad, "✗");
                self.text(&format!("{mark}  "), Tone::Bad, &error.to_string())?;
                self.text(INDENT, Tone::Dim, &origin)
            }
        }
    }

    /// Prints the numbers of written and lost records, without the end of the line.
    pub fn written(&mut self, db: &Path, written: u64, lost: u64) -> io::Result<()> {
        let (written, lost) = (number(written as f64), number(lost as f64));
        let db = safe(&db.display().to_string());
        write!(
            self.out,
            "\nwrote {written} records to {db}, {lost} dropped"
        )
    }

    /// Prints text after its mark, safe for the terminal, whatever a model has put into it.
    fn text(&mut self, mark: &str, tone: Tone, text: &str) -> io::Result<()> {
        let words: Vec<_> = text.split_whitespace().collect();
        let text = safe(&words.join(" "));
        let width = self.style.width.saturating_sub(INDENT.len()).max(1);
        let lines = match self.wraps {
            true => wrap(&text, width),
            false => vec![text],
        };
        let mut lead = mark;
        for line in lines {
            writeln!(self.out, "{lead}{}", self.style.paint(tone, &line))?;
            lead = INDENT;
        }
        Ok(())
    }
}

fn quality(answered: &Answered) -> String {
    let evaluation = answered.evaluation;
    let (score, tier) = (evaluation.faithfulness, evaluation.tier());
    let mut parts = vec![format!("faithfulness {score:.2} {tier}")];
    let tokens = answered.usage.map(|usage| number(usage.total() as f64));
    parts.extend(tokens.map(|tokens| format!("{tokens} tokens")));
    parts.extend(answered.cost.map(|cost| dollars(cost.dollars())));
    parts.join(" · ")
}
