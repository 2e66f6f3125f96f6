//! The data types that the phases exchange. They contain no logic.
//!
//! [`ParsedSpan`] holds one use of `#[rag_span(..)]` as the user typed it, with the tokens that errors point at.
//! [`CheckedSpan`] holds the validated and resolved form; generating code from it cannot fail.

use proc_macro2::{Group, Span};
use syn::{Attribute, Expr, Ident, LitStr, Pat, Path, Signature, Token, Type, Visibility};

use crate::return_type::Deferred;

/// One use of the attribute after parsing.
pub(crate) struct ParsedSpan {
    pub(crate) arguments: Arguments,
    pub(crate) function: Function,
}

/// The attribute that is expanded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mode {
    /// `#[rag_span(..)]`: parameters are captured only if they are named.
    RagSpan,
    /// `#[tracing::instrument(..)]`: all parameters are captured, and no layer is required.
    Compatible,
}

/// The arguments of the attribute. `keys::KEYS` is the table of all of them.
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
    pub(crate) ok: Option<OkFields>,
    pub(crate) err: Option<ErrOptions>,
    pub(crate) ret: Option<EventOptions>,
    pub(crate) outcome: Option<ValueClosure>,
    pub(crate) slow_us: Option<u64>,
    pub(crate) empty: Option<EmptyCheck>,
    pub(crate) model: Option<ModelSource>,
    pub(crate) usage: Option<ValueClosure>,
    pub(crate) cost: Option<ValueClosure>,
    pub(crate) documents: Option<ValueClosure>,
    pub(crate) kind: Option<LitStr>,
    pub(crate) versions: Vec<Field>,
    pub(crate) krate: Option<Path>,
    /// All keys in the attribute, including those whose values could not be read.
    pub(crate) keys: Vec<Ident>,
    /// `true` if the attribute is on an `impl` block or a trait and applies to all of its functions.
    pub(crate) on_impl_block: bool,
}

impl Arguments {
    /// Returns the key, if the attribute contains it.
    pub(crate) fn key(&self, name: &str) -> Option<&Ident> {
        self.keys.iter().find(|key| *key == name)
    }
}

/// The layer of the RAG system that a function belongs to.
pub(crate) enum Layer {
    /// A built-in layer.
    Known(ragspan_core::Layer),
    Custom(LitStr),
}

/// A level of `tracing`.
#[derive(Clone)]
pub(crate) enum Level {
    /// The name of a constant of `tracing::Level`.
    Named(&'static str),
    /// A user's constant.
    Path(Path),
}

/// One recorded field.
pub(crate) struct Field {
    pub(crate) name: FieldName,
    pub(crate) span: Span,
    pub(crate) kind: FieldKind,
    pub(crate) value: Expr,
}

/// The name of a field.
pub(crate) enum FieldName {
    /// The full name, with dots and with the prefix `metrics.` of a metric.
    Text(String),
    /// A user's constant: `{NAME}`.
    Constant(Expr),
}

/// The way a field's value is captured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FieldKind {
    Value,
    Debug,
    Display,
    Metric,
    /// Declared without a value; the body records it.
    Empty,
}

/// `ok(|pattern| fields)`: the fields recorded from a successful result.
pub(crate) struct OkFields {
    pub(crate) pattern: Pattern,
    pub(crate) fields: Vec<Field>,
}

/// The options of the event that `ret` or `err` emits for other `tracing` layers.
#[derive(Default)]
pub(crate) struct EventOptions {
    pub(crate) format: Option<FieldKind>,
    pub(crate) level: Option<Level>,
}

/// The options of `err(..)`: the level and type of a failure.
pub(crate) struct ErrOptions {
    /// The span of the key `err`, for errors.
    pub(crate) span: Span,
    pub(crate) event: EventOptions,
    /// `true` if the options affect only the record, and no event is emitted for other `tracing` layers.
    pub(crate) record_only: bool,
    /// The name of a variant of `ragspan::Level`, if the level was given by name.
    pub(crate) severity: Option<&'static str>,
    /// A closure that computes the level from the error.
    pub(crate) level_by: Option<ValueClosure>,
    pub(crate) error_type: Option<ErrorTypeSource>,
}

/// The source of an error type: `err(type = ..)`.
pub(crate) enum ErrorTypeSource {
    Label(LitStr),
    Closure(ValueClosure),
}

/// The source of the name of the called model: `model = ..`.
pub(crate) enum ModelSource {
    /// An expression, evaluated before the call.
    Expression(Expr),
    /// A closure of the returned value.
    Closure(ValueClosure),
}

/// `|pattern| expression`, a closure of the returned value or of the error.
pub(crate) struct ValueClosure {
    pub(crate) pattern: Box<Pattern>,
    pub(crate) expression: Box<Expr>,
}

/// The check for an empty result.
pub(crate) enum EmptyCheck {
    /// `empty`: the value's type provides the check. Holds the span of the key, for errors.
    ByType(Span),
    /// `empty = |pattern| expression`
    Closure(ValueClosure),
}

/// The `|pattern: Type|` that binds the returned value.
pub(crate) struct Pattern {
    pub(crate) pattern: Pat,
    pub(crate) ascribed: Option<Type>,
}

/// The annotated function. The body is kept as unparsed tokens, so that rustc reports its errors.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) default: Option<Token![default]>,
    pub(crate) signature: Signature,
    /// The inner attributes `#![..]`, which must remain at the start of the body.
    pub(crate) inner: Vec<Attribute>,
    pub(crate) body: Group,
    /// The type or trait of the annotated block that contains the function.
    pub(crate) owner: Option<Ident>,
}

/// One use of the attribute after all checks.
pub(crate) struct CheckedSpan {
    pub(crate) krate: Option<Path>,
    pub(crate) operation: LitStr,
    pub(crate) name: Option<Expr>,
    pub(crate) target: Option<Expr>,
    pub(crate) layer: Layer,
    pub(crate) level: Option<Level>,
    pub(crate) slow_us: Option<u64>,
    pub(crate) opening: Opening,
    /// The fields recorded before the call, after those of `opening`.
    pub(crate) call_fields: Vec<Field>,
    pub(crate) outcome: Option<ValueClosure>,
    pub(crate) empty: Option<EmptyCheck>,
    pub(crate) ok: Option<OkFields>,
    pub(crate) err: Option<ErrOptions>,
    pub(crate) ret: Option<EventOptions>,
    pub(crate) model: Option<ModelSource>,
    pub(crate) usage: Option<ValueClosure>,
    pub(crate) cost: Option<ValueClosure>,
    pub(crate) documents: Option<ValueClosure>,
    pub(crate) kind: Option<LitStr>,
    pub(crate) shape: Shape,
    pub(crate) function: Function,
}

/// The properties that the span has from its creation on.
pub(crate) struct Opening {
    pub(crate) parent: Option<Expr>,
    pub(crate) follows_from: Option<Expr>,
    pub(crate) context_from: Option<Expr>,
    pub(crate) fields: Vec<Field>,
}

impl Opening {
    pub(crate) fn is_empty(&self) -> bool {
        self.parent.is_none()
            && self.follows_from.is_none()
            && self.context_from.is_none()
            && self.fields.is_empty()
    }
}

/// The construct that the body is moved into.
pub(crate) enum Shape {
    /// A closure. The call ends when it returns.
    Closure,
    /// None: the body stays in the function, because `#[track_caller]` needs the location of the caller.
    Inline,
    /// An `async` block. The call ends when it completes.
    Async,
    /// The body returns a future or a stream, and the call ends with that.
    Deferred(Box<Deferred>),
}
