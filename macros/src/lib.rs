//! The attribute and the derives of `ragspan`, which re-exports them.
//!
//! Each macro goes through the same phases, a file and a type for each: `parse` reads tokens into what was
//! written (`keys`, `values`, `fields` and `list` are its grammar), `check` holds that to the rules and says what it
//! means (`model`), and `expand` writes it. Whatever is wrong, the user's item is still emitted.

use proc_macro::TokenStream;

mod block;
mod case;
mod check;
mod context;
mod derive;
mod duration;
mod error_type;
mod errors;
mod expand;
mod fields;
mod inherited;
mod keys;
mod later;
mod list;
mod model;
mod params;
mod parse;
mod place;
mod returns;
mod span;
mod suggest;
mod tail;
#[cfg(test)]
mod tests;
mod told;
mod values;

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

/// `tracing`'s own attribute, expanded by ours: for its test suite, and no part of the public API.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn instrument_compat(arguments: TokenStream, item: TokenStream) -> TokenStream {
    span::function(arguments.into(), item.into(), model::Mode::Compatible).into()
}

/// Makes a struct with named fields the context of a request.
///
/// The fields `request_id`, `user_id`, `session_id` and `tenant_id` are the record's own keys; others
/// go to its `context`. `#[log(skip)]` leaves a field out, `#[log(redact)]` shows only that it is
/// there, `#[log(rename = "name")]` names it.
#[proc_macro_derive(LogContext, attributes(log))]
pub fn log_context(item: TokenStream) -> TokenStream {
    context::expand(item.into()).into()
}

/// Gives each variant of an error a label: its name in `snake_case`, or what
/// `#[error_type("label")]` says, or what the only field says with `#[error_type(transparent)]`.
#[proc_macro_derive(ErrorType, attributes(error_type))]
pub fn error_type(item: TokenStream) -> TokenStream {
    error_type::expand(item.into()).into()
}
