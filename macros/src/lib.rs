//! The procedural macros of `ragspan`: the attribute `#[rag_span]`, the macro `span!` and the two derives.
//!
//! The crate `ragspan` re-exports them. Each macro runs three phases, each with its own files and types: `parse` reads
//! the tokens into a `model::ParsedSpan` (the grammar is in `keys`, `values`, `fields`, `err_ret`, `rag` and
//! `tracing_args`), `check` validates it and resolves it to a `model::CheckedSpan`, and `expand` generates the code.
//! The user's item is emitted even if its attribute has errors.

use proc_macro::TokenStream;

mod arg;
mod attribute;
mod case;
mod check;
mod context;
mod crate_path;
mod derive;
mod err_ret;
mod error_type;
mod errors;
mod expand;
mod fields;
mod impl_block;
mod keys;
mod list;
mod model;
mod params;
mod parse;
mod planned;
mod rag;
mod return_type;
mod span_block;
mod suggest;
mod tail;
#[cfg(test)]
mod tests;
mod tracing_args;
mod values;

/// `true` if the features of this build disable instrumentation.
const OFF: bool = cfg!(all(feature = "off", not(feature = "on")));

/// Instruments a function: each call creates a span, updates metrics and emits one structured record.
///
/// The attribute supports functions and methods of every shape: `async` or not, returning a future or a stream, in
/// traits and under `#[async_trait]`. On an `impl` block or a trait it instruments every function that has a body,
/// except those marked with `#[rag_span(skip)]`. `docs/attribute.md` has a section with an example for each argument.
///
/// | argument | meaning |
/// |---|---|
/// | `layer = "retrieval"` | required: `api` `ingestion` `data` `retrieval` `generation` `evaluation` `memory`, or `custom("rerank")` |
/// | `operation = "search"` | the operation's name; default: the function's |
/// | `level = "debug"` | of the span and of its completion; default: `info` |
/// | `context(top_k, chars = query.len(), ?filter, %id)` | fields recorded before the call; `?` formats with `Debug`, `%` with `Display` |
/// | `metrics(weight = 0.5)` | numbers recorded before the call |
/// | `ok(\|hits\| chunks = hits.len(), metrics.best = best(hits))` | fields recorded from a successful result, by reference |
/// | `err(level = "warning", type = "timeout")` | the level and type of a failure: a name, or a closure of the error, `level = \|error\| ..`; also emits `tracing`'s own event for other `tracing` layers |
/// | `ret`, `ret(Display)` | emits `tracing`'s own event for other `tracing` layers |
/// | `empty`, `empty = \|answer\| ..` | records an empty result as a separate outcome |
/// | `outcome = \|reply\| ..` | computes the `Outcome` from the returned value, if its type does not show it |
/// | `slow = "2s"` | records a slower success as a warning; units `us` `ms` `s` `m` |
/// | `model = "gpt-4o-mini"` | the model that is called; also `model = \|reply\| &reply.model` |
/// | `usage = \|reply\| reply.usage`, `cost = \|reply\| ..` | the token usage that the model reported, and its cost |
/// | `documents = \|hits\| ..` | id, score, rank and source of each retrieved document |
/// | `kind = "rerank"` | `embedding`, `rerank`, `prompt`, `tool`, `guard` or `agent`, in addition to the layer |
/// | `versions(prompt = "v3")` | dimensions to compare calls by |
/// | `context_from = request` | a `LogContext` that applies to the call and all calls below it |
/// | `name = "search"`, `target = "my::target"` | the span's name and target, for other `tracing` layers |
/// | `parent = &span`, `follows_from = causes` | as in `tracing::instrument` |
/// | `fields(len = query.len(), status = Empty)` | fields that the span has from its creation on |
/// | `skip(password)`, `skip_all` | accepted for compatibility; parameters are never captured unless they are named |
/// | `crate = path` | the path to `ragspan`, if it is not `::ragspan` |
#[proc_macro_attribute]
pub fn rag_span(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::expand_or_keep(arguments.into(), item.into(), OFF).into()
}

/// Instruments a block of code: each run creates a span, updates metrics and emits one structured record.
///
/// ```text
/// let pages = ragspan::span!("parsing", layer = "ingestion", context(file), ok(|pages| pages = pages.len()), |span| {
///     let pages = read(file)?;
///     span.record("bytes", pages.bytes());
///     Ok::<_, ParseError>(pages)
/// })?;
/// ```
///
/// The first argument is the operation; the arguments of `#[rag_span]` follow. The last argument is the block, a
/// closure `|| { .. }`, or `|span| { .. }` with a handle that records values while the block runs. The macro returns
/// the block's value. An `async |span| { .. }` returns a future, and the call starts with its first poll. `?` and
/// `return` leave the block, not the surrounding function. See `docs/spans.md`.
#[proc_macro]
pub fn span(input: TokenStream) -> TokenStream {
    span_block::expand(input.into(), OFF).into()
}

/// Expands `#[tracing::instrument]` with this crate's generator, to run `tracing`'s own test suite. Not public API.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn instrument_compat(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::expand_function(arguments.into(), item.into(), model::Mode::Compatible).into()
}

/// Implements `LogContext` for a struct or an enum: every record in the scope of such a value repeats its fields.
///
/// The fields `request_id`, `user_id`, `session_id` and `tenant_id` become top-level keys of the record; all others go
/// to its `context`. `docs/derives.md` has an example for each attribute.
///
/// | on a field | meaning |
/// |---|---|
/// | `#[log(rename = "lang")]` | recorded under this name |
/// | `#[log(display)]`, `#[log(debug)]` | formatted with `Display` or `Debug` |
/// | `#[log(with = \|user\| user.id)]` | the function's result is recorded; combines with all options except `redact` and `skip` |
/// | `#[log(hash)]` | a keyed hash of its `Display` output: joinable, but not readable |
/// | `#[log(redact)]` | recorded as `[redacted]` |
/// | `#[log(metric)]` | a number that goes to the record's `metrics` |
/// | `#[log(flatten)]` | a nested `LogContext`, whose fields are recorded instead of it |
/// | `#[log(skip)]` | left out |
///
/// On the struct or the enum itself, `#[log(crate = path)]` sets the path to `ragspan`, if it is not `::ragspan`.
#[proc_macro_derive(LogContext, attributes(log))]
pub fn log_context(item: TokenStream) -> TokenStream {
    context::expand(item.into()).into()
}

/// Implements `ErrorType` for an error: each variant, or the struct, gets a label.
///
/// The label is the name in `snake_case`, the string in `#[error_type("label")]`, or the label of the only field with
/// `#[error_type(transparent)]`. On the struct or the enum itself, `#[error_type(crate = path)]` sets the path to
/// `ragspan`, if it is not `::ragspan`.
#[proc_macro_derive(ErrorType, attributes(error_type))]
pub fn error_type(item: TokenStream) -> TokenStream {
    error_type::expand(item.into()).into()
}
