//! The grammar of recorded fields: `name`, `?name`, `%name`, `dotted.name = [?|%] expression`.

use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprAssign, Ident, Member, Token, braced, token};

use crate::list::at_end_of_item;
use crate::model::{Field, How, Name};

/// The prefix that makes a field a metric.
const METRICS: &str = "metrics.";

/// The prefix of what a call is compared by.
const VERSIONS: &str = "versions.";

/// Which list a field stands in.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum List {
    /// `context(..)` and `ok(..)`, where a metric is a field named `metrics.x`.
    Context,
    /// `metrics(..)`, where every field is a metric.
    Metrics,
    /// `versions(..)`, whose fields stand under that name.
    Versions,
}

/// Reads one field.
pub(crate) fn field(input: ParseStream<'_>, list: List) -> syn::Result<Field> {
    let written = written_name(input)?;
    let sigil = Sigil::parse(input)?;
    let value = value(input, written.as_ref(), sigil.as_ref())?;
    let (name, span) = match written {
        Some(name) => name,
        None => own_name(&value, sigil.as_ref())?,
    };
    let name = declared(name, list);
    let how = how(&name, sigil.as_ref())?;
    Ok(Field {
        name: Name::Text(name),
        span,
        how,
        value,
    })
}

/// What is recorded, which is not nothing.
fn value(
    input: ParseStream<'_>,
    written: Option<&(String, Span)>,
    sigil: Option<&Sigil>,
) -> syn::Result<Expr> {
    if !at_end_of_item(input) {
        return input.parse();
    }
    Err(match (sigil, written) {
        (Some(sigil), _) => Error::new(
            sigil.1,
            "the sign stands before a value: `?name`, or `name = ?value`",
        ),
        (None, Some((name, span))) => {
            let message = format!("`{name}` needs a value: write an expression behind `=`");
            Error::new(*span, message)
        }
        (None, None) => Error::new(
            input.span(),
            "a field is missing here: write a name, or leave the `,` out",
        ),
    })
}

/// Reads one field of `fields(..)`, as `tracing` reads it: `{NAME} = value` takes a constant's name, a bare name is one of an argument
/// or a field that the body records, and a sign before dotted names records what they reach.
pub(crate) fn declared_field(input: ParseStream<'_>) -> syn::Result<Field> {
    if input.peek(token::Brace) {
        return constant_field(input);
    }
    let ahead = input.fork();
    let bare = dotted(&ahead).is_ok_and(|_| ahead.is_empty() || ahead.peek(Token![,]));
    if bare {
        let value = input.fork().parse().unwrap_or(Expr::PLACEHOLDER);
        let (name, span) = dotted(input)?;
        return Ok(Field {
            name: Name::Text(name),
            span,
            how: How::Empty,
            value,
        });
    }
    if let Some(Sigil(how, _)) = Sigil::parse(&input.fork())? {
        return reached_field(input, how);
    }
    field(input, List::Context)
}

/// `{NAME} = value`
fn constant_field(input: ParseStream<'_>) -> syn::Result<Field> {
    let content;
    let brace = braced!(content in input);
    let name: Expr = content.parse()?;
    if input.parse::<Option<Token![=]>>()?.is_none() {
        let message = "a field named by a constant needs a value: {NAME} = value";
        return Err(Error::new(brace.span.join(), message));
    }
    let sigil = Sigil::parse(input)?;
    Ok(Field {
        name: Name::Constant(name),
        span: brace.span.join(),
        how: sigil.map_or(How::Value, |sigil| sigil.0),
        value: input.parse()?,
    })
}

/// `?self.filter`, under the name `self.filter`
fn reached_field(input: ParseStream<'_>, how: How) -> syn::Result<Field> {
    let ahead = input.fork();
    Sigil::parse(&ahead)?;
    let dotted_alone = dotted(&ahead).is_ok_and(|_| ahead.is_empty() || ahead.peek(Token![,]));
    if !dotted_alone {
        return field(input, List::Context);
    }
    Sigil::parse(input)?;
    let value: Expr = input.fork().parse()?;
    let (name, span) = dotted(input)?;
    Ok(Field {
        name: Name::Text(name),
        span,
        how,
        value,
    })
}

/// `?` or `%` before a value.
struct Sigil(How, Span);

impl Sigil {
    fn parse(input: ParseStream<'_>) -> syn::Result<Option<Self>> {
        if let Some(debug) = input.parse::<Option<Token![?]>>()? {
            return Ok(Some(Self(How::Debug, debug.span)));
        }
        let display = input.parse::<Option<Token![%]>>()?;
        Ok(display.map(|display| Self(How::Display, display.span)))
    }
}

/// The `dotted.name =` before a value, if there is one.
fn written_name(input: ParseStream<'_>) -> syn::Result<Option<(String, Span)>> {
    let ahead = input.fork();
    let found = dotted(&ahead)
        .ok()
        .filter(|_| ahead.peek(Token![=]) && !ahead.peek(Token![==]));
    if found.is_some() {
        dotted(input)?;
        input.parse::<Token![=]>()?;
    }
    Ok(found)
}

fn dotted(input: ParseStream<'_>) -> syn::Result<(String, Span)> {
    let first = Ident::parse_any(input)?;
    let mut name = first.unraw().to_string();
    while input.parse::<Option<Token![.]>>()?.is_some() {
        name.push('.');
        name.push_str(&Ident::parse_any(input)?.unraw().to_string());
    }
    Ok((name, first.span()))
}

