//! Reading one use of `#[rag_span(..)]`: from tokens to [`Written`].

use proc_macro2::{Delimiter, Group, TokenStream};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, Ident, LitStr, Token};

use crate::errors::Errors;
use crate::keys::{KEYS, Read, unknown_key};
use crate::list::{list, skip_item};
use crate::model::{Arguments, Function, Written};
use crate::place::Place;

/// Reads the attribute's arguments and its item, as far as each can be read.
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
    let walk = |input: ParseStream<'_>| {
        list(input, errors, |input, errors| {
            argument(input, &mut arguments, errors)
        });
        Ok(())
    };
    let walked = walk.parse2(tokens);
    errors.catch(walked)?;
    Some(arguments)
}

fn argument(
    input: ParseStream<'_>,
    arguments: &mut Arguments,
    errors: &mut Errors,
) -> syn::Result<()> {
    let key = key(input)?;
    let word = key.to_string();
    let Some(known) = KEYS.iter().find(|known| known.name == word) else {
        return Err(Error::new(key.span(), unknown_key(&word)));
    };
    let Read::Now(read) = known.read else {
        skip_value(input);
        return Err(Error::new(
            key.span(),
            format!("`{word}` is not in this build yet"),
        ));
    };
    if arguments.keys.contains(&key) {
        errors.at(
            key.span(),
            format!("`{word}` stands twice: merge the two or keep one"),
        );
    }
    arguments.keys.push(key.clone());
    read(arguments, &Place { key: &key, input }, errors)
}

fn key(input: ParseStream<'_>) -> syn::Result<Ident> {
    if input.peek(LitStr) {
        let message = "a bare string says nothing here: write operation = \"..\"";
        return Err(Error::new(input.span(), message));
    }
    if !input.peek(Ident::peek_any) {
        let message = "expected an argument, such as layer = \"retrieval\" or context(top_k)";
        return Err(Error::new(input.span(), message));
    }
    Ident::parse_any(input)
}

/// Skips the value of an argument that is not read, with the commas of a closure's head in it.
fn skip_value(input: ParseStream<'_>) {
    let ahead = input.fork();
    if ahead.parse::<Token![=]>().is_ok() && ahead.parse::<syn::Expr>().is_ok() {
        input.advance_to(&ahead);
    }
    skip_item(input);
}

/// Reads the signature, and the body as it stands.
fn function(input: ParseStream<'_>) -> syn::Result<Function> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    let default = input.parse()?;
    if !starts_function(&input.fork()) {
        let message = wrong_item(&input.fork());
        return Err(Error::new_spanned(input.parse::<TokenStream>()?, message));
    }
    let signature: syn::Signature = input.parse()?;
    let Ok(body) = input.parse::<Group>() else {
        let message = "a function without a body has nothing to measure: put the attribute on those that implement it";
        return skip_rest(input, Error::new(signature.ident.span(), message));
    };
    let (inner, body) = split_inner(body)?;
    Ok(Function {
        attributes,
        visibility,
        default,
        signature,
        inner,
        body,
    })
}

/// Gives the error, with the rest of the input consumed so that it is not complained about too.
fn skip_rest<T>(input: ParseStream<'_>, error: Error) -> syn::Result<T> {
    input.parse::<TokenStream>()?;
    Err(error)
}

/// Whether nothing but qualifiers stands before a `fn`.
fn starts_function(input: ParseStream<'_>) -> bool {
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

fn wrong_item(input: ParseStream<'_>) -> &'static str {
    while let Ok(word) = input.call(Ident::parse_any) {
        match word.to_string().as_str() {
            "impl" | "trait" => {
                return "a whole `impl` or `trait` is not in this build yet: put the attribute on each method";
            }
            "unsafe" | "auto" | "const" => {}
            _ => break,
        }
    }
    "#[rag_span] measures functions, and this is none: put it on a `fn`"
}

/// Takes the `#![..]` off the head of a body.
fn split_inner(body: Group) -> syn::Result<(Vec<Attribute>, Group)> {
    let split = |input: ParseStream<'_>| {
        let inner = input.call(Attribute::parse_inner)?;
        Ok((inner, input.parse::<TokenStream>()?))
    };
    let (inner, rest) = split.parse2(body.stream())?;
    if inner.is_empty() {
        return Ok((inner, body));
    }
    let mut stripped = Group::new(Delimiter::Brace, rest);
    stripped.set_span(body.span());
    Ok((inner, stripped))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Empty, Layer, Level};

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
        let names: Vec<&str> = ok.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["a", "metrics.b"]);
        assert!(matches!(read.empty, Some(Empty::By(pattern, _)) if pattern.ascribed.is_some()));
    }

    #[test]
    fn arguments_of_a_later_build_are_skipped_as_a_whole() {
        let later =
            "outcome = |a, b| f::<A, B>(a), err(level = \"warning\"), skip(a, b), layer = \"x\"";
        let tokens: TokenStream = later.parse().unwrap();
        let reported = Errors::collect(|errors| read_arguments(tokens, errors))
            .err()
            .unwrap();
        let text = reported.into_tokens().to_string();
        assert_eq!(text.matches("compile_error").count(), 4, "{text}");
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
