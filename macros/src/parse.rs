//! The parser of one use of `#[rag_span(..)]`: from tokens to [`ParsedSpan`].

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, Ident, LitStr};

use crate::arg::Arg;
use crate::errors::Errors;
use crate::keys::{KEYS, Key, PlannedParser, Support, unknown_key};
use crate::list::list;
use crate::model::{Arguments, Function, ParsedSpan};

/// Parses the attribute's arguments and its function. Reports the errors of both.
pub(crate) fn parse(
    arguments: TokenStream,
    item: TokenStream,
    errors: &mut Errors,
) -> Option<ParsedSpan> {
    let arguments = read_arguments(arguments, errors);
    let function = errors.catch(function.parse2(item));
    Some(ParsedSpan {
        arguments: arguments?,
        function: function?,
    })
}

fn read_arguments(tokens: TokenStream, errors: &mut Errors) -> Option<Arguments> {
    let mut arguments = Arguments::default();
    add_arguments(tokens, &mut arguments, errors)?;
    Some(arguments)
}

/// Parses arguments into existing ones, and overrides those with the same key.
pub(crate) fn add_arguments(
    tokens: TokenStream,
    arguments: &mut Arguments,
    errors: &mut Errors,
) -> Option<()> {
    let mut keys: Vec<Ident> = Vec::new();
    let walk = |input: ParseStream<'_>| {
        list(input, errors, |input, errors| {
            argument(input, arguments, &mut keys, errors)
        });
        Ok(())
    };
    let walked = walk.parse2(tokens);
    errors.catch(walked)?;
    arguments.keys.retain(|before| !keys.contains(before));
    arguments.keys.extend(keys);
    Some(())
}

fn argument(
    input: ParseStream<'_>,
    arguments: &mut Arguments,
    keys: &mut Vec<Ident>,
    errors: &mut Errors,
) -> syn::Result<()> {
    if input.peek(LitStr) {
        return name_without_key(input, arguments, keys);
    }
    let key = key(input)?;
    let name = key.to_string();
    let Some(known) = KEYS.iter().find(|known| known.name == name) else {
        let message = unknown_key(&name, arguments.on_impl_block);
        return Err(Error::new(key.span(), message));
    };
    reject_repeats_and_conflicts(known, &key, keys, errors);
    keys.push(key.clone());
    let arg = Arg { key: &key, input };
    match known.support {
        Support::Implemented(parse) => parse(arguments, &arg, errors),
        Support::Planned(parse) => reject_planned(parse, &arg, errors),
    }
}

