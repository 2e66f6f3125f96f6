//! The arguments of the attribute as data, and which of them fit a shape.

use crate::shape::{Returns, Shape};

/// One argument, with its requirements on a function and its effects on a record.
#[derive(Debug)]
pub(crate) struct Argument {
    /// How a shape names it; no set has two of one key.
    pub(crate) key: &'static str,
    /// `{value}`, `{debug}` and `{ok}` are filled in from the shape.
    pub(crate) text: &'static str,
    pub(crate) needs: Needs,
    pub(crate) makes: Makes,
}

/// A requirement of an argument on its function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Needs {
    Nothing,
    /// An argument that `tracing` takes as it is.
    Value,
    /// An argument of any kind.
    Any,
    /// A value that may be looked at.
    Returned,
    /// A value that is not `()`: clippy would have `|_|` be `|()|`.
    Something,
    /// A value that is always a success.
    Plain,
    /// A type that has a notion of empty.
    Empty,
    /// A `Result` whose error can be shown.
    Error,
}

/// An effect of an argument on a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Makes {
    Nothing,
    /// A field in every record.
    Entry(&'static str),
    /// A field in the record of a success.
    Success(&'static str),
    /// One evaluation in every call, and in every success.
    CountedEntry,
    CountedSuccess,
    Operation(&'static str),
    Layer(&'static str),
    SuccessLevel(&'static str),
    ErrorLevel(&'static str),
    /// A success that finds nothing is empty.
    Empty,
}

const fn now(key: &'static str, text: &'static str, needs: Needs, makes: Makes) -> Argument {
    Argument {
        key,
        text,
        needs,
        makes,
    }
}

use Makes as M;
use Needs as N;

/// Every argument; those of one key are its forms.
pub(crate) const ARGUMENTS: &[Argument] = &[
    now("context", "context({value})", N::Value, M::Nothing),
    now("context", "context(?{debug})", N::Any, M::Nothing),
    now(
        "context",
        "context(shown = %{value}, dotted.name = ?{debug})",
        N::Value,
        M::Entry("shown"),
    ),
    now(
        "context",
        r#"context(noted = ::matrix::counted("entry"))"#,
        N::Nothing,
        M::CountedEntry,
    ),
    now(
        "context",
        "context(given = 1, metrics.also = 0.5)",
        N::Nothing,
        M::Entry("given"),
    ),
    now(
        "metrics",
        "metrics(weight = 0.5)",
        N::Nothing,
        M::Entry("metrics.weight"),
    ),
    now(
        "metrics",
        r#"metrics(weighed = ::matrix::counted("entry"))"#,
        N::Nothing,
        M::CountedEntry,
    ),
    now("ok", "ok(|v| got = {ok})", N::Returned, M::Success("got")),
    now(
        "ok",
        r#"ok(|_| seen = true, looked = ::matrix::counted("ok"))"#,
        N::Something,
        M::CountedSuccess,
    ),
    now(
        "ok",
        r#"ok(|v| got = {ok}, looked = ::matrix::counted("ok"))"#,
        N::Returned,
        M::CountedSuccess,
    ),
    now(
        "ok",
        "ok(|_| metrics.best = 1)",
        N::Something,
        M::Success("metrics.best"),
    ),
    now("empty", "empty", N::Empty, M::Empty),
    now("empty", "empty = |_| false", N::Something, M::Nothing),
    // It has the key of what it excludes.
    now(
        "empty",
        "outcome = |_| ::ragspan::Outcome::Success",
        N::Plain,
        M::Nothing,
    ),
    now(
        "context_from",
        "context_from = ::matrix::asked()",
        N::Nothing,
        M::Entry("asked"),
    ),
    now(
        "model",
        r#"model = "small-1""#,
        N::Nothing,
        M::Entry("model"),
    ),
    now(
        "usage",
        "usage = |_| ::ragspan::Usage::new(1, 2)",
        N::Something,
        M::Success("metrics.input_tokens"),
    ),
    now(
        "cost",
        "cost = |_| 0.5",
        N::Something,
        M::Success("metrics.cost_usd"),
    ),
    now(
        "documents",
        r#"documents = |_| ["a", "b"]"#,
        N::Something,
        M::Success("metrics.documents"),
    ),
    now("kind", r#"kind = "tool""#, N::Nothing, M::Entry("kind")),
    now(
        "versions",
        r#"versions(prompt = "v3", n = 1)"#,
        N::Nothing,
        M::Entry("versions.prompt"),
    ),
    now("slow", r#"slow = "60m""#, N::Nothing, M::Nothing),
    now(
        "level",
        r#"level = "debug""#,
        N::Nothing,
        M::SuccessLevel("DEBUG"),
    ),
    now(
        "level",
        r#"level = "warning""#,
        N::Nothing,
        M::SuccessLevel("WARNING"),
    ),
    now(
        "operation",
        r#"operation = "op""#,
        N::Nothing,
        M::Operation("op"),
    ),
    now(
        "layer",
        r#"layer = custom("matrix")"#,
        N::Nothing,
        M::Layer("matrix"),
    ),
    now("crate", "crate = ::ragspan", N::Nothing, M::Nothing),
    now("err", "err", N::Error, M::Nothing),
    now("err", "err(Debug)", N::Error, M::Nothing),
    now(
        "err",
        r#"err(level = "warn")"#,
        N::Error,
        M::ErrorLevel("WARNING"),
    ),
    now("ret", "ret", N::Returned, M::Nothing),
    now("ret", r#"ret(level = "debug")"#, N::Returned, M::Nothing),
    now("skip", "skip_all", N::Nothing, M::Nothing),
    now("skip", "skip({debug})", N::Any, M::Nothing),
    now("name", r#"name = "renamed""#, N::Nothing, M::Nothing),
    now("target", r#"target = "elsewhere""#, N::Nothing, M::Nothing),
    now("parent", "parent = None", N::Nothing, M::Nothing),
    now(
        "parent",
        "parent = &::tracing::Span::none()",
        N::Nothing,
        M::Nothing,
    ),
    now(
        "follows_from",
        "follows_from = ::std::iter::empty::<::tracing::Id>()",
        N::Nothing,
        M::Nothing,
    ),
    now(
        "fields",
        "fields(later = ::tracing::field::Empty, one = 1)",
        N::Nothing,
        M::Nothing,
    ),
    now(
        "fields",
        r#"fields(once = ::matrix::counted("entry"))"#,
        N::Nothing,
        M::CountedEntry,
    ),
    now(
        "fields",
        "fields(dotted.shown = %{value}, shown_too = ?{debug})",
        N::Value,
        M::Nothing,
    ),
];

/// The arguments that are valid on an `impl` block.
const SHARED: &[&str] = &["layer", "level", "slow", "target", "skip", "kind", "crate"];

/// Some of the arguments, of different keys, by their indices in the table.
pub(crate) type Set = Vec<usize>;

impl Argument {
    /// Returns whether the argument is valid on this shape.
    pub(crate) fn fits(&self, shape: &Shape) -> bool {
        let suits = match self.needs {
            Needs::Nothing => true,
            Needs::Value => shape.args.iter().any(|arg| arg.is_value),
            Needs::Any => !shape.args.is_empty(),
            Needs::Returned => shape.returns != Returns::Opaque,
            Needs::Something => !matches!(shape.returns, Returns::Opaque | Returns::Nothing),
            Needs::Plain => matches!(shape.returns, Returns::Value | Returns::List),
            Needs::Empty => matches!(shape.returns, Returns::Option | Returns::List),
            Needs::Error => shape.returns == Returns::Result,
        };
        let shared = !shape.block || SHARED.contains(&self.key);
        suits && shared && !shape.without.iter().any(|key| key == self.key)
    }
}

/// The text between the attribute's parentheses.
pub(crate) fn written(set: &Set, shape: &Shape) -> String {
    let of_layer = |index: &usize| ARGUMENTS[*index].key == "layer";
    let mut texts: Vec<String> = Vec::new();
    if !set.iter().any(of_layer) {
        texts.push(String::from("layer = \"data\""));
    }
    let any = shape.args.first();
    let value = shape.args.iter().find(|arg| arg.is_value);
    let name = |arg: Option<&crate::shape::Arg>| arg.map_or("", |arg| &arg.name).to_owned();
    for index in set {
        let filled = ARGUMENTS[*index]
            .text
            .replace("{value}", &name(value))
            .replace("{debug}", &name(any))
            .replace("{ok}", shape.ok.as_deref().unwrap_or("?v"));
        texts.push(filled);
    }
    texts.join(", ")
}
