//! The output of the quickstart has, line by line, the shape that the README shows.

use crate::quickstart::{CUP, WATER, ask, text};

/// Returns the lines of a run that asks these questions, with placeholders for everything that differs between runs.
fn page(questions: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let output = ask(folder.path(), questions, &[]);
    assert_eq!(text(&output.stderr), "", "there is no terminal for a bar");
    text(&output.stdout).lines().map(shape).collect()
}

/// Replaces numbers, amounts and times of day by `0`, units of time by `ms`, ids by `TRACE` and bars by `█`, and leaves out dates.
pub(crate) fn shape(line: &str) -> String {
    let words = line.split_whitespace().filter(|word| !is_date(word));
    words.map(shape_of_word).collect::<Vec<_>>().join(" ")
}

/// Returns whether the word is a date; tables show dates only if their rows are of several days.
fn is_date(word: &str) -> bool {
    word.len() == 10
        && word.split('-').count() == 3
        && word.chars().all(|c| c.is_ascii_digit() || c == '-')
}

fn shape_of_word(word: &str) -> String {
    let all = |wanted: fn(char) -> bool| word.chars().all(wanted);
    match word {
        _ if all(|c| "▏▎▍▌▋▊▉█▐▕".contains(c)) => "█".to_owned(),
        _ if all(|c| c.is_ascii_digit() || "$,./:".contains(c)) => "0".to_owned(),
        "µs" | "s" => "ms".to_owned(),
        "turn" => "turns".to_owned(),
        // Either user may have the slowest request.
        "ada" | "grace" => "USER".to_owned(),
        // Lines of this repository's programs move; those of the tutorial's are on its page.
        _ if word.contains(".rs:") && !word.starts_with("(src/") => {
            word.replace(|c: char| c.is_ascii_digit(), "")
        }
        // The scheduler decides which of the two searches begins first.
        "bm25" | "vectors" => "SEARCH".to_owned(),
        _ => match word.strip_prefix("req-") {
            Some(id) if is_trace(id) => "req-TRACE".to_owned(),
            None if is_trace(word) => "TRACE".to_owned(),
            _ => word.to_owned(),
        },
    }
}

/// Returns whether the word has the form of a short trace id: twelve hexadecimal digits, a hyphen, and six more.
pub(crate) fn is_trace(word: &str) -> bool {
    let hex =
        |text: &str, digits| text.len() == digits && text.chars().all(|c| c.is_ascii_hexdigit());
    let parts = word.split_once('-');
    parts.is_some_and(|(time, end)| hex(time, 12) && hex(end, 6))
}

#[track_caller]
fn holds(page: &[String], expected: &[&str]) {
    let first = expected.first().expect("something is expected");
    let from = page.iter().position(|line| line == first);
    let from = from.unwrap_or_else(|| panic!("no {first:?} in {page:#?}"));
    let there: Vec<_> = page[from..].iter().take(expected.len()).collect();
    assert_eq!(there, expected);
}

#[test]
fn the_ingestion_is_printed_first() {
    let page = page(&[WATER]);
    let hint = "answers are quoted, offline; a real model: --features openai and OPENAI_API_KEY";
    assert_eq!(
        page[..3],
        ["ingested corpus/ █ 0 files 0 chunks 0 ms", hint, ""]
    );
}

#[test]
fn an_answer_is_printed_with_its_sources_scores_and_trace() {
    let page = page(&[WATER]);
    let at = page
        .iter()
        .position(|line| line.starts_with("A "))
        .expect("an answer");
    assert_eq!(page[at - 1], format!("Q {WATER}"));
    assert!(page[at].contains("[honey-harvest.md:"), "{}", page[at]);
    let scores = "faithfulness 0 good · 0 tokens · USER · trace TRACE";
    assert_eq!(page[at + 1], scores);
}

#[test]
fn the_slowest_request_is_printed_as_a_waterfall() {
    holds(
        &page(&[WATER]),
        &[
            "slowest request TRACE answer ✓ 0 ms",
            "user USER · tenant acme · req-TRACE",
            "answer api 0 ms █ faithfulness 0",
            "├ recall_history memory 0 ms █ 0 turns",
            "├ hybrid_search retrieval 0 ms █ 0 document, best 0",
            "│ ├ SEARCH retrieval 0 ms █ 0 candidates",
            "│ ├ SEARCH retrieval 0 ms █ 0 candidates",
            "│ └ fuse retrieval 0 ms █ 0 candidates",
            "├ generate generation 0 ms █ first token 0 ms",
            "├ evaluate evaluation 0 ms █ faithfulness 0",
            "└ remember memory 0 ms █",
            "",
        ],
    );
}

#[test]
fn the_summary_has_a_line_per_layer() {
    holds(
        &page(&[WATER]),
        &[
            "layer calls errors empty p50 p95 tokens cost",
            "api 0 0 0 0 ms 0 ms 0 –",
            "ingestion 0 0 0 0 ms 0 ms – –",
            "retrieval 0 0 0 0 ms 0 ms – –",
            "generation 0 0 0 0 ms 0 ms 0 –",
            "evaluation 0 0 0 0 ms 0 ms – –",
            "memory 0 0 0 0 ms 0 ms – –",
            "",
            "wrote 0 records to ragspan.db, 0 dropped. Next:",
        ],
    );
}

#[test]
fn a_failure_is_printed_with_its_trace_and_useful_commands() {
    let page = page(&[CUP, WATER]);
    let question = shape(&format!("Q {CUP}"));
    holds(
        &page,
        &[
            &question,
            "✗ no context found (retrieval came back empty)",
            "USER · trace TRACE",
        ],
    );
    let command = "cargo run -q -p ragspan-cli --";
    let next = [
        format!("{command} errors --user USER # who was hurt"),
        format!("{command} trace TRACE # where it broke"),
        format!("{command} logs --level warning # what was not right"),
    ];
    assert!(page.ends_with(&next), "{page:#?}");
}
