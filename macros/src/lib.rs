//! The attribute and the derives of `ragspan`, which re-exports them.
//!
//! Each macro goes through the same phases, a file and a type for each: `parse` reads tokens into what was
//! written (`keys`, `fields` and `list` are its grammar), `check` holds that to the rules and says what it
//! means (`model`), and `expand` writes it. Whatever is wrong, the user's item is still emitted.

use proc_macro::TokenStream;

mod check;
mod duration;
mod errors;
mod expand;
mod fields;
mod keys;
mod list;
mod model;
mod parse;
mod returns;
mod span;
mod suggest;

/// Measures the calls of a function: a span, metrics and one structured record each.
///
/// ```text
/// #[rag_span(layer = "retrieval", context(top_k), ok(|hits| chunks_retrieved = hits.len()))]
/// async fn hybrid_search(query: &str, top_k: usize) -> Result<Vec<Chunk>, SearchError> { .. }
/// ```
///
/// | argument | meaning |
/// |---|---|
/// | `layer = "retrieval"` | required: `api` `ingestion` `data` `retrieval` `generation` `evaluation` `memory`, or `custom("rerank")` |
/// | `operation = "search"` | the operation's name; default: the function's |
/// | `level = "debug"` | of the span and of its completion; default: `info` |
/// | `context(top_k, chars = query.len(), ?filter, %id)` | fields recorded before the call; `?` by `Debug`, `%` by `Display` |
/// | `metrics(weight = 0.5)` | the same, for numbers |
/// | `ok(\|hits\| chunks = hits.len(), metrics.best = best(hits))` | fields recorded from a success, by reference |
/// | `slow = "2s"` | a success that took longer is a warning; units `us` `ms` `s` `m` |
/// | `empty`, `empty = \|answer\| ..` | an empty result is an outcome of its own |
/// | `crate = path` | where `ragspan` is found, if not at `::ragspan` |
#[proc_macro_attribute]
pub fn rag_span(arguments: TokenStream, item: TokenStream) -> TokenStream {
    span::expand(arguments.into(), item.into()).into()
}
