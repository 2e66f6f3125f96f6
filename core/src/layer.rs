//! The layers of a RAG system.

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The part of a RAG system that a function belongs to.
///
/// The name is a label of the metrics and, behind `rag.`, the logger of the records.
///
/// ```
/// assert_eq!(ragspan::Layer::Retrieval.name(), "retrieval");
/// assert_eq!(ragspan::Layer::Custom("rerank").name(), "rerank");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layer {
    /// Requests as they come in.
    Api,
    /// Files read, parsed, chunked, embedded and stored.
    Ingestion,
    /// Databases, caches and indexes.
    Data,
    /// Search, fusion, reranking.
    Retrieval,
    /// Prompts and answers of a language model.
    Generation,
    /// How good an answer was.
    Evaluation,
    /// The conversation so far.
    Memory,
    /// A layer of the user's own.
    Custom(&'static str),
}

impl Layer {
    /// The layers that ragspan names itself, in the order of a request; [`Layer::Custom`] is not among them.
    pub const ALL: [Self; 7] = [
        Self::Api,
        Self::Ingestion,
        Self::Data,
        Self::Retrieval,
        Self::Generation,
        Self::Evaluation,
        Self::Memory,
    ];

    /// Returns the name, as labels and records spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Ingestion => "ingestion",
            Self::Data => "data",
            Self::Retrieval => "retrieval",
            Self::Generation => "generation",
            Self::Evaluation => "evaluation",
            Self::Memory => "memory",
            Self::Custom(name) => name,
        }
    }

    /// Returns the position in [`Layer::ALL`], and `Layer::ALL.len()` for every custom layer.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Api => 0,
            Self::Ingestion => 1,
            Self::Data => 2,
            Self::Retrieval => 3,
            Self::Generation => 4,
            Self::Evaluation => 5,
            Self::Memory => 6,
            Self::Custom(_) => Self::ALL.len(),
        }
    }

    /// Returns one bit for this layer, so that a call can hold the set of layers of its ancestors in a `u64`.
    ///
    /// Custom layers get their bits in the order in which they are first used; those after the 57th share the last bit.
    #[must_use]
    pub fn bit(self) -> u64 {
        let index = match self {
            Self::Custom(name) => Self::ALL.len() + custom_index(name).min(56),
            named => named.index(),
        };
        1 << index
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

static CUSTOM: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

fn custom_index(name: &'static str) -> usize {
    let mut known = CUSTOM.lock().unwrap_or_else(PoisonError::into_inner);
    known
        .iter()
        .position(|there| *there == name)
        .unwrap_or_else(|| {
            known.push(name);
            known.len() - 1
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_has_its_index() {
        for (index, layer) in Layer::ALL.into_iter().enumerate() {
            assert_eq!(layer.index(), index);
        }
        assert_eq!(Layer::Custom("rerank").index(), Layer::ALL.len());
    }

    #[test]
    fn every_layer_has_a_bit_of_its_own() {
        let layers = [
            Layer::Api,
            Layer::Memory,
            Layer::Custom("a"),
            Layer::Custom("b"),
        ];
        let bits: std::collections::HashSet<_> = layers.iter().map(|layer| layer.bit()).collect();
        assert_eq!(bits.len(), layers.len());
        assert_eq!(Layer::Custom("a").bit(), Layer::Custom("a").bit());
    }
}
