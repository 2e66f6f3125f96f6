//! The grammar of each argument's value: one reader a key.

use proc_macro2::TokenTree;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Error, Ident, LitInt, LitStr, Pat, Path, Token, token};

use crate::duration;
use crate::errors::Errors;
use crate::fields::{List, field};
use crate::list::{at_end_of_item, list};
use crate::model::{Arguments, Empty, Field, Judged, Layer, Level, Pattern, Success};
use crate::place::{Place, in_parentheses};
use crate::suggest;

/// The layers, each with the variant that names it at run time.
const LAYERS: &[(&str, &str)] = &[
    ("api", "Api"),
    ("ingestion", "Ingestion"),
    ("data", "Data"),
    ("retrieval", "Retrieval"),
    ("generation", "Generation"),
    ("evaluation", "Evaluation"),
    ("memory", "Memory"),
];

/// The levels, each with its constant of `tracing::Level` and its variant of `ragspan::Level`.
const LEVELS: &[(&str, &str, &str)] = &[
    ("trace", "TRACE", "Trace"),
    ("debug", "DEBUG", "Debug"),
    ("info", "INFO", "Info"),
    ("warn", "WARN", "Warning"),
    ("warning", "WARN", "Warning"),
    ("error", "ERROR", "Error"),
];

/// A level that only a failure has.
const CRITICAL: (&str, &str, &str) = ("critical", "ERROR", "Critical");

const LEVEL: &str =
    "a level is a name, a number from 1 to 5, or a constant of tracing::Level: level = \"debug\"";

/// `layer = "retrieval"` or `layer = custom("rerank")`
pub(crate) fn layer(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    let example = "layer = \"retrieval\"";
    let input = place.value(example)?;
    let layer = match input.parse::<Option<LitStr>>()? {
        Some(name) => known_layer(&name)?,
        None => custom_layer(input, example)?,
    };
    arguments.layer = Some(layer);
    Ok(())
}

fn known_layer(written: &LitStr) -> syn::Result<Layer> {
    let name = written.value();
    if let Some((_, variant)) = LAYERS.iter().find(|(known, _)| *known == name) {
        return Ok(Layer::Known(variant));
    }
    let known: Vec<&str> = LAYERS.iter().map(|(known, _)| *known).collect();
    let message = suggest::unknown("layer", &name, &known);
    Err(Error::new(
        written.span(),
        format!("{message}; or write layer = custom(\"{name}\")"),
    ))
}

fn custom_layer(input: ParseStream<'_>, example: &str) -> syn::Result<Layer> {
    let ahead = input.fork();
    let is_custom = ahead.parse::<Ident>().is_ok_and(|word| word == "custom");
    if !(is_custom && ahead.peek(token::Paren)) {
        let message = format!("a layer is a string: {example}, or layer = custom(\"rerank\")");
        return Err(Error::new(input.span(), message));
    }
    input.parse::<Ident>()?;
    in_parentheses(input, |content| {
        if !content.peek(LitStr) {
            let message = "a layer of your own has one name, a string: layer = custom(\"rerank\")";
            return Err(Error::new(content.span(), message));
        }
        custom_name(content.parse()?).map(Layer::Custom)
    })
}

/// A layer's name becomes a label and part of a logger's name, so it is a plain word.
fn custom_name(written: LitStr) -> syn::Result<LitStr> {
    let name = written.value();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        let message = "a layer's name is lower-case letters, digits and `_`: custom(\"rerank\")";
        return Err(Error::new(written.span(), message));
    }
    if LAYERS.iter().any(|(known, _)| *known == name) {
        let message = format!("`{name}` needs no custom(..): write layer = \"{name}\"");
        return Err(Error::new(written.span(), message));
    }
    Ok(written)
}

/// `operation = "hybrid_search"`
pub(crate) fn operation(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    let name = place.string("operation = \"hybrid_search\"")?;
    if name.value().is_empty()
        || name
            .value()
            .contains(|c: char| c.is_whitespace() || c.is_control())
    {
        let message = "an operation is one word: operation = \"hybrid_search\"";
        return Err(Error::new(name.span(), message));
    }
    arguments.operation = Some(name);
    Ok(())
}

/// `level = "debug"`, and as in `tracing` also `level = 2` and `level = Level::DEBUG`
pub(crate) fn level(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    let input = place.value("level = \"debug\"")?;
    arguments.level = Some(level_value(input)?);
    Ok(())
}

/// `"debug"`, `2` or `Level::DEBUG`
pub(crate) fn level_value(input: ParseStream<'_>) -> syn::Result<Level> {
    if input.peek(LitStr) {
        let written: LitStr = input.parse()?;
        let name = written.value();
        if name.eq_ignore_ascii_case("critical") {
            let message = "`critical` is a level of failures: err(level = \"critical\")";
            return Err(Error::new(written.span(), message));
        }
        return named_level(&written, LEVELS).map(|known| known.level);
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

/// A level by its name, as `tracing` and as a record call it.
pub(crate) struct KnownLevel {
    pub(crate) level: Level,
    /// The variant of `ragspan::Level`.
    pub(crate) severity: &'static str,
}

/// A level of failures that is given by its name.
pub(crate) fn severity(input: ParseStream<'_>) -> syn::Result<Option<KnownLevel>> {
    if !input.peek(LitStr) {
        return Ok(None);
    }
    let of_failures = [LEVELS, &[CRITICAL]].concat();
    named_level(&input.parse()?, &of_failures).map(Some)
}

fn named_level(
    written: &LitStr,
    levels: &[(&str, &'static str, &'static str)],
) -> syn::Result<KnownLevel> {
    let name = written.value();
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
        written.span(),
        suggest::unknown("level", &name, &known),
    ))
}

