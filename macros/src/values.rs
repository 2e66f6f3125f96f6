//! The grammar of the values of most arguments: one parser per key.

use proc_macro2::TokenTree;
use ragspan_core::{Layer as BuiltInLayer, duration};
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Error, Ident, LitInt, LitStr, Pat, Path, Token, token};

use crate::arg::{Arg, in_parentheses};
use crate::errors::Errors;
use crate::fields::{FieldGroup, field};
use crate::list::{at_end_of_item, list};
use crate::model::{Arguments, EmptyCheck, Field, Layer, Level, OkFields, Pattern, ValueClosure};
use crate::suggest;

/// The levels, each with its constant of `tracing::Level` and its variant of `ragspan::Level`.
const LEVELS: &[(&str, &str, &str)] = &[
    ("trace", "TRACE", "Trace"),
    ("debug", "DEBUG", "Debug"),
    ("info", "INFO", "Info"),
    ("warn", "WARN", "Warning"),
    ("warning", "WARN", "Warning"),
    ("error", "ERROR", "Error"),
];

/// The level that only failures can have.
const CRITICAL: (&str, &str, &str) = ("critical", "ERROR", "Critical");

const LEVEL: &str = "a level must be a name, a number from 1 to 5, or a constant of tracing::Level: level = \"debug\"";

/// `layer = "retrieval"` or `layer = custom("rerank")`
pub(crate) fn layer(arguments: &mut Arguments, arg: &Arg<'_>, _: &mut Errors) -> syn::Result<()> {
    let example = "layer = \"retrieval\"";
    let input = arg.value(example)?;
    let layer = match input.parse::<Option<LitStr>>()? {
        Some(name) => known_layer(&name)?,
        None => custom_layer(input, example)?,
    };
    arguments.layer = Some(layer);
    Ok(())
}

fn known_layer(literal: &LitStr) -> syn::Result<Layer> {
    let name = literal.value();
    let mut layers = BuiltInLayer::ALL.into_iter();
    if let Some(layer) = layers.find(|layer| layer.name() == name) {
        return Ok(Layer::Known(layer));
    }
    let known = BuiltInLayer::ALL.map(BuiltInLayer::name);
    let message = suggest::unknown("layer", &name, &known);
    Err(Error::new(
        literal.span(),
        format!("{message}; or write layer = custom(\"{name}\")"),
    ))
}

fn custom_layer(input: ParseStream<'_>, example: &str) -> syn::Result<Layer> {
    let ahead = input.fork();
    let is_custom = ahead.parse::<Ident>().is_ok_and(|word| word == "custom");
    if !(is_custom && ahead.peek(token::Paren)) {
        let message = format!("a layer must be a string: {example}, or layer = custom(\"rerank\")");
        return Err(Error::new(input.span(), message));
    }
    input.parse::<Ident>()?;
    in_parentheses(input, |content| {
        if !content.peek(LitStr) {
            let message = "`custom` takes one name, a string: layer = custom(\"rerank\")";
            return Err(Error::new(content.span(), message));
        }
        custom_name(content.parse()?).map(Layer::Custom)
    })
}

/// Validates a custom layer's name, which becomes a metrics label and part of a logger name.
fn custom_name(literal: LitStr) -> syn::Result<LitStr> {
    let name = literal.value();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        let message =
            "a layer name may contain only lower-case letters, digits and `_`: custom(\"rerank\")";
        return Err(Error::new(literal.span(), message));
    }
    if BuiltInLayer::ALL.iter().any(|layer| layer.name() == name) {
        let message = format!("`{name}` is a built-in layer: write layer = \"{name}\"");
        return Err(Error::new(literal.span(), message));
    }
    Ok(literal)
}

/// `operation = "hybrid_search"`
pub(crate) fn operation(
    arguments: &mut Arguments,
    arg: &Arg<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    let name = arg.string("operation = \"hybrid_search\"")?;
    if name.value().is_empty()
        || name
            .value()
            .contains(|c: char| c.is_whitespace() || c.is_control())
    {
        let message =
            "an operation must not be empty or contain spaces: operation = \"hybrid_search\"";
        return Err(Error::new(name.span(), message));
    }
    arguments.operation = Some(name);
    Ok(())
}

/// `level = "debug"`, and as in `tracing`, `level = 2` and `level = Level::DEBUG`
pub(crate) fn level(arguments: &mut Arguments, arg: &Arg<'_>, _: &mut Errors) -> syn::Result<()> {
    let input = arg.value("level = \"debug\"")?;
    arguments.level = Some(level_value(input)?);
    Ok(())
}

