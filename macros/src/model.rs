//! What `#[rag_span(..)]` says: the types between the phases, and no work.
//!
//! [`Written`] is what the user typed, each part with the tokens to point at. [`RagSpan`] is what it
//! means, checked, with nothing left to go wrong.

use proc_macro2::{Group, Span};
use syn::{Attribute, Expr, Ident, LitStr, Pat, Path, Signature, Token, Type, Visibility};

use crate::returns::Deferred;

/// One use of the attribute, parsed.
pub(crate) struct Written {
    pub(crate) arguments: Arguments,
    pub(crate) function: Function,
}

/// Which attribute is expanded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mode {
    /// `#[rag_span(..)]`: nothing is captured that was not named.
    Ours,
    /// `#[instrument(..)]` of `tracing`: arguments are captured, and there is no layer.
    Compatible,
}

/// The arguments of the attribute; which of them there are is the table in `keys`.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) layer: Option<Layer>,
    pub(crate) operation: Option<LitStr>,
    pub(crate) name: Option<Expr>,
    pub(crate) target: Option<Expr>,
    pub(crate) level: Option<Level>,
    pub(crate) parent: Option<Expr>,
    pub(crate) follows_from: Option<Expr>,
    pub(crate) context_from: Option<Expr>,
    pub(crate) fields: Vec<Field>,
    pub(crate) skip: Vec<Ident>,
    pub(crate) skip_all: bool,
    pub(crate) context: Vec<Field>,
    pub(crate) metrics: Vec<Field>,
    pub(crate) ok: Option<Success>,
    pub(crate) err: Option<Failing>,
    pub(crate) ret: Option<Event>,
    pub(crate) outcome: Option<Judged>,
    pub(crate) slow_us: Option<u64>,
    pub(crate) empty: Option<Empty>,
    pub(crate) model: Option<ModelBy>,
    pub(crate) usage: Option<Judged>,
    pub(crate) cost: Option<Judged>,
    pub(crate) documents: Option<Judged>,
    pub(crate) kind: Option<LitStr>,
    pub(crate) versions: Vec<Field>,
    pub(crate) krate: Option<Path>,
    /// Every key that was written, also one whose value could not be read.
    pub(crate) keys: Vec<Ident>,
    /// They stand on an `impl` or a trait, for all of its functions.
    pub(crate) on_block: bool,
}

impl Arguments {
    /// The key, if it was written.
    pub(crate) fn key(&self, name: &str) -> Option<&Ident> {
        self.keys.iter().find(|key| *key == name)
    }
}

/// Where in the system a function stands.
pub(crate) enum Layer {
    /// One of `ragspan`'s own: the name of its variant.
    Known(&'static str),
    Custom(LitStr),
}

/// A level of `tracing`.
#[derive(Clone)]
pub(crate) enum Level {
    /// The name of a constant of `tracing::Level`.
    Named(&'static str),
    /// A constant of the user's.
    Path(Path),
}

/// One recorded value.
pub(crate) struct Field {
    pub(crate) name: Name,
    pub(crate) span: Span,
    pub(crate) how: How,
    pub(crate) value: Expr,
}

/// What a field is called.
pub(crate) enum Name {
    /// As it is declared, dots and the `metrics.` before a metric included.
    Text(String),
    /// A constant of the user's: `{NAME}`.
    Constant(Expr),
}

/// How a field's value is captured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    Value,
    Debug,
    Display,
    Metric,
    /// Declared, and recorded by the body.
    Empty,
}

/// `ok(|pattern| fields)`: what is recorded from a success.
pub(crate) struct Success {
    pub(crate) pattern: Pattern,
    pub(crate) fields: Vec<Field>,
}

/// `ret` and `err`: the event that other layers get.
#[derive(Default)]
pub(crate) struct Event {
    pub(crate) how: Option<How>,
    pub(crate) level: Option<Level>,
}

/// `err(..)`: how a failure is recorded.
pub(crate) struct Failing {
    /// Of the word itself, to point at.
    pub(crate) span: Span,
    pub(crate) event: Event,
    /// Only more is said of our record, and other layers get no event.
    pub(crate) silent: bool,
    /// The name of a variant of `ragspan::Level`, where the level was named.
    pub(crate) severity: Option<&'static str>,
    /// A level told from the error.
    pub(crate) level_by: Option<Judged>,
    pub(crate) error_type: Option<ErrorTypeBy>,
}

/// `err(type = ..)`
pub(crate) enum ErrorTypeBy {
    Label(LitStr),
    Judged(Judged),
}

/// How the model that is called is named.
pub(crate) enum ModelBy {
    /// Before the call.
    Given(Expr),
    /// By the value returned.
    Value(Judged),
}

/// `|pattern| expression`
pub(crate) struct Judged {
    pub(crate) pattern: Box<Pattern>,
    pub(crate) expression: Box<Expr>,
}

/// How it is told that a success holds nothing.
pub(crate) enum Empty {
    /// `empty`: by the type; the word itself, to point at.
    ByType(Span),
    /// `empty = |pattern| expression`
    By(Judged),
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
    /// The type or trait whose annotated block the function stands in.
    pub(crate) owner: Option<Ident>,
}

/// A checked annotation.
pub(crate) struct RagSpan {
    pub(crate) krate: Option<Path>,
    pub(crate) operation: LitStr,
    pub(crate) name: Option<Expr>,
    pub(crate) target: Option<Expr>,
    pub(crate) layer: Layer,
    pub(crate) level: Option<Level>,
    pub(crate) slow_us: Option<u64>,
    pub(crate) opening: Opening,
    /// Recorded before the call, behind the opening's fields.
    pub(crate) entry: Vec<Field>,
    pub(crate) outcome: Option<Judged>,
    pub(crate) empty: Option<Empty>,
    pub(crate) ok: Option<Success>,
    pub(crate) err: Option<Failing>,
    pub(crate) ret: Option<Event>,
    pub(crate) model: Option<ModelBy>,
    pub(crate) usage: Option<Judged>,
    pub(crate) cost: Option<Judged>,
    pub(crate) documents: Option<Judged>,
    pub(crate) kind: Option<LitStr>,
    pub(crate) shape: Shape,
    pub(crate) function: Function,
}

/// What belongs to the span from its creation on.
pub(crate) struct Opening {
    pub(crate) parent: Option<Expr>,
    pub(crate) follows_from: Option<Expr>,
    pub(crate) context_from: Option<Expr>,
    pub(crate) fields: Vec<Field>,
}

impl Opening {
    pub(crate) fn says_nothing(&self) -> bool {
        self.parent.is_none()
            && self.follows_from.is_none()
            && self.context_from.is_none()
            && self.fields.is_empty()
    }
}

/// How the body runs.
pub(crate) enum Shape {
    /// In a closure, whose value ends the call.
    Closure,
    /// Where it stands, because its caller's place must be seen.
    InPlace,
    /// In an `async` block, whose output ends the call.
    Async,
    /// It gives a future or a stream, which the call goes on in.
    Deferred(Box<Deferred>),
}
