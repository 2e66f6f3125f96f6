//! The grammar of recorded fields: `name`, `?name`, `%name`, `dotted.name = [?|%] expression`.

use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprAssign, Ident, Member, Token, braced, token};

use crate::list::at_end_of_item;
use crate::model::{Field, FieldKind, FieldName};

/// The prefix that makes a field a metric.
const METRICS: &str = "metrics.";

/// The prefix of the dimensions that calls are compared by.
const VERSIONS: &str = "versions.";

/// The argument that a field is listed in.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum FieldGroup {
    /// `context(..)` and `ok(..)`, where a metric is a field named `metrics.x`.
    Context,
    /// `metrics(..)`, where every field is a metric.
    Metrics,
    /// `versions(..)`, whose field names get the prefix `versions.`.
    Versions,
}

/// Parses one field.
pub(crate) fn field(input: ParseStream<'_>, list: FieldGroup) -> syn::Result<Field> {
    let written = written_name(input)?;
    let sigil = Sigil::parse(input)?;
    let value = value(input, written.as_ref(), sigil.as_ref())?;
    let (name, span) = match written {
        Some(name) => name,
        None => own_name(&value, sigil.as_ref())?,
    };
    let name = declared(name, list);
    let kind = kind(&name, sigil.as_ref())?;
    Ok(Field {
        name: FieldName::Text(name),
        span,
        kind,
        value,
    })
}

/// Parses the recorded expression. Fails if there is none.
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
            "`?` and `%` must be followed by a value: `?name`, or `name = ?value`",
        ),
        (None, Some((name, span))) => {
            let message = format!("`{name}` needs a value: write an expression after `=`");
            Error::new(*span, message)
        }
        (None, None) => Error::new(
            input.span(),
            "expected a field: write a name, or remove the extra `,`",
        ),
    })
}

/// Parses one field of `fields(..)` as `tracing` does.
///
/// `{NAME} = value` takes the field's name from a constant. A bare name is either a parameter or a field that the body
/// records later. A sigil before a dotted name records the expression of that name.
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
            name: FieldName::Text(name),
            span,
            kind: FieldKind::Empty,
            value,
        });
    }
    if let Some(Sigil(kind, _)) = Sigil::parse(&input.fork())? {
        return dotted_field(input, kind);
    }
    field(input, FieldGroup::Context)
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
        name: FieldName::Constant(name),
        span: brace.span.join(),
        kind: sigil.map_or(FieldKind::Value, |sigil| sigil.0),
        value: input.parse()?,
    })
}

/// `?self.filter`, recorded under the name `self.filter`
fn dotted_field(input: ParseStream<'_>, kind: FieldKind) -> syn::Result<Field> {
    let ahead = input.fork();
    Sigil::parse(&ahead)?;
    let is_dotted_name = dotted(&ahead).is_ok_and(|_| ahead.is_empty() || ahead.peek(Token![,]));
    if !is_dotted_name {
        return field(input, FieldGroup::Context);
    }
    Sigil::parse(input)?;
    let value: Expr = input.fork().parse()?;
    let (name, span) = dotted(input)?;
    Ok(Field {
        name: FieldName::Text(name),
        span,
        kind,
        value,
    })
}

/// `?` or `%` before a value.
struct Sigil(FieldKind, Span);

impl Sigil {
    fn parse(input: ParseStream<'_>) -> syn::Result<Option<Self>> {
        if let Some(debug) = input.parse::<Option<Token![?]>>()? {
            return Ok(Some(Self(FieldKind::Debug, debug.span)));
        }
        let display = input.parse::<Option<Token![%]>>()?;
        Ok(display.map(|display| Self(FieldKind::Display, display.span)))
    }
}

/// Parses the optional `dotted.name =` before a value.
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

/// Returns the field name of an expression that is a plain identifier.
fn own_name(value: &Expr, sigil: Option<&Sigil>) -> syn::Result<(String, Span)> {
    match value {
        Expr::Path(path) if path.path.get_ident().is_some() => {
            let name = path.path.require_ident()?.unraw().to_string();
            Ok((name, value.span()))
        }
        Expr::Assign(assigned) => Err(invalid_assignment(assigned, sigil)),
        _ => Err(Error::new_spanned(value, unnamed(value))),
    }
}

fn invalid_assignment(assigned: &ExprAssign, sigil: Option<&Sigil>) -> Error {
    match sigil {
        Some(Sigil(kind, span)) => {
            let sigil = if *kind == FieldKind::Debug { '?' } else { '%' };
            let name = assigned.left.to_token_stream().to_string().replace(' ', "");
            let message =
                format!("`{sigil}` goes after the `=`, before the value: `{name} = {sigil}..`");
            Error::new(*span, message)
        }
        None => Error::new_spanned(
            &assigned.left,
            "a field name must be an identifier, or identifiers separated by dots: `name = value`",
        ),
    }
}

