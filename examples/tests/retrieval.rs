//! The retrieval is real: questions whose source is known find it, and a question about something else finds nothing.

use std::path::Path;
use std::sync::Arc;

use ragspan_examples::corpus::Corpus;
use ragspan_examples::ingest::{Silent, ingest};
use ragspan_examples::library::Library;
use ragspan_examples::retrieve::hybrid_search;

/// Each question, and the document that answers it.
const KNOWN: &[(&str, &str)] = &[
    ("How many eggs does a queen lay in a day?", "the-colony.md"),
    (
        "How wide is the gap that bees leave free as a corridor?",
        "the-hive.md",
    ),
    (
        "How often should I open the hive in spring?",
        "inspection.md",
    ),
    (
        "What do I do when there are queen cells along the edge of the comb?",
        "swarming.md",
    ),
    ("Which acid reaches the mites under the caps?", "varroa.md"),
    ("How much water may ripe honey contain?", "honey-harvest.md"),
    (
        "What is the mix of sugar and water for winter stores?",
        "feeding.md",
    ),
    ("How warm is the heart of the winter cluster?", "winter.md"),
    (
        "How do I recognise American foulbrood with a match?",
        "diseases.md",
    ),
    (
        "Which plant is the last of the year to give nectar?",
        "forage.md",
    ),
    (
        "After how many days does a new queen emerge?",
        "queen-rearing.txt",
    ),
    (
        "What should I do about an allergic reaction to a sting?",
        "stings.md",
    ),
];

/// Questions that the handbook does not answer, though some of their words occur in it.
const UNKNOWN: &[&str] = &[
    "who won the 1954 world cup?",
    "What is the capital of France?",
    "How do I renew a passport?",
    "Which queen of England reigned longest?",
    "When was the first computer built?",
];

fn handbook() -> Arc<Library> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let corpus = Corpus::folder(folder).expect("the handbook is part of this crate");
    let ingested = ingest(&corpus, &Silent).expect("the handbook can be read");
    Arc::new(ingested.library)
}

async fn sources(library: &Arc<Library>, question: &str, top_k: usize) -> Vec<String> {
    let hits = hybrid_search(library, question, top_k)
        .await
        .expect("the search works");
    hits.iter().map(|hit| hit.chunk.source.clone()).collect()
}

#[tokio::test]
async fn questions_find_their_known_source_among_the_first_three() {
    let library = handbook();
    let mut missed = Vec::new();
    for (question, source) in KNOWN {
        let found = sources(&library, question, 3).await;
        if !found.iter().any(|name| name == source) {
            missed.push(format!("{question} is in {source}, found {found:?}"));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[tokio::test]
async fn questions_about_something_else_find_nothing() {
    let library = handbook();
    for question in UNKNOWN {
        let found = sources(&library, question, 3).await;
        assert!(found.is_empty(), "{question} found {found:?}");
    }
}

#[tokio::test]
async fn misspelt_questions_find_their_source_too() {
    let library = handbook();
    for (question, source) in [
        ("propollis", "the-hive.md"),
        ("how to treat varoa?", "varroa.md"),
    ] {
        let found = sources(&library, question, 3).await;
        assert!(
            found.iter().any(|name| name == source),
            "{question}: {found:?}"
        );
    }
}

#[tokio::test]
async fn the_same_question_finds_the_same_chunks_every_time() {
    let (first, second) = (handbook(), handbook());
    for (question, _) in KNOWN {
        assert_eq!(
            sources(&first, question, 9).await,
            sources(&second, question, 9).await
        );
    }
}
