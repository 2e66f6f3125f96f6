//! Writes what a person reads: what was ingested, the questions with their answers, and what to try next.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use crate::answer::Answered;
use crate::program::Reply;

/// One line on the corpus.
///
/// # Errors
/// What writing says.
pub fn write_ingested(
    out: &mut dyn Write,
    corpus: &Path,
    documents: usize,
    chunks: usize,
    took: Duration,
) -> io::Result<()> {
    writeln!(
        out,
        "ingested {}  {} files  {} chunks  {:.1} s",
        corpus.display(),
        thousands(documents),
        thousands(chunks),
        took.as_secs_f64()
    )
}

/// A question and what became of it.
///
/// # Errors
/// What writing says.
pub fn write_reply(out: &mut dyn Write, reply: &Reply) -> io::Result<()> {
    let trace = reply.request.trace_id().unwrap_or("none");
    let user = printable(&reply.request.user);
    writeln!(out, "\nQ  {}", printable(&reply.request.question))?;
    match &reply.outcome {
        Ok(answered) => {
            writeln!(out, "A  {}", printable(&answered.text))?;
            writeln!(out, "   {} · {user} · trace {trace}", judgement(answered))
        }
        Err(error) => {
            writeln!(out, "✗  {}", printable(&error.to_string()))?;
            writeln!(out, "   {user} · trace {trace}")
        }
    }
}

fn judgement(answered: &Answered) -> String {
    let evaluation = &answered.evaluation;
    format!(
        "faithfulness {:.2} {} · {} tokens · {}",
        evaluation.faithfulness,
        evaluation.tier(),
        thousands(answered.usage.total()),
        printable(&answered.model)
    )
}

/// The commands to try next: who was hurt, where it broke, what was not right.
///
/// # Errors
/// What writing says.
pub fn write_next(out: &mut dyn Write, replies: &[Reply]) -> io::Result<()> {
    let failed = replies.iter().find(|reply| reply.outcome.is_err());
    let shown = failed.or(replies.last());
    let user = shown.map_or("ada", |reply| reply.request.user.as_str());
    let trace = shown.and_then(|reply| reply.request.trace_id());
    let trace = trace.unwrap_or("last");
    let commands = [
        (format!("ragspan errors --user {user}"), "who was hurt"),
        (format!("ragspan trace {trace}"), "where it broke"),
        (
            "ragspan logs --level warning".to_owned(),
            "everything that was not right",
        ),
    ];
    let width = commands.iter().map(|(command, _)| command.len()).max();
    let width = width.unwrap_or(0);
    writeln!(out, "\nNext:")?;
    for (command, why) in commands {
        writeln!(out, "  {command:width$}  # {why}")?;
    }
    Ok(())
}

/// A number with commas between the thousands.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A text on one line, without the control characters and direction marks that could rewrite a terminal.
fn printable(text: &str) -> String {
    let tamed = text.chars().map(|c| {
        let turns_direction = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns_direction {
            ' '
        } else {
            c
        }
    });
    tamed.collect()
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
    async fn an_answer_shows_its_source_its_judgement_and_its_tokens() {
        let replies = replies().await;
        let text = written(|out| write_reply(out, &replies[0]));
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
            lines[2].ends_with(" tokens · extractive · ada · trace none"),
            "{}",
            lines[2]
        );
    }

    #[tokio::test]
    async fn a_question_without_an_answer_says_why() {
        let replies = replies().await;
        let text = written(|out| write_reply(out, &replies[1]));
        assert!(
            text.contains(
                "✗  no context found (retrieval came back empty)\n   grace · trace none\n"
            ),
            "{text}"
        );
    }

    #[tokio::test]
    async fn the_next_commands_are_about_the_failed_request() {
        let replies = replies().await;
        let text = written(|out| write_next(out, &replies));
        let commands: Vec<_> = text
            .lines()
            .filter(|line| line.contains("  ragspan "))
            .collect();
        assert_eq!(commands.len(), 3);
        assert!(commands[0].contains("ragspan errors --user grace "));
    }

    #[test]
    fn thousands_are_parted() {
        let shown = [0, 999, 1000, 1_234_567].map(thousands);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn no_question_rewrites_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\n\u{202e}c"), "a [2Jb  c");
    }
}
