//! Reading one use of `#[rag_span(..)]`: from tokens to [`Written`].

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, Ident, LitStr};

use crate::errors::Errors;
use crate::keys::{Form, KEYS, Key, Read, unknown_key};
use crate::list::list;
use crate::model::{Arguments, Function, Written};
use crate::place::Place;

/// Reads the attribute's arguments and its function, as far as each can be read.
pub(crate) fn parse(
    arguments: TokenStream,
    item: TokenStream,
    errors: &mut Errors,
) -> Option<Written> {
    let arguments = read_arguments(arguments, errors);
    let function = errors.catch(function.parse2(item));
    Some(Written {
        arguments: arguments?,
        function: function?,
    })
}

fn read_arguments(tokens: TokenStream, errors: &mut Errors) -> Option<Arguments> {
    let mut arguments = Arguments::default();
    add_arguments(tokens, &mut arguments, errors)?;
    Some(arguments)
}

/// Reads arguments over those that are there.
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
        return bare_name(input, arguments, keys);
    }
    let key = key(input)?;
    let word = key.to_string();
    let Some(known) = KEYS.iter().find(|known| known.name == word) else {
        let message = unknown_key(&word, arguments.on_block);
        return Err(Error::new(key.span(), message));
    };
    fits_beside(known, &key, keys, errors);
    keys.push(key.clone());
    let place = Place { key: &key, input };
    match known.read {
        Read::Now(read) => read(arguments, &place, errors),
        Read::Later(form) => not_yet(form, &place, errors),
    }
}