fn numbered_level(written: &LitInt) -> syn::Result<Level> {
    let constant = match written.base10_digits() {
        "1" => "TRACE",
        "2" => "DEBUG",
        "3" => "INFO",
        "4" => "WARN",
        "5" => "ERROR",
        _ => {
            return Err(Error::new(written.span(), LEVEL));
        }
    };
    Ok(Level::Named(constant))
}

/// `context(top_k, chars = query.len(), ?filter, %id)`
pub(crate) fn context(
    arguments: &mut Arguments,
    place: &Place<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    arguments.context = place.group("context(top_k, chars = query.len())", |group| {
        Ok(fields(group, List::Context, errors))
    })?;
    Ok(())
}

/// `metrics(weight = 0.5)`
pub(crate) fn metrics(
    arguments: &mut Arguments,
    place: &Place<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    arguments.metrics = place.group("metrics(weight = 0.5)", |group| {
        Ok(fields(group, List::Metrics, errors))
    })?;
    Ok(())
}

/// `ok(|hits| chunks = hits.len(), metrics.best = hits.first().map(|hit| hit.score))`
pub(crate) fn ok(
    arguments: &mut Arguments,
    place: &Place<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    let example = "ok(|hits| chunks = hits.len())";
    arguments.ok = Some(place.group(example, |group| {
        let pattern = pattern(group, place.key, example)?;
        if group.is_empty() {
            return Err(place.wants("records nothing", example));
        }
        let fields = fields(group, List::Context, errors);
        Ok(Success { pattern, fields })
    })?);
    Ok(())
}

/// `slow = "2s"`
pub(crate) fn slow(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    let written = place.string("slow = \"2s\"")?;
    let micros = duration::micros(&written.value());
    arguments.slow_us = Some(micros.map_err(|message| Error::new(written.span(), message))?);
    Ok(())
}

/// `empty` or `empty = |answer| answer.text.is_empty()`
pub(crate) fn empty(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    let example = "empty = |answer| answer.text.is_empty()";
    arguments.empty = Some(if place.stands_alone() {
        Empty::ByType(place.key.span())
    } else if place.input.peek(Token![=]) {
        Empty::By(judged(place.value(example)?, place.key, example)?)
    } else {
        return Err(place.wants("stands alone or takes a closure", example));
    });
    Ok(())
}

/// `outcome = |reply| if reply.refused() { Outcome::Empty } else { Outcome::Success }`
pub(crate) fn outcome(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    let example = "outcome = |reply| reply.outcome()";
    let input = place.value(example)?;
    arguments.outcome = Some(judged(input, place.key, example)?);
    Ok(())
}

/// `context_from = request`
pub(crate) fn context_from(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    let input = place.value("context_from = request")?;
    arguments.context_from = Some(input.parse()?);
    Ok(())
}

/// `crate = path::to::ragspan`
pub(crate) fn krate(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    arguments.krate = Some(path_to_us(place)?);
    Ok(())
}

/// The path behind `crate =`.
pub(crate) fn path_to_us(place: &Place<'_>) -> syn::Result<Path> {
    let input = place.value("crate = path::to::ragspan")?;
    let start = input.span();
    Path::parse_mod_style(input).map_err(|_| {
        let message = "`crate` is the path to ragspan: crate = path::to::ragspan";
        Error::new(start, message)
    })
}

fn fields(group: ParseStream<'_>, which: List, errors: &mut Errors) -> Vec<Field> {
    let mut fields = Vec::new();
    list(group, errors, |input, _| {
        fields.push(field(input, which)?);
        Ok(())
    });
    fields
}

/// `|pattern| expression`
pub(crate) fn judged(input: ParseStream<'_>, key: &Ident, example: &str) -> syn::Result<Judged> {
    let pattern = Box::new(pattern(input, key, example)?);
    if input.is_empty() || input.peek(Token![,]) {
        let message = format!("`{key}` names the value and does nothing with it: {example}");
        return Err(Error::new(key.span(), message));
    }
    Ok(Judged {
        pattern,
        expression: input.parse()?,
    })
}

/// `|pattern|` or `|pattern: Type|`
fn pattern(input: ParseStream<'_>, key: &Ident, example: &str) -> syn::Result<Pattern> {
    let message = || format!("`{key}` starts with a name for the value: {example}");
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
        return Err(not_one_name(input, &pattern, key, example));
    }
    input.parse::<Token![|]>()?;
    Ok(Pattern { pattern, ascribed })
}

/// Refuses what stands behind the first name, up to the `|`, so that its comma does not begin another argument.
fn not_one_name(input: ParseStream<'_>, first: &Pat, key: &Ident, example: &str) -> Error {
    let second = input.parse::<Option<Token![,]>>();
    let span = match second {
        Ok(Some(_)) if !input.is_empty() => input.span(),
        _ => first.span(),
    };
    while !input.is_empty() && !input.peek(Token![|]) {
        let _skipped: syn::Result<TokenTree> = input.parse();
    }
    let message =
        format!("`{key}` takes one name, that of the value, between `|` and `|`: {example}");
    Error::new(span, message)
}