/// `"debug"`, `2` or `Level::DEBUG`
pub(crate) fn level_value(input: ParseStream<'_>) -> syn::Result<Level> {
    if input.peek(LitStr) {
        let literal: LitStr = input.parse()?;
        let name = literal.value();
        if name.eq_ignore_ascii_case("critical") {
            let message = "`critical` is a level for failures only: err(level = \"critical\")";
            return Err(Error::new(literal.span(), message));
        }
        return named_level(&literal, LEVELS).map(|known| known.level);
    }
    if input.peek(LitInt) {
        return numbered_level(&input.parse()?);
    }
    level_constant(input).map(Level::Path)
}

fn level_constant(input: ParseStream<'_>) -> syn::Result<Path> {
    let start = input.span();
    let constant: syn::Result<Path> = input.parse();
    let constant = constant.ok().filter(|_| at_end_of_item(input));
    constant.ok_or_else(|| Error::new(start, LEVEL))
}

/// A level that was given by its name.
pub(crate) struct KnownLevel {
    pub(crate) level: Level,
    /// The variant of `ragspan::Level`.
    pub(crate) severity: &'static str,
}

/// Reads the level of a failure, if it is given by its name.
pub(crate) fn severity(input: ParseStream<'_>) -> syn::Result<Option<KnownLevel>> {
    if !input.peek(LitStr) {
        return Ok(None);
    }
    let of_failures = [LEVELS, &[CRITICAL]].concat();
    named_level(&input.parse()?, &of_failures).map(Some)
}

fn named_level(
    literal: &LitStr,
    levels: &[(&str, &'static str, &'static str)],
) -> syn::Result<KnownLevel> {
    let name = literal.value();
    let found = levels
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(&name));
    if let Some((_, constant, severity)) = found {
        return Ok(KnownLevel {
            level: Level::Named(constant),
            severity,
        });
    }
    let known: Vec<&str> = levels.iter().map(|(known, ..)| *known).collect();
    Err(Error::new(
        literal.span(),
        suggest::unknown("level", &name, &known),
    ))
}

fn numbered_level(literal: &LitInt) -> syn::Result<Level> {
    let constant = match literal.base10_digits() {
        "1" => "TRACE",
        "2" => "DEBUG",
        "3" => "INFO",
        "4" => "WARN",
        "5" => "ERROR",
        _ => {
            return Err(Error::new(literal.span(), LEVEL));
        }
    };
    Ok(Level::Named(constant))
}

/// `context(top_k, chars = query.len(), ?filter, %id)`
pub(crate) fn context(
    arguments: &mut Arguments,
    arg: &Arg<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    arguments.context = arg.group("context(top_k, chars = query.len())", |group| {
        Ok(fields(group, FieldGroup::Context, errors))
    })?;
    Ok(())
}

/// `metrics(weight = 0.5)`
pub(crate) fn metrics(
    arguments: &mut Arguments,
    arg: &Arg<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    arguments.metrics = arg.group("metrics(weight = 0.5)", |group| {
        Ok(fields(group, FieldGroup::Metrics, errors))
    })?;
    Ok(())
}

/// `ok(|hits| chunks = hits.len(), metrics.best = hits.first().map(|hit| hit.score))`
pub(crate) fn ok(arguments: &mut Arguments, arg: &Arg<'_>, errors: &mut Errors) -> syn::Result<()> {
    let example = "ok(|hits| chunks = hits.len())";
    arguments.ok = Some(arg.group(example, |group| {
        let pattern = pattern(group, arg.key, example)?;
        if group.is_empty() {
            return Err(arg.error("lists no fields", example));
        }
        let fields = fields(group, FieldGroup::Context, errors);
        Ok(OkFields { pattern, fields })
    })?);
    Ok(())
}

/// `slow = "2s"`
pub(crate) fn slow(arguments: &mut Arguments, arg: &Arg<'_>, _: &mut Errors) -> syn::Result<()> {
    let literal = arg.string("slow = \"2s\"")?;
    let micros = slow_micros(&literal.value());
    arguments.slow_us = Some(micros.map_err(|message| Error::new(literal.span(), message))?);
    Ok(())
}

/// Parses a duration of at least a microsecond.
fn slow_micros(text: &str) -> Result<u64, String> {
    let parsed = duration::parse(text);
    let duration = parsed.map_err(|error| format!("`{text}` is not a duration: {error}"))?;
    // The grammar rejects longer durations.
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    if micros == 0 {
        return Err(format!(
            "`{text}` is shorter than a microsecond: write at least \"1us\""
        ));
    }
    Ok(micros)
}

