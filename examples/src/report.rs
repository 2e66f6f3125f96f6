//! Writes what a person reads: what was ingested, the questions with their answers, and where the records are.

use std::io::{self, IsTerminal as _, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use ragspan_cli::format::{dollars, number};
use ragspan_cli::style::{Style, Tone};
use ragspan_cli::text::{safe, wrap};

use crate::answer::Answered;
use crate::program::Reply;

/// The bar of an ingestion that is done.
const FULL_BAR: &str = "████████████████████";

/// The indentation of a reply's lines.
const INDENT: &str = "   ";

/// How the report is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Width and colours.
    pub style: Style,
    /// `true` if long texts are wrapped: for a terminal, but not for a pipe.
    pub wraps: bool,
}

impl Look {
    /// For a file, a pipe, a test.
    pub const PLAIN: Self = Self {
        style: Style::PLAIN,
        wraps: false,
    };

    /// Returns the style of standard output.
    #[must_use]
    pub fn of(stdout: &io::Stdout) -> Self {
        Self {
            style: Style::of(stdout),
            wraps: stdout.is_terminal(),
        }
    }

    /// The text under its mark, safe for the terminal, however the model has broken it into lines.
    fn write(self, out: &mut dyn Write, mark: &str, tone: Tone, text: &str) -> io::Result<()> {
        let words: Vec<_> = text.split_whitespace().collect();
        let text = safe(&words.join(" "));
        let lines = if self.wraps {
            wrap(&text, self.style.width.saturating_sub(INDENT.len()).max(1))
        } else {
            vec![text]
        };
        let mut lead = mark;
        for line in lines {
            writeln!(out, "{lead}{}", self.style.paint(tone, &line))?;
            lead = INDENT;
        }
        Ok(())
    }
}

/// The numbers of an ingestion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// How many files were read.
    pub documents: usize,
    /// How many chunks they gave.
    pub chunks: usize,
}

/// One line on the corpus, which takes the place of the progress bar.
///
/// # Errors
/// Any error of writing.
pub fn write_ingested(
    out: &mut dyn Write,
    corpus: &str,
    size: Size,
    took: Duration,
) -> io::Result<()> {
    let (documents, chunks) = (count(size.documents), count(size.chunks));
    writeln!(
        out,
        "ingested {}  {FULL_BAR} {documents}/{documents} files  {chunks} chunks  {:.1} s",
        safe(corpus),
        took.as_secs_f64()
    )
}

/// A remark beside the matter.
///
/// # Errors
/// Any error of writing.
pub fn write_hint(out: &mut dyn Write, look: Look, hint: &str) -> io::Result<()> {
    look.write(out, "", Tone::Dim, hint)
}

/// How to ask the service from another terminal.
///
/// # Errors
/// Any error of writing.
pub fn write_serving(out: &mut dyn Write, address: SocketAddr) -> io::Result<()> {
    let query = r#"'{"query":"what is a span?","user_id":"ada"}'"#;
    writeln!(out, "\n  curl -sd {query} {address}/query")?;
    writeln!(out, "  curl -s {address}/metrics\n")
}

/// A question and what became of it.
///
/// # Errors
/// Any error of writing.
pub fn write_reply(out: &mut dyn Write, look: Look, reply: &Reply) -> io::Result<()> {
    writeln!(out)?;
    look.write(out, "Q  ", Tone::Strong, &reply.request.question)?;
    match &reply.outcome {
        Ok(answered) => {
            look.write(out, "A  ", Tone::Plain, &answered.text)?;
            let origin = origin(reply);
            let text = format!("{} · {origin}", quality(answered));
            look.write(out, INDENT, Tone::Dim, &text)
        }
        Err(error) => {
            let mark = look.style.paint(Tone::Bad, "✗");
            look.write(out, &format!("{mark}  "), Tone::Bad, &error.to_string())?;
            look.write(out, INDENT, Tone::Dim, &origin(reply))
        }
    }
}

