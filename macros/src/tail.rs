//! What the tokens of a body tell of the future that it ends with.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The one `async` block that the body consists of, without the `Box::pin(..)` around it, if that is all there is.
pub(crate) fn bare(body: &Group) -> Option<TokenStream> {
    let body: Vec<TokenTree> = body.stream().into_iter().collect();
    if is_async_block(&body) {
        return Some(body.into_iter().collect());
    }
    let (before, inside) = boxed(&body)?;
    before.is_empty().then_some(inside)
}

/// Whether the body ends with `Box::pin(async ..)`.
pub(crate) fn boxes_async(body: &Group) -> bool {
    let body: Vec<TokenTree> = body.stream().into_iter().collect();
    let ends_a_statement = |token: &TokenTree| match token {
        TokenTree::Punct(sign) => sign.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    };
    boxed(&body).is_some_and(|(before, _)| before.last().is_none_or(ends_a_statement))
}

/// `async { .. }` or `async move { .. }`, and no method called on it.
fn is_async_block(tokens: &[TokenTree]) -> bool {
    let starts = matches!(tokens.first(), Some(TokenTree::Ident(word)) if *word == "async");
    let ends =
        matches!(tokens.last(), Some(TokenTree::Group(end)) if end.delimiter() == Delimiter::Brace);
    starts && ends && tokens.len() <= 3
}

/// What stands before `Box::pin(async ..)` at the end, and the block in its parentheses.
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
    let words: String = path.iter().map(ToString::to_string).collect();
    let is_box_pin = words == "Box::pin" || words.ends_with("::Box::pin");
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
    fn a_body_is_bare_if_nothing_else_stands_in_it() {
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
    fn a_body_may_end_with_a_boxed_future() {
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