/// `"search"`, which is short for `name = "search"`, as in `tracing`.
fn name_without_key(
    input: ParseStream<'_>,
    arguments: &mut Arguments,
    keys: &mut Vec<Ident>,
) -> syn::Result<()> {
    let name: LitStr = input.parse()?;
    if arguments.name.is_some() || keys.iter().any(|key| key == "name") {
        let message =
            "a string without a key is the span's `name`, which is already given: keep one";
        return Err(Error::new(name.span(), message));
    }
    keys.push(Ident::new("name", name.span()));
    arguments.name = Some(syn::parse_quote!(#name));
    Ok(())
}

/// Reports an argument that is given twice, or that conflicts with another one.
fn reject_repeats_and_conflicts(known: &Key, key: &Ident, keys: &[Ident], errors: &mut Errors) {
    if keys.contains(key) {
        errors.at(
            key.span(),
            format!("`{key}` is given twice: merge the two or keep one"),
        );
    }
    let conflicts = |other: &&Ident| {
        let (other, key) = (other.to_string(), key.to_string());
        let other_key = KEYS.iter().find(|known| known.name == other);
        let conflicts_of_other = other_key.map_or(&[][..], |known| known.conflicts);
        known.conflicts.contains(&other.as_str()) || conflicts_of_other.contains(&key.as_str())
    };
    if let Some(other) = keys.iter().find(conflicts) {
        errors.at(
            key.span(),
            format!("`{key}` and `{other}` cannot be combined: keep one"),
        );
    }
}

fn reject_planned(parse: PlannedParser, arg: &Arg<'_>, errors: &mut Errors) -> syn::Result<()> {
    parse(arg, errors)?;
    let message = format!("`{}` is not supported yet: remove it", arg.key);
    Err(Error::new(arg.key.span(), message))
}

fn key(input: ParseStream<'_>) -> syn::Result<Ident> {
    if !input.peek(Ident::peek_any) {
        let message = "expected an argument, such as layer = \"retrieval\" or context(top_k)";
        return Err(Error::new(input.span(), message));
    }
    Ident::parse_any(input)
}

/// Parses a function: its signature, and its body as unparsed tokens.
pub(crate) fn function(input: ParseStream<'_>) -> syn::Result<Function> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    let default = input.parse()?;
    if !starts_function(&input.fork()) {
        let message = "#[rag_span] can be applied only to functions: put it on a `fn`, or on an `impl` or `trait` for all of its functions";
        return skip_rest(input, Error::new(input.span(), message));
    }
    let signature: syn::Signature = input.parse()?;
    let end: Option<TokenTree> = input.parse().ok();
    let Some(body) = end.and_then(braces) else {
        let message = "a function without a body cannot be instrumented: put #[rag_span(..)] on one with a body";
        return skip_rest(input, Error::new(signature.ident.span(), message));
    };
    let (inner, body) = split_inner(body);
    Ok(Function {
        attributes,
        visibility,
        default,
        signature,
        inner,
        body,
        owner: None,
    })
}

/// Returns the braces of a body, including those inside the invisible group of a macro fragment.
pub(crate) fn braces(end: TokenTree) -> Option<Group> {
    let TokenTree::Group(group) = end else {
        return None;
    };
    match group.delimiter() {
        Delimiter::Brace => Some(group),
        Delimiter::None => {
            let mut inside = group.stream().into_iter();
            let only = inside.next().filter(|_| inside.next().is_none());
            only.and_then(braces)
        }
        _ => None,
    }
}

/// Returns the error. Consumes the rest of the input, because syn would report the unread tokens, too.
fn skip_rest<T>(input: ParseStream<'_>, error: Error) -> syn::Result<T> {
    input.parse::<TokenStream>()?;
    Err(error)
}

/// Returns `true` if only qualifiers precede the next `fn`.
pub(crate) fn starts_function(input: ParseStream<'_>) -> bool {
    while let Ok(word) = input.call(Ident::parse_any) {
        match word.to_string().as_str() {
            "fn" => return true,
            "extern" => drop(input.parse::<Option<LitStr>>()),
            "const" | "async" | "unsafe" | "safe" | "gen" => {}
            _ => return false,
        }
    }
    false
}

/// Splits the inner attributes `#![..]` off the start of a body.
fn split_inner(body: Group) -> (Vec<Attribute>, Group) {
    let split = |input: ParseStream<'_>| {
        let inner = input.call(Attribute::parse_inner)?;
        Ok((inner, input.parse::<TokenStream>()?))
    };
    // A malformed one remains in the body, where rustc reports it.
    let (inner, rest) = match split.parse2(body.stream()) {
        Ok((inner, rest)) if !inner.is_empty() => (inner, rest),
        _ => return (Vec::new(), body),
    };
    let mut stripped = Group::new(Delimiter::Brace, rest);
    stripped.set_span(body.span());
    (inner, stripped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EmptyCheck, ErrorTypeSource, FieldKind, FieldName, Layer, Level};

    fn arguments(text: &str) -> Arguments {
        let tokens = text.parse().unwrap();
        let read = Errors::collect(|errors| read_arguments(tokens, errors));
        read.unwrap_or_else(|reported| panic!("{text}: {}", reported.into_tokens()))
    }

    #[test]
    fn arguments_are_accepted_in_any_order_with_a_trailing_comma() {
        let read =
            arguments(r#"empty, slow = "2s", context(a, b,), operation = "x", layer = "api","#);
        assert!(matches!(
            read.layer,
            Some(Layer::Known(ragspan_core::Layer::Api))
        ));
        assert!(matches!(read.empty, Some(EmptyCheck::ByType(_))));
        assert_eq!((read.slow_us, read.context.len()), (Some(2_000_000), 2));
        assert_eq!(
            read.operation.map(|name| name.value()),
            Some(String::from("x"))
        );
        assert_eq!(read.keys.len(), 5);
    }

    #[test]
    fn a_level_is_a_name_a_number_or_a_path() {
        for (text, constant) in [
            ("\"trace\"", "TRACE"),
            ("\"warn\"", "WARN"),
            ("\"warning\"", "WARN"),
            ("\"WARN\"", "WARN"),
            ("1", "TRACE"),
            ("5", "ERROR"),
        ] {
            let read = arguments(&format!("level = {text}")).level;
            assert!(
                matches!(read, Some(Level::Named(name)) if name == constant),
                "{text}"
            );
        }
        let path = arguments("level = tracing::Level::INFO").level;
        assert!(matches!(path, Some(Level::Path(path)) if path.segments.len() == 3));
    }

    #[test]
    fn a_closure_binds_the_value_with_a_pattern() {
        let read =
            arguments("ok(|(first, _)| a = first, metrics.b = 1), empty = |v: &V| v.f::<A, B>()");
        let ok = read.ok.unwrap();
        let is =
            |at: usize, name| matches!(&ok.fields[at].name, FieldName::Text(text) if text == name);
        assert!(is(0, "a") && is(1, "metrics.b"));
        assert!(
            matches!(read.empty, Some(EmptyCheck::Closure(by)) if by.pattern.ascribed.is_some())
        );
    }

    #[test]
    fn planned_arguments_are_validated_and_rejected() {
        for (planned, part) in [
            ("inputs(a, b = c)", "`inputs` is not supported yet"),
            ("inputs(a.b())", "an expression needs a field name"),
            ("output", "`output` is not supported yet"),
            ("output = 1", "`output` takes no value"),
        ] {
            let tokens: TokenStream = planned.parse().unwrap();
            let reported = Errors::collect(|errors| read_arguments(tokens, errors))
                .err()
                .unwrap();
            let text = reported.into_tokens().to_string();
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn the_arguments_of_tracing_instrument_are_accepted() {
        let read = arguments(
            "\"name\", target = TARGET, parent = None, follows_from = causes, skip(a, b), \
             fields(x, a.b = 1, ?c, %self.d, {NAME} = ?e, keywords.impl.fn = f), err(Debug, level = 4), ret",
        );
        let kinds: Vec<FieldKind> = read.fields.iter().map(|field| field.kind).collect();
        use FieldKind::{Debug, Display, Empty, Value};
        assert_eq!(kinds, [Empty, Value, Debug, Display, Debug, Value]);
        assert!(read.name.is_some() && read.target.is_some() && read.parent.is_some());
        assert!(read.follows_from.is_some() && read.skip.len() == 2 && read.ret.is_some());
        let event = read.err.unwrap().event;
        assert!(event.format == Some(Debug) && matches!(event.level, Some(Level::Named("WARN"))));
    }

    #[test]
    fn err_accepts_a_level_closure_and_a_type() {
        let read = arguments("err(level = |e| e.level(), type = \"timeout\")")
            .err
            .unwrap();
        assert!(read.level_by.is_some() && read.severity.is_none());
        assert!(matches!(read.error_type, Some(ErrorTypeSource::Label(_))));
        let critical = arguments("err(level = \"critical\")").err.unwrap();
        assert!(matches!(critical.event.level, Some(Level::Named("ERROR"))));
        assert_eq!(critical.severity, Some("Critical"));
    }

    #[test]
    fn inner_attributes_are_split_off_the_body() {
        let item = "fn f() { #![allow(unused)] #[cfg(x)] 1 }".parse().unwrap();
        let read = function.parse2(item).unwrap();
        assert_eq!(
            (read.inner.len(), read.body.to_string().as_str()),
            (1, "{ # [cfg (x)] 1 }")
        );
    }

    #[test]
    fn a_function_with_qualifiers_is_parsed() {
        for item in [
            "pub(crate) default async unsafe fn f() {}",
            "pub const unsafe extern \"C\" fn f() {}",
            "extern fn f() {}",
        ] {
            assert!(function.parse2(item.parse().unwrap()).is_ok(), "{item}");
        }
    }
}
