//! The documents that a call found: ids, scores and ranks, without their text.

use std::borrow::Cow;

use crate::record::Retrieved;
use crate::value::Fields;

/// A document that was retrieved, reranked or packed into a prompt. Its text is not recorded.
///
/// ```
/// use ragspan::{Document, rag_span};
///
/// #[rag_span(layer = "retrieval", documents = |hits| hits.iter().map(|(id, score)| Document::new(id).score(*score)))]
/// fn search(query: &str) -> Vec<(String, f64)> {
///     vec![("guide.md#4".to_owned(), 0.82), ("faq.md#1".to_owned(), 0.4)]
/// }
///
/// let (_, seen) = ragspan::testing::capture(|| search("bees"));
/// let record = seen.record("search_complete");
/// assert_eq!(record["context"]["documents"][0]["id"], "guide.md#4");
/// assert_eq!(record["metrics"]["best_score"], 0.82);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Document<'a> {
    id: Cow<'a, str>,
    pub(super) score: Option<f64>,
    rank: Option<u32>,
    source: Option<Cow<'a, str>>,
}

impl<'a> Document<'a> {
    /// Creates a document with this id.
    pub fn new(id: impl Into<Cow<'a, str>>) -> Self {
        Self {
            id: id.into(),
            score: None,
            rank: None,
            source: None,
        }
    }

    /// Sets the relevance score; higher is better.
    #[must_use]
    pub fn score(mut self, score: impl Into<f64>) -> Self {
        self.score = Some(score.into());
        self
    }

    /// Sets the rank, starting at 1. The default is the document's position in the list.
    #[must_use]
    pub fn rank(mut self, rank: u32) -> Self {
        self.rank = Some(rank);
        self
    }

    /// Sets the source, such as a file or an index.
    #[must_use]
    pub fn source(mut self, source: impl Into<Cow<'a, str>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Copies the document into a record; `position` is the default rank.
    pub(super) fn to_retrieved(&self, position: u32, fields: &mut Fields) -> Retrieved {
        Retrieved {
            id: fields.text.push(&self.id),
            score: self.score,
            rank: self.rank.unwrap_or(position),
            source: self
                .source
                .as_deref()
                .map(|source| fields.text.push(source)),
        }
    }
}

/// A list of documents, the best first.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of documents",
    label = "not a list of ids, or of ids with scores",
    note = "pass a list of `ragspan::Document`, of ids that are `&str`, or of ids with scores: \
            `documents = |hits| hits.iter().map(|hit| (hit.id.as_str(), hit.score))`"
)]
pub trait Documents<'d> {
    /// Returns the documents.
    fn documents(self) -> impl Iterator<Item = Document<'d>>;
}

#[diagnostic::do_not_recommend]
impl<'d, I: IntoIterator<Item: Into<Document<'d>>>> Documents<'d> for I {
    fn documents(self) -> impl Iterator<Item = Document<'d>> {
        self.into_iter().map(Into::into)
    }
}

impl<'a> From<&'a str> for Document<'a> {
    fn from(id: &'a str) -> Self {
        Self::new(id)
    }
}

impl<'a> From<&'a String> for Document<'a> {
    fn from(id: &'a String) -> Self {
        Self::new(id.as_str())
    }
}

impl<'a, S: Into<f64>> From<(&'a str, S)> for Document<'a> {
    fn from((id, score): (&'a str, S)) -> Self {
        Self::new(id).score(score)
    }
}
