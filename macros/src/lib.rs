//! The attribute, the macro for blocks and the derives of `ragspan`, which re-exports them.
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
mod manual;
mod model;
mod params;
mod parse;
mod place;
mod rag;
mod returns;
mod root;
mod span;
mod suggest;
mod tail;
#[cfg(test)]
mod tests;
mod told;
mod values;

/// Whether instrumentation is switched off for this build.
const OFF: bool = cfg!(all(feature = "off", not(feature = "on")));

/// Measures the calls of a function: a span, metrics and one structured record each.
///
/// It stands on functions and methods of every shape: `async` or not, returning a future or a stream, in traits and under `#[async_trait]`. On a whole
/// `impl` or trait it measures every function with a body, and `#[rag_span(skip)]` leaves one out. Each argument has a section with an example in `docs/attribute.md`.
///
/// | argument | meaning |
/// |---|---|
/// | `layer = "retrieval"` | required: `api` `ingestion` `data` `retrieval` `generation` `evaluation` `memory`, or `custom("rerank")` |
/// | `operation = "search"` | the operation's name; default: the function's |
/// | `level = "debug"` | of the span and of its completion; default: `info` |
/// | `context(top_k, chars = query.len(), ?filter, %id)` | fields recorded before the call; `?` by `Debug`, `%` by `Display` |
/// | `metrics(weight = 0.5)` | the same, for numbers |
/// | `ok(\|hits\| chunks = hits.len(), metrics.best = best(hits))` | fields recorded from a success, by reference |
/// | `err(level = "warning", type = "timeout")` | how a failure is recorded: by a name, or told from the error, `level = \|error\| ..`; also emits `tracing`'s own event for other layers |
/// | `ret`, `ret(Display)` | emits `tracing`'s own event for other layers |
/// | `empty`, `empty = \|answer\| ..` | an empty result is an outcome of its own |
/// | `outcome = \|reply\| ..` | an `Outcome`, told from the whole value, where its type says too little |
/// | `slow = "2s"` | a success that took longer is a warning; units `us` `ms` `s` `m` |
/// | `model = "gpt-4o-mini"` | the model that is called, also `model = \|reply\| &reply.model` |
/// | `usage = \|reply\| reply.usage`, `cost = \|reply\| ..` | the tokens that it has counted, and what they cost |
/// | `documents = \|hits\| ..` | id, score, rank and source of what was found |
/// | `kind = "rerank"` | `embedding`, `rerank`, `prompt`, `tool`, `guard` or `agent`, beside the layer |
/// | `versions(prompt = "v3")` | dimensions to compare by |
/// | `context_from = request` | a `LogContext` that holds for the call and all below it |
/// | `name = "search"`, `target = "my::target"` | of the span, for other layers |
/// | `parent = &span`, `follows_from = causes` | as in `tracing::instrument` |
/// | `fields(len = query.len(), status = Empty)` | fields of the span from its creation on |
/// | `skip(password)`, `skip_all` | accepted; nothing is captured that was not named |
/// | `crate = path` | where `ragspan` is found, if not at `::ragspan` |
#[proc_macro_attribute]
pub fn rag_span(arguments: TokenStream, item: TokenStream) -> TokenStream {
    span::attribute(arguments.into(), item.into(), OFF).into()
}

/// Measures a block of code that is not a function of its own: a span, metrics and one structured record, as of an annotated call.
///
/// ```text
/// let pages = ragspan::span!("parsing", layer = "ingestion", context(file), ok(|pages| pages = pages.len()), |span| {
///     let pages = read(file)?;
///     span.record("bytes", pages.bytes());
///     Ok::<_, ParseError>(pages)
/// })?;
/// ```
///
/// The operation comes first, then the arguments of `#[rag_span]`, then the block: a closure with `|span|`, a handle that takes
/// values while the block runs, or without. The value is the block's; that of an `async |span| { .. }` is a future, in which the
/// block is a call from the first poll on. `?` and `return` end the block. The chapter is `docs/spans.md`.
#[proc_macro]
pub fn span(input: TokenStream) -> TokenStream {
    manual::expand(input.into(), OFF).into()
}

/// `tracing`'s own attribute, expanded by ours: for its test suite, and no part of the public API.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn instrument_compat(arguments: TokenStream, item: TokenStream) -> TokenStream {
    span::function(arguments.into(), item.into(), model::Mode::Compatible).into()
}

/// Makes a struct or an enum the context of a request: every record inside its scope repeats its fields.
///
/// The fields `request_id`, `user_id`, `session_id` and `tenant_id` are the record's own keys; others go to its `context`.
/// `docs/derives.md` has an example for each attribute.
///
/// | on a field | meaning |
/// |---|---|
/// | `#[log(rename = "lang")]` | recorded under this name |
/// | `#[log(display)]`, `#[log(debug)]` | recorded by `Display`, by `Debug` |
/// | `#[log(with = \|user\| user.id)]` | recorded is what a function makes of it; beside any of the others but `redact` and `skip` |
/// | `#[log(hash)]` | a keyed hash of its `Display`: to be joined on, and not to be read |
/// | `#[log(redact)]` | shown as `[redacted]` |
/// | `#[log(metric)]` | a number that goes to the record's `metrics` |
/// | `#[log(flatten)]` | a context itself, whose fields come in its place |
/// | `#[log(skip)]` | left out |
///
/// Before the struct or the enum, `#[log(crate = path)]` says where `ragspan` is found, if not at `::ragspan`.
#[proc_macro_derive(LogContext, attributes(log))]
pub fn log_context(item: TokenStream) -> TokenStream {
    context::expand(item.into()).into()
}

/// Gives each variant of an error a label: its name in `snake_case`, or what
/// `#[error_type("label")]` says, or what the only field says with `#[error_type(transparent)]`.
///
/// Before the struct or the enum, `#[error_type(crate = path)]` says where `ragspan` is found, if not at `::ragspan`.
#[proc_macro_derive(ErrorType, attributes(error_type))]
pub fn error_type(item: TokenStream) -> TokenStream {
    error_type::expand(item.into()).into()
}
