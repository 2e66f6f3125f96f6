//! Detection of a future that a body ends with, by the body's tokens.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// Returns the `async` block that is the whole body, without an enclosing `Box::pin(..)`.
///
/// Returns `None` if the body contains other tokens.
pub(crate) fn bare(body: &Group) -> Option<TokenStream> {
    let body: Vec<TokenTree> = body.stream().into_iter().collect();
    if is_async_block(&body) {
        return Some(body.into_iter().collect());
    }
    let (before, inside) = boxed(&body)?;
    before.is_empty().then_some(inside)
}

/// Returns `true` if the body ends with `Box::pin(async ..)`.
pub(crate) fn boxes_async(body: &Group) -> bool {
    let body: Vec<TokenTree> = body.stream().into_iter().collect();
    let ends_a_statement = |token: &TokenTree| match token {
        TokenTree::Punct(sign) => sign.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    };
    boxed(&body).is_some_and(|(before, _)| before.last().is_none_or(ends_a_statement))
}

/// Returns `true` for `async { .. }` and `async move { .. }` without a method call on it.
fn is_async_block(tokens: &[TokenTree]) -> bool {
    let starts = matches!(tokens.first(), Some(TokenTree::Ident(word)) if *word == "async");
    let ends =
        matches!(tokens.last(), Some(TokenTree::Group(end)) if end.delimiter() == Delimiter::Brace);
    starts && ends && tokens.len() <= 3
}

/// Splits a body that ends with `Box::pin(async ..)` into the tokens before that and the `async` block.
fn boxed(body: &[TokenTree]) -> Option<(&[TokenTree], TokenStream)> {
    let (TokenTree::Group(content), path) = body.split_last()? else {
        return None;
    };
    let inside: Vec<TokenTree> = content.stream().into_iter().collect();
    if content.delimiter() != Delimiter::Parenthesis || !is_async_block(&inside) {
        return None;
    }
    let before = path.iter().rposition(|token| !belongs_to_path(token));
    let (before, path) = path.split_at(before.map_or(0, |last| last + 1));
    let path: String = path.iter().map(ToString::to_string).collect();
    let is_box_pin = path == "Box::pin" || path.ends_with("::Box::pin");
    is_box_pin.then(|| (before, inside.into_iter().collect()))
}

fn belongs_to_path(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(word) => word != "return",
        TokenTree::Punct(sign) => sign.as_char() == ':',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Group {
        Group::new(Delimiter::Brace, text.parse().unwrap())
    }

    #[test]
    fn a_body_of_one_async_block_is_bare() {
        for text in [
            "async move { 1 }",
            "async { 1 }",
            "Box::pin(async move { 1 })",
            "::std::boxed::Box::pin(async { 1 })",
        ] {
            let block = bare(&body(text)).unwrap().to_string();
            assert!(block.starts_with("async"), "{text}");
        }
        for text in [
            "count += 1; Box::pin(async move { 1 })",
            "async move { 1 }.boxed()",
            "Box::pin(ready(1))",
            "MyBox::pin(async { 1 })",
            "Box::pin(async { 1 }.map(f))",
            "{ async { 1 } }",
            "async { 1 };",
            "return Box::pin(async { 1 })",
            "",
        ] {
            assert!(bare(&body(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn a_boxed_future_at_the_end_of_a_body_is_detected() {
        for text in [
            "Box::pin(async move { 1 })",
            "let n = 1; Box::pin(async move { n })",
            "if a { f() } Box::pin(async move { 1 })",
        ] {
            assert!(boxes_async(&body(text)), "{text}");
        }
        for text in [
            "f(Box::pin(async { 1 }))",
            "let f = Box::pin(async { 1 }); f",
            "&Box::pin(async { 1 })",
            "",
        ] {
            assert!(!boxes_async(&body(text)), "{text}");
        }
    }
}
