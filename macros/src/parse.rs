//! Reading one use of `#[rag_span(..)]`: from tokens to [`Written`].

use proc_macro2::{Delimiter, Group, TokenStream};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, Ident, LitStr, Token};

use crate::errors::Errors;
use crate::keys::{KEYS, Place, Read, unknown_key};
use crate::list::{list, skip_item};
use crate::model::{Arguments, Function, Written};

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
