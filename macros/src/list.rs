//! Parsing of comma-separated lists. An invalid item does not hide the errors of the items after it.

use proc_macro2::TokenTree;
use syn::Token;
use syn::parse::ParseStream;

use crate::errors::Errors;

/// Reads every item up to the end of the input, and reports each item that cannot be read.
pub(crate) fn list(
    input: ParseStream<'_>,
    errors: &mut Errors,
    mut item: impl FnMut(ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) {
    while !input.is_empty() {
        let read = item(input, errors);
        if errors.catch(read).is_some() && !at_end_of_item(input) {
            errors.at(input.span(), "expected a `,` before this");
        }
        skip_item(input);
        let _comma: syn::Result<Token![,]> = input.parse();
    }
}

/// Returns `true` at a comma and at the end of the input.
pub(crate) fn at_end_of_item(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

/// Skips all tokens before the next comma.
pub(crate) fn skip_item(input: ParseStream<'_>) {
    while !at_end_of_item(input) && input.parse::<TokenTree>().is_ok() {}
}
