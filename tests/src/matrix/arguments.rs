//! The arguments of the attribute as data, and the check that an argument fits a shape.

use crate::shape::{Returns, Shape};

/// One argument of the attribute, its requirement on the function, and its effect on the record.
#[derive(Debug)]
pub(crate) struct Argument {
    /// The name that shapes use. A set has at most one argument of each key.
    pub(crate) key: &'static str,
    /// The source text; `{value}`, `{debug}` and `{ok}` are filled in from the shape.
    pub(crate) text: &'static str,
    pub(crate) needs: Needs,
    pub(crate) effect: Effect,
}

/// The requirement of an argument on the function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Needs {
    Nothing,
    /// An argument whose type implements `tracing::Value`.
    Value,
    /// An argument of any kind.
    Any,
    /// A returned value whose type is known.
    Returned,
    /// A returned value that is not `()`: clippy would replace `|_|` by `|()|`.
    Something,
    /// A returned value that is always a success.
    Plain,
    /// A returned type that can be empty.
    Empty,
    /// A `Result` whose error implements `Display`.
    Error,
}

/// The effect of an argument on the record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Effect {
    Nothing,
    /// A field in every record.
    CallField(&'static str),
    /// A field in the record of a success.
    SuccessField(&'static str),
    /// One counted evaluation in every call.
    CountedCall,
    /// One counted evaluation in every success.
    CountedSuccess,
    Operation(&'static str),
    Layer(&'static str),
    SuccessLevel(&'static str),
    ErrorLevel(&'static str),
    /// A success without results has the status `empty`.
    Empty,
}

const fn argument(key: &'static str, text: &'static str, needs: Needs, effect: Effect) -> Argument {
    Argument {
        key,
        text,
        needs,
        effect,
    }
}

use Effect as E;
use Needs as N;

/// Every argument, in each of its forms.
pub(crate) const ARGUMENTS: &[Argument] = &[
    argument("context", "context({value})", N::Value, E::Nothing),
    argument("context", "context(?{debug})", N::Any, E::Nothing),
    argument(
        "context",
        "context(shown = %{value}, dotted.name = ?{debug})",
        N::Value,
        E::CallField("shown"),
    ),
    argument(
        "context",
        r#"context(evaluated = ::matrix::counted("call"))"#,
        N::Nothing,
        E::CountedCall,
    ),
    argument(
        "context",
        "context(given = 1, metrics.also = 0.5)",
        N::Nothing,
        E::CallField("given"),
    ),
    argument(
        "metrics",
        "metrics(weight = 0.5)",
        N::Nothing,
        E::CallField("metrics.weight"),
    ),
    argument(
        "metrics",
        r#"metrics(weighed = ::matrix::counted("call"))"#,
        N::Nothing,
        E::CountedCall,
    ),
    argument(
        "ok",
        "ok(|v| got = {ok})",
        N::Returned,
        E::SuccessField("got"),
    ),
    argument(
        "ok",
        r#"ok(|_| seen = true, looked = ::matrix::counted("ok"))"#,
        N::Something,
        E::CountedSuccess,
    ),
    argument(
        "ok",
        r#"ok(|v| got = {ok}, looked = ::matrix::counted("ok"))"#,
        N::Returned,
        E::CountedSuccess,
    ),
    argument(
        "ok",
        "ok(|_| metrics.best = 1)",
        N::Something,
        E::SuccessField("metrics.best"),
    ),
    argument("empty", "empty", N::Empty, E::Empty),
    argument("empty", "empty = |_| false", N::Something, E::Nothing),
    // `outcome` excludes `empty`, so it has the same key.
    argument(
        "empty",
        "outcome = |_| ::ragspan::Outcome::Success",
        N::Plain,
        E::Nothing,
    ),
    argument(
        "context_from",
        "context_from = ::matrix::asked()",
        N::Nothing,
        E::CallField("asked"),
    ),
    argument(
        "model",
        r#"model = "small-1""#,
        N::Nothing,
        E::CallField("model"),
    ),
    argument(
        "usage",
        "usage = |_| ::ragspan::Usage::new(1, 2)",
        N::Something,
        E::SuccessField("metrics.input_tokens"),
    ),
    argument(
        "cost",
        "cost = |_| 0.5",
        N::Something,
        E::SuccessField("metrics.cost_usd"),
    ),
    argument(
        "documents",
        r#"documents = |_| ["a", "b"]"#,
        N::Something,
        E::SuccessField("metrics.documents"),
    ),
    argument("kind", r#"kind = "tool""#, N::Nothing, E::CallField("kind")),
    argument(
        "versions",
        r#"versions(prompt = "v3", n = 1)"#,
        N::Nothing,
        E::CallField("versions.prompt"),
    ),
    argument("slow", r#"slow = "60m""#, N::Nothing, E::Nothing),
    argument(
        "level",
        r#"level = "debug""#,
        N::Nothing,
        E::SuccessLevel("DEBUG"),
    ),
    argument(
        "level",
        r#"level = "warning""#,
        N::Nothing,
        E::SuccessLevel("WARNING"),
    ),
    argument(
        "operation",
        r#"operation = "op""#,
        N::Nothing,
        E::Operation("op"),
    ),
    argument(
        "layer",
        r#"layer = custom("matrix")"#,
        N::Nothing,
        E::Layer("matrix"),
    ),
    argument("crate", "crate = ::ragspan", N::Nothing, E::Nothing),
    argument("err", "err", N::Error, E::Nothing),
    argument("err", "err(Debug)", N::Error, E::Nothing),
    argument(
        "err",
        r#"err(level = "warn")"#,
        N::Error,
        E::ErrorLevel("WARNING"),
    ),
    argument("ret", "ret", N::Returned, E::Nothing),
    argument("ret", r#"ret(level = "debug")"#, N::Returned, E::Nothing),
    argument("skip", "skip_all", N::Nothing, E::Nothing),
    argument("skip", "skip({debug})", N::Any, E::Nothing),
    argument("name", r#"name = "renamed""#, N::Nothing, E::Nothing),
    argument("target", r#"target = "elsewhere""#, N::Nothing, E::Nothing),
    argument("parent", "parent = None", N::Nothing, E::Nothing),
    argument(
        "parent",
        "parent = &::tracing::Span::none()",
        N::Nothing,
        E::Nothing,
    ),
    argument(
        "follows_from",
        "follows_from = ::std::iter::empty::<::tracing::Id>()",
        N::Nothing,
        E::Nothing,
    ),
    argument(
        "fields",
        "fields(later = ::tracing::field::Empty, one = 1)",
        N::Nothing,
        E::Nothing,
    ),
    argument(
        "fields",
        r#"fields(once = ::matrix::counted("call"))"#,
        N::Nothing,
        E::CountedCall,
    ),
    argument(
        "fields",
        "fields(dotted.shown = %{value}, shown_too = ?{debug})",
        N::Value,
        E::Nothing,
    ),
];

/// Keys that are allowed on a whole block.
const SHARED: &[&str] = &["layer", "level", "slow", "target", "skip", "kind", "crate"];

/// Arguments of different keys, by their indices in [`ARGUMENTS`].
pub(crate) type Set = Vec<usize>;

impl Argument {
    /// Returns whether the shape accepts the argument.
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

/// Returns the text between the attribute's parentheses.
pub(crate) fn render(set: &Set, shape: &Shape) -> String {
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
