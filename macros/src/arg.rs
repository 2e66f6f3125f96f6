//! One attribute argument: its key, and readers for the forms of value that can follow it.

use proc_macro2::TokenStream;
use syn::parse::ParseStream;
use syn::{Error, Ident, LitStr, Token, parenthesized, token};

/// An attribute argument whose key has been read. `input` is positioned after the key.
pub(crate) struct Arg<'a> {
    pub(crate) key: &'a Ident,
    pub(crate) input: ParseStream<'a>,
}

impl<'a> Arg<'a> {
    /// Reads the `=` and returns the input positioned at the value. Fails if there is no value.
    pub(crate) fn value(&self, example: &str) -> syn::Result<ParseStream<'a>> {
        if !self.is_bare() && !self.input.peek(Token![=]) {
            return Err(self.error("must be written with `=`", example));
        }
        let assigned: Option<Token![=]> = self.input.parse()?;
        if assigned.is_none() || self.input.is_empty() || self.input.peek(Token![,]) {
            return Err(self.error("needs a value", example));
        }
        Ok(self.input)
    }

    /// Reads the content of the parentheses after the key with `read`.
    pub(crate) fn group<T>(
        &self,
        example: &str,
        read: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
    ) -> syn::Result<T> {
        if !self.input.peek(token::Paren) {
            return Err(self.error("takes parentheses", example));
        }
        in_parentheses(self.input, read)
    }

    pub(crate) fn string(&self, example: &str) -> syn::Result<LitStr> {
        let input = self.value(example)?;
        if !input.peek(LitStr) {
            let message = format!("`{}` must be a string: {example}", self.key);
            return Err(Error::new(input.span(), message));
        }
        input.parse()
    }

    /// Returns `true` if neither a value nor parentheses follow the key.
    pub(crate) fn is_bare(&self) -> bool {
        self.input.is_empty() || self.input.peek(Token![,])
    }

    /// Returns an error located at the key.
    pub(crate) fn error(&self, problem: &str, example: &str) -> Error {
        let message = format!("`{}` {problem}: {example}", self.key);
        Error::new(self.key.span(), message)
    }
}

/// Reads the whole content of a pair of parentheses with `read`. Fails if tokens are left over.
pub(crate) fn in_parentheses<T>(
    input: ParseStream<'_>,
    read: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    let content;
    parenthesized!(content in input);
    let value = read(&content);
    // Consumes the rest, because syn would report unread tokens in addition to an error of `read`.
    let rest: TokenStream = content.parse()?;
    if value.is_ok() && !rest.is_empty() {
        return Err(Error::new_spanned(rest, "unexpected tokens: remove them"));
    }
    value
}