/// The name of a value that is a name itself.
fn own_name(value: &Expr, sigil: Option<&Sigil>) -> syn::Result<(String, Span)> {
    match value {
        Expr::Path(path) if path.path.get_ident().is_some() => {
            let name = path.path.require_ident()?.unraw().to_string();
            Ok((name, value.span()))
        }
        Expr::Assign(assigned) => Err(misplaced(assigned, sigil)),
        _ => Err(Error::new_spanned(value, unnamed(value))),
    }
}

fn misplaced(assigned: &ExprAssign, sigil: Option<&Sigil>) -> Error {
    match sigil {
        Some(Sigil(how, span)) => {
            let sign = if *how == How::Debug { '?' } else { '%' };
            let name = assigned.left.to_token_stream().to_string().replace(' ', "");
            let message =
                format!("the sign stands behind the `=`, before the value: `{name} = {sign}..`");
            Error::new(*span, message)
        }
        None => Error::new_spanned(
            &assigned.left,
            "a field's name is a word, or words with dots between: `name = value`",
        ),
    }
}

fn unnamed(value: &Expr) -> String {
    let name = last_word(value).unwrap_or_else(|| String::from("name"));
    format!("an expression needs a name: write `{name} = ` before it")
}

/// The word that says best what an expression gives.
fn last_word(value: &Expr) -> Option<String> {
    match value {
        Expr::MethodCall(call) => Some(call.method.unraw().to_string()),
        Expr::Field(access) => match &access.member {
            Member::Named(name) => Some(name.unraw().to_string()),
            Member::Unnamed(_) => None,
        },
        Expr::Reference(reference) => last_word(&reference.expr),
        Expr::Path(path) => path
            .path
            .segments
            .last()
            .map(|last| last.ident.unraw().to_string()),
        _ => None,
    }
}

fn declared(name: String, list: List) -> String {
    match list {
        List::Metrics if !name.starts_with(METRICS) => format!("{METRICS}{name}"),
        List::Versions => format!("{VERSIONS}{name}"),
        List::Context | List::Metrics => name,
    }
}

fn how(name: &str, sigil: Option<&Sigil>) -> syn::Result<How> {
    match sigil {
        Some(Sigil(_, span)) if name.starts_with(METRICS) => Err(Error::new(
            *span,
            "a metric is a number: leave the sign out, or use context(..)",
        )),
        Some(Sigil(how, _)) => Ok(*how),
        None if name.starts_with(METRICS) => Ok(How::Metric),
        None => Ok(How::Value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse::Parser;

    fn read(text: &str, list: List) -> syn::Result<Field> {
        let parser = |input: ParseStream<'_>| field(input, list);
        parser.parse_str(text)
    }

    fn check(text: &str, list: List, name: &str, how: How, value: &str) {
        let field = read(text, list).unwrap();
        assert!(
            matches!(&field.name, Name::Text(text) if text == name),
            "{text}"
        );
        assert_eq!(field.how, how, "{text}");
        assert_eq!(field.value.to_token_stream().to_string(), value, "{text}");
    }

    fn refused(text: &str, list: List, part: &str) {
        let error = read(text, list).err().unwrap().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }

    #[test]
    fn context_fields() {
        check("top_k", List::Context, "top_k", How::Value, "top_k");
        check("r#type", List::Context, "type", How::Value, "r#type");
        check("self", List::Context, "self", How::Value, "self");
        check("?filter", List::Context, "filter", How::Debug, "filter");
        check("%id", List::Context, "id", How::Display, "id");
        check(
            "chars = query.len()",
            List::Context,
            "chars",
            How::Value,
            "query . len ()",
        );
        check(
            "f = ?self.filter",
            List::Context,
            "f",
            How::Debug,
            "self . filter",
        );
        check("type = %kind", List::Context, "type", How::Display, "kind");
        check(
            "a.b.c = x == y",
            List::Context,
            "a.b.c",
            How::Value,
            "x == y",
        );
    }

    #[test]
    fn metrics_stand_under_their_prefix() {
        check(
            "weight",
            List::Metrics,
            "metrics.weight",
            How::Metric,
            "weight",
        );
        check(
            "metrics.weight = 1.5",
            List::Metrics,
            "metrics.weight",
            How::Metric,
            "1.5",
        );
        check(
            "metrics.best = x",
            List::Context,
            "metrics.best",
            How::Metric,
            "x",
        );
    }

    #[test]
    fn expressions_need_a_name() {
        refused("query.len()", List::Context, "write `len = ` before it");
        refused("self.top_k", List::Context, "write `top_k = ` before it");
        refused("&self.top_k", List::Context, "write `top_k = ` before it");
        refused(
            "?config::LIMIT",
            List::Context,
            "write `LIMIT = ` before it",
        );
        refused("1 + 2", List::Metrics, "write `name = ` before it");
        refused("a == b", List::Context, "needs a name");
    }

    #[test]
    fn signs_stand_before_the_value() {
        refused("?name = value", List::Context, "`name = ?..`");
        refused("\"a b\" = value", List::Context, "a field's name is a word");
        refused("?weight", List::Metrics, "a metric is a number");
        refused("metrics.w = %weight", List::Context, "a metric is a number");
    }
}
