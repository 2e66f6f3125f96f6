//! The place of an argument: its key, and the forms of value that may follow it.

use proc_macro2::TokenStream;
use syn::parse::ParseStream;
use syn::{Error, Ident, LitStr, Token, parenthesized, token};

/// Where an argument stands: its key, and what follows it.
pub(crate) struct Place<'a> {
    pub(crate) key: &'a Ident,
    pub(crate) input: ParseStream<'a>,
}

impl<'a> Place<'a> {
    /// What stands behind `=`, which is not nothing.
    pub(crate) fn value(&self, example: &str) -> syn::Result<ParseStream<'a>> {
        if !self.stands_alone() && !self.input.peek(Token![=]) {
            return Err(self.wants("is written with `=`", example));
        }
        let assigned: Option<Token![=]> = self.input.parse()?;
        if assigned.is_none() || self.input.is_empty() || self.input.peek(Token![,]) {
            return Err(self.wants("needs a value", example));
        }
        Ok(self.input)
    }

    /// What stands in the parentheses behind the key.
    pub(crate) fn group<T>(
        &self,
        example: &str,
        read: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
    ) -> syn::Result<T> {
        if !self.input.peek(token::Paren) {
            return Err(self.wants("takes parentheses", example));
        }
        in_parentheses(self.input, read)
    }

    pub(crate) fn string(&self, example: &str) -> syn::Result<LitStr> {
        let input = self.value(example)?;
        if !input.peek(LitStr) {
            let message = format!("`{}` is given as a string: {example}", self.key);
            return Err(Error::new(input.span(), message));
        }
        input.parse()
    }

    /// Whether nothing belongs to the key.
    pub(crate) fn stands_alone(&self) -> bool {
        self.input.is_empty() || self.input.peek(Token![,])
    }

    /// The key is wrong as it stands here.
    pub(crate) fn wants(&self, what: &str, example: &str) -> Error {
        Error::new(self.key.span(), format!("`{}` {what}: {example}", self.key))
    }
}

/// Reads what stands in parentheses, all of it.
pub(crate) fn in_parentheses<T>(
    input: ParseStream<'_>,
    read: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    let content;
    parenthesized!(content in input);
    let value = read(&content);
    // What is left over would be complained about a second time after an error.
    let rest: TokenStream = content.parse()?;
    if value.is_ok() && !rest.is_empty() {
        return Err(Error::new_spanned(
            rest,
            "nothing may follow here: leave this out",
        ));
    }
    value
}