/// `empty` or `empty = |answer| answer.text.is_empty()`
pub(crate) fn empty(arguments: &mut Arguments, arg: &Arg<'_>, _: &mut Errors) -> syn::Result<()> {
    let example = "empty = |answer| answer.text.is_empty()";
    arguments.empty = Some(if arg.is_bare() {
        EmptyCheck::ByType(arg.key.span())
    } else if arg.input.peek(Token![=]) {
        EmptyCheck::Closure(value_closure(arg.value(example)?, arg.key, example)?)
    } else {
        return Err(arg.error("takes either no value or a closure", example));
    });
    Ok(())
}

/// `outcome = |reply| if reply.refused() { Outcome::Empty } else { Outcome::Success }`
pub(crate) fn outcome(arguments: &mut Arguments, arg: &Arg<'_>, _: &mut Errors) -> syn::Result<()> {
    let example = "outcome = |reply| reply.outcome()";
    let input = arg.value(example)?;
    arguments.outcome = Some(value_closure(input, arg.key, example)?);
    Ok(())
}

/// `context_from = request`
pub(crate) fn context_from(
    arguments: &mut Arguments,
    arg: &Arg<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    let input = arg.value("context_from = request")?;
    arguments.context_from = Some(input.parse()?);
    Ok(())
}

/// `crate = path::to::ragspan`
pub(crate) fn krate(arguments: &mut Arguments, arg: &Arg<'_>, _: &mut Errors) -> syn::Result<()> {
    arguments.krate = Some(crate_path_value(arg)?);
    Ok(())
}

/// Reads the path after `crate =`.
pub(crate) fn crate_path_value(arg: &Arg<'_>) -> syn::Result<Path> {
    let input = arg.value("crate = path::to::ragspan")?;
    let start = input.span();
    Path::parse_mod_style(input).map_err(|_| {
        let message = "`crate` must be a path to ragspan: crate = path::to::ragspan";
        Error::new(start, message)
    })
}

fn fields(group: ParseStream<'_>, which: FieldGroup, errors: &mut Errors) -> Vec<Field> {
    let mut fields = Vec::new();
    list(group, errors, |input, _| {
        fields.push(field(input, which)?);
        Ok(())
    });
    fields
}

/// `|pattern| expression`
pub(crate) fn value_closure(
    input: ParseStream<'_>,
    key: &Ident,
    example: &str,
) -> syn::Result<ValueClosure> {
    let pattern = Box::new(pattern(input, key, example)?);
    if input.is_empty() || input.peek(Token![,]) {
        let message = format!("the closure of `{key}` has no body: {example}");
        return Err(Error::new(key.span(), message));
    }
    Ok(ValueClosure {
        pattern,
        expression: input.parse()?,
    })
}

/// `|pattern|` or `|pattern: Type|`
fn pattern(input: ParseStream<'_>, key: &Ident, example: &str) -> syn::Result<Pattern> {
    let message = || format!("`{key}` takes a closure of the value: {example}");
    if !input.peek(Token![|]) || input.peek(Token![||]) {
        let span = if input.is_empty() {
            key.span()
        } else {
            input.span()
        };
        return Err(Error::new(span, message()));
    }
    input.parse::<Token![|]>()?;
    let pattern = Pat::parse_single(input)?;
    let colon: Option<Token![:]> = input.parse()?;
    let ascribed = colon.map(|_| input.parse()).transpose()?;
    if !input.peek(Token![|]) {
        return Err(not_one_parameter(input, &pattern, key, example));
    }
    input.parse::<Token![|]>()?;
    Ok(Pattern { pattern, ascribed })
}

/// Returns the error for a closure with more than one parameter. Skips the tokens up to the `|`, because the comma
/// among them would start another argument.
fn not_one_parameter(input: ParseStream<'_>, first: &Pat, key: &Ident, example: &str) -> Error {
    let second = input.parse::<Option<Token![,]>>();
    let span = match second {
        Ok(Some(_)) if !input.is_empty() => input.span(),
        _ => first.span(),
    };
    while !input.is_empty() && !input.peek(Token![|]) {
        let _skipped: syn::Result<TokenTree> = input.parse();
    }
    let message = format!("the closure of `{key}` takes one parameter, the value: {example}");
    Error::new(span, message)
}