fn quality(answered: &Answered) -> String {
    let evaluation = &answered.evaluation;
    let mut parts = vec![format!(
        "faithfulness {:.2} {}",
        evaluation.faithfulness,
        evaluation.tier()
    )];
    let tokens = answered.usage.map(|usage| usage.total() as f64);
    parts.extend(tokens.map(|tokens| format!("{} tokens", number(tokens))));
    parts.extend(answered.cost.map(|cost| dollars(cost.dollars())));
    parts.join(" · ")
}

fn origin(reply: &Reply) -> String {
    let trace = reply.request.trace_id();
    let trace = trace.map_or_else(|| "none".to_owned(), |id| id.short());
    format!("{} · trace {trace}", reply.request.user_id)
}

/// Where the records are, and how many of them are not. The line is left open.
///
/// # Errors
/// Any error of writing.
pub fn write_written(out: &mut dyn Write, db: &Path, written: u64, lost: u64) -> io::Result<()> {
    let db = safe(&db.display().to_string());
    write!(
        out,
        "\nwrote {} records to {db}, {} dropped",
        number(written as f64),
        number(lost as f64)
    )
}

/// A number with commas between the thousands.
fn count(number_of: usize) -> String {
    number(number_of as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::bees;
    use crate::program::{NOT_IN_ANY_CORPUS, ask_all, conversations_of};
    use std::sync::Arc;

    async fn replies() -> Vec<Reply> {
        let questions = ["How many eggs does the queen lay?", NOT_IN_ANY_CORPUS].map(str::to_owned);
        ask_all(&Arc::new(bees()), conversations_of(&questions)).await
    }

    fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[tokio::test]
    async fn an_answer_shows_its_source_its_quality_and_its_tokens() {
        let replies = replies().await;
        let text = written(|out| write_reply(out, Look::PLAIN, &replies[0]));
        let lines: Vec<_> = text.trim().lines().collect();
        assert_eq!(lines[0], "Q  How many eggs does the queen lay?");
        assert_eq!(
            lines[1],
            "A  The queen lays two thousand eggs a day. [bees.md:3]"
        );
        assert!(
            lines[2].starts_with("   faithfulness 1.00 good · "),
            "{}",
            lines[2]
        );
        assert!(
            lines[2].ends_with(" tokens · ada · trace none"),
            "{}",
            lines[2]
        );
    }

    #[tokio::test]
    async fn a_question_without_an_answer_shows_the_reason() {
        let replies = replies().await;
        let text = written(|out| write_reply(out, Look::PLAIN, &replies[1]));
        assert!(
            text.contains(
                "✗  no context found (retrieval came back empty)\n   grace · trace none\n"
            ),
            "{text}"
        );
    }

    #[tokio::test]
    async fn on_a_terminal_long_answers_are_wrapped_under_their_mark() {
        let look = Look {
            style: Style {
                width: 20,
                color: false,
            },
            wraps: true,
        };
        let text = written(|out| look.write(out, "A  ", Tone::Plain, "one two three four\nfive"));
        assert_eq!(text, "A  one two three\n   four five\n");
    }

    #[test]
    fn no_question_rewrites_the_terminal() {
        let text =
            written(|out| Look::PLAIN.write(out, "Q  ", Tone::Plain, "a\u{1b}[2Jb\n\u{202e}c"));
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn the_counts_are_grouped() {
        let size = Size {
            documents: 41,
            chunks: 1204,
        };
        let text = written(|out| write_ingested(out, "docs", size, Duration::from_millis(1900)));
        assert!(
            text.ends_with(" 41/41 files  1,204 chunks  1.9 s\n"),
            "{text}"
        );
        let text = written(|out| write_written(out, Path::new("a.db"), 1214, 0));
        assert_eq!(text, "\nwrote 1,214 records to a.db, 0 dropped");
    }
}