fn unnamed(value: &Expr) -> String {
    let name = last_word(value).unwrap_or_else(|| String::from("name"));
    format!("an expression needs a field name: write `{name} = ` before it")
}

/// Suggests a field name for an expression: its last identifier.
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

fn declared(name: String, list: FieldGroup) -> String {
    match list {
        FieldGroup::Metrics if !name.starts_with(METRICS) => format!("{METRICS}{name}"),
        FieldGroup::Versions => format!("{VERSIONS}{name}"),
        FieldGroup::Context | FieldGroup::Metrics => name,
    }
}

fn kind(name: &str, sigil: Option<&Sigil>) -> syn::Result<FieldKind> {
    match sigil {
        Some(Sigil(_, span)) if name.starts_with(METRICS) => Err(Error::new(
            *span,
            "a metric is a number and takes no `?` or `%`: remove the sign, or use context(..)",
        )),
        Some(Sigil(kind, _)) => Ok(*kind),
        None if name.starts_with(METRICS) => Ok(FieldKind::Metric),
        None => Ok(FieldKind::Value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse::Parser;

    fn read(text: &str, list: FieldGroup) -> syn::Result<Field> {
        let parser = |input: ParseStream<'_>| field(input, list);
        parser.parse_str(text)
    }

    fn check(text: &str, list: FieldGroup, name: &str, kind: FieldKind, value: &str) {
        let field = read(text, list).unwrap();
        assert!(
            matches!(&field.name, FieldName::Text(text) if text == name),
            "{text}"
        );
        assert_eq!(field.kind, kind, "{text}");
        assert_eq!(field.value.to_token_stream().to_string(), value, "{text}");
    }

    fn rejected(text: &str, list: FieldGroup, part: &str) {
        let error = read(text, list).err().unwrap().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }

    #[test]
    fn context_fields_are_parsed() {
        check(
            "top_k",
            FieldGroup::Context,
            "top_k",
            FieldKind::Value,
            "top_k",
        );
        check(
            "r#type",
            FieldGroup::Context,
            "type",
            FieldKind::Value,
            "r#type",
        );
        check(
            "self",
            FieldGroup::Context,
            "self",
            FieldKind::Value,
            "self",
        );
        check(
            "?filter",
            FieldGroup::Context,
            "filter",
            FieldKind::Debug,
            "filter",
        );
        check("%id", FieldGroup::Context, "id", FieldKind::Display, "id");
        check(
            "chars = query.len()",
            FieldGroup::Context,
            "chars",
            FieldKind::Value,
            "query . len ()",
        );
        check(
            "f = ?self.filter",
            FieldGroup::Context,
            "f",
            FieldKind::Debug,
            "self . filter",
        );
        check(
            "type = %kind",
            FieldGroup::Context,
            "type",
            FieldKind::Display,
            "kind",
        );
        check(
            "a.b.c = x == y",
            FieldGroup::Context,
            "a.b.c",
            FieldKind::Value,
            "x == y",
        );
    }

    #[test]
    fn a_metric_gets_the_prefix_metrics() {
        check(
            "weight",
            FieldGroup::Metrics,
            "metrics.weight",
            FieldKind::Metric,
            "weight",
        );
        check(
            "metrics.weight = 1.5",
            FieldGroup::Metrics,
            "metrics.weight",
            FieldKind::Metric,
            "1.5",
        );
        check(
            "metrics.best = x",
            FieldGroup::Context,
            "metrics.best",
            FieldKind::Metric,
            "x",
        );
    }

    #[test]
    fn an_expression_without_a_name_is_rejected_with_a_suggestion() {
        rejected(
            "query.len()",
            FieldGroup::Context,
            "write `len = ` before it",
        );
        rejected(
            "self.top_k",
            FieldGroup::Context,
            "write `top_k = ` before it",
        );
        rejected(
            "&self.top_k",
            FieldGroup::Context,
            "write `top_k = ` before it",
        );
        rejected(
            "?config::LIMIT",
            FieldGroup::Context,
            "write `LIMIT = ` before it",
        );
        rejected("1 + 2", FieldGroup::Metrics, "write `name = ` before it");
        rejected("a == b", FieldGroup::Context, "needs a field name");
    }

    #[test]
    fn a_misplaced_sigil_is_rejected() {
        rejected("?name = value", FieldGroup::Context, "`name = ?..`");
        rejected(
            "\"a b\" = value",
            FieldGroup::Context,
            "a field name must be an identifier",
        );
        rejected("?weight", FieldGroup::Metrics, "a metric is a number");
        rejected(
            "metrics.w = %weight",
            FieldGroup::Context,
            "a metric is a number",
        );
    }
}