/// `"search"`, which is `name = "search"` in `tracing`.
fn bare_name(
    input: ParseStream<'_>,
    arguments: &mut Arguments,
    keys: &mut Vec<Ident>,
) -> syn::Result<()> {
    let name: LitStr = input.parse()?;
    if arguments.name.is_some() || keys.iter().any(|key| key == "name") {
        let message = "a string alone is the span's name, which was given already: keep one";
        return Err(Error::new(name.span(), message));
    }
    keys.push(Ident::new("name", name.span()));
    arguments.name = Some(syn::parse_quote!(#name));
    Ok(())
}

/// An argument stands once, and not beside its opposite.
fn fits_beside(known: &Key, key: &Ident, keys: &[Ident], errors: &mut Errors) {
    if keys.contains(key) {
        errors.at(
            key.span(),
            format!("`{key}` stands twice: merge the two or keep one"),
        );
    }
    let opposes = |other: &&Ident| {
        let (other, key) = (other.to_string(), key.to_string());
        let entry = KEYS.iter().find(|entry| entry.name == other);
        let against = entry.map_or(&[][..], |entry| entry.conflicts);
        known.conflicts.contains(&other.as_str()) || against.contains(&key.as_str())
    };
    if let Some(other) = keys.iter().find(opposes) {
        errors.at(
            key.span(),
            format!("`{key}` and `{other}` speak of the same thing: keep one"),
        );
    }
}

fn not_yet(form: Form, place: &Place<'_>, errors: &mut Errors) -> syn::Result<()> {
    form(place, errors)?;
    let message = format!("`{}` is not in this build yet", place.key);
    Err(Error::new(place.key.span(), message))
}

fn key(input: ParseStream<'_>) -> syn::Result<Ident> {
    if !input.peek(Ident::peek_any) {
        let message = "expected an argument, such as layer = \"retrieval\" or context(top_k)";
        return Err(Error::new(input.span(), message));
    }
    Ident::parse_any(input)
}

/// Reads the signature, and the body as it stands.
pub(crate) fn function(input: ParseStream<'_>) -> syn::Result<Function> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    let default = input.parse()?;
    if !starts_function(&input.fork()) {
        let message = "#[rag_span] measures functions, and this is none: put it on a `fn`, or on an `impl` or `trait` for all of theirs";
        return skip_rest(input, Error::new(input.span(), message));
    }
    let signature: syn::Signature = input.parse()?;
    let end: Option<TokenTree> = input.parse().ok();
    let Some(body) = end.and_then(braces) else {
        let message = "a function without a body has nothing to measure: put #[rag_span(..)] where it has one";
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

/// The braces of a body, also where a macro has passed it on as one fragment.
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

/// Gives the error, with the rest of the input consumed so that it is not complained about too.
fn skip_rest<T>(input: ParseStream<'_>, error: Error) -> syn::Result<T> {
    input.parse::<TokenStream>()?;
    Err(error)
}

/// Whether nothing but qualifiers stands before a `fn`.
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

/// Takes the `#![..]` off the head of a body.
fn split_inner(body: Group) -> (Vec<Attribute>, Group) {
    let split = |input: ParseStream<'_>| {
        let inner = input.call(Attribute::parse_inner)?;
        Ok((inner, input.parse::<TokenStream>()?))
    };
    // One that is half typed is rustc's to complain about.
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
    use crate::model::{Empty, ErrorTypeBy, How, Layer, Level, Name};

    fn arguments(text: &str) -> Arguments {
        let tokens = text.parse().unwrap();
        let read = Errors::collect(|errors| read_arguments(tokens, errors));
        read.unwrap_or_else(|reported| panic!("{text}: {}", reported.into_tokens()))
    }

    #[test]
    fn arguments_stand_in_any_order_with_a_comma_behind_the_last() {
        let read =
            arguments(r#"empty, slow = "2s", context(a, b,), operation = "x", layer = "api","#);
        assert!(matches!(read.layer, Some(Layer::Known("Api"))));
        assert!(matches!(read.empty, Some(Empty::ByType(_))));
        assert_eq!((read.slow_us, read.context.len()), (Some(2_000_000), 2));
        assert_eq!(
            read.operation.map(|name| name.value()),
            Some(String::from("x"))
        );
        assert_eq!(read.keys.len(), 5);
    }

    #[test]
    fn levels_have_names_and_numbers() {
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
    fn closures_name_the_value_by_a_pattern() {
        let read =
            arguments("ok(|(first, _)| a = first, metrics.b = 1), empty = |v: &V| v.f::<A, B>()");
        let ok = read.ok.unwrap();
        let is = |at: usize, name| matches!(&ok.fields[at].name, Name::Text(text) if text == name);
        assert!(is(0, "a") && is(1, "metrics.b"));
        assert!(matches!(read.empty, Some(Empty::By(by)) if by.pattern.ascribed.is_some()));
    }

    #[test]
    fn arguments_of_a_later_build_are_read_and_refused() {
        for (later, part) in [
            ("inputs(a, b = c)", "`inputs` is not in this build yet"),
            ("inputs(a.b())", "an expression needs a name"),
            ("output", "`output` is not in this build yet"),
            ("output = 1", "`output` takes no value"),
        ] {
            let tokens: TokenStream = later.parse().unwrap();
            let reported = Errors::collect(|errors| read_arguments(tokens, errors))
                .err()
                .unwrap();
            let text = reported.into_tokens().to_string();
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn the_arguments_of_tracing_are_read_as_there() {
        let read = arguments(
            "\"name\", target = TARGET, parent = None, follows_from = causes, skip(a, b), \
             fields(x, a.b = 1, ?c, %self.d, {NAME} = ?e, keywords.impl.fn = f), err(Debug, level = 4), ret",
        );
        let hows: Vec<How> = read.fields.iter().map(|field| field.how).collect();
        use How::{Debug, Display, Empty, Value};
        assert_eq!(hows, [Empty, Value, Debug, Display, Debug, Value]);
        assert!(read.name.is_some() && read.target.is_some() && read.parent.is_some());
        assert!(read.follows_from.is_some() && read.skip.len() == 2 && read.ret.is_some());
        let event = read.err.unwrap().event;
        assert!(event.how == Some(Debug) && matches!(event.level, Some(Level::Named("WARN"))));
    }

    #[test]
    fn a_failure_may_be_told_from_the_error() {
        let read = arguments("err(level = |e| e.level(), type = \"timeout\")")
            .err
            .unwrap();
        assert!(read.level_by.is_some() && read.severity.is_none());
        assert!(matches!(read.error_type, Some(ErrorTypeBy::Label(_))));
        let critical = arguments("err(level = \"critical\")").err.unwrap();
        assert!(matches!(critical.event.level, Some(Level::Named("ERROR"))));
        assert_eq!(critical.severity, Some("Critical"));
    }

    #[test]
    fn inner_attributes_leave_the_body() {
        let item = "fn f() { #![allow(unused)] #[cfg(x)] 1 }".parse().unwrap();
        let read = function.parse2(item).unwrap();
        assert_eq!(
            (read.inner.len(), read.body.to_string().as_str()),
            (1, "{ # [cfg (x)] 1 }")
        );
    }

    #[test]
    fn qualifiers_stand_before_a_function() {
        for item in [
            "pub(crate) default async unsafe fn f() {}",
            "pub const unsafe extern \"C\" fn f() {}",
            "extern fn f() {}",
        ] {
            assert!(function.parse2(item.parse().unwrap()).is_ok(), "{item}");
        }
    }
}
