//! What `#[rag_span(..)]` says: the types between the phases, and no work.
//!
//! [`Written`] is what the user typed, each part with the tokens to point at. [`RagSpan`] is what it
//! means, checked, with nothing left to go wrong.

use proc_macro2::{Group, Span};
use syn::{Attribute, Expr, Ident, LitStr, Pat, Path, Signature, Token, Type, Visibility};

/// One use of the attribute, parsed.
pub(crate) struct Written {
    pub(crate) arguments: Arguments,
    pub(crate) function: Function,
}

/// The arguments of the attribute; which of them there are is the table in `keys`.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) layer: Option<Layer>,
    pub(crate) operation: Option<LitStr>,
    pub(crate) level: Option<Level>,
    pub(crate) context: Vec<Field>,
    pub(crate) metrics: Vec<Field>,
    pub(crate) ok: Option<Success>,
    pub(crate) slow_us: Option<u64>,
    pub(crate) empty: Option<Empty>,
    pub(crate) krate: Option<Path>,
    /// Every key that was written, also one whose value could not be read.
    pub(crate) keys: Vec<Ident>,
}

/// Where in the system a function stands.
pub(crate) enum Layer {
    /// One of `ragspan`'s own: the name of its variant.
    Known(&'static str),
    Custom(LitStr),
}

/// The level of the span and of its completion.
pub(crate) enum Level {
    /// The name of a constant of `tracing::Level`.
    Named(&'static str),
    /// A constant of the user's.
    Path(Path),
}

/// One recorded value.
pub(crate) struct Field {
    /// As it is declared, dots and the `metrics.` before a metric included.
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) how: How,
    pub(crate) value: Expr,
}

/// How a field's value is captured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    Value,
    Debug,
    Display,
    Metric,
}

/// `ok(|pattern| fields)`: what is recorded from a success.
pub(crate) struct Success {
    pub(crate) pattern: Pattern,
    pub(crate) fields: Vec<Field>,
}

/// How it is told that a success holds nothing.
pub(crate) enum Empty {
    /// `empty`: by the type; the word itself, to point at.
    ByType(Span),
    /// `empty = |pattern| expression`
    By(Box<Pattern>, Box<Expr>),
}

/// The `|pattern: Type|` that names the value returned.
pub(crate) struct Pattern {
    pub(crate) pattern: Pat,
    pub(crate) ascribed: Option<Type>,
}

/// The annotated function. The body is only tokens: what is wrong in it is rustc's to say.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) default: Option<Token![default]>,
    pub(crate) signature: Signature,
    /// The `#![..]` at the head of the body, which must stay at the head.
    pub(crate) inner: Vec<Attribute>,
    pub(crate) body: Group,
}

/// A checked annotation.
pub(crate) struct RagSpan {
    pub(crate) krate: Option<Path>,
    pub(crate) operation: LitStr,
    pub(crate) layer: Layer,
    pub(crate) level: Option<Level>,
    pub(crate) slow_us: Option<u64>,
    /// Recorded before the call.
    pub(crate) entry: Vec<Field>,
    pub(crate) empty: Option<Empty>,
    pub(crate) ok: Option<Success>,
    pub(crate) function: Function,
}
