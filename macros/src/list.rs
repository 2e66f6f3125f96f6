//! Walking a list separated by commas, where one bad item does not hide what is wrong with the next.

use proc_macro2::TokenTree;
use syn::Token;
use syn::parse::ParseStream;

use crate::errors::Errors;

/// Reads every item, reporting those that cannot be read, and leaves nothing over.
pub(crate) fn list(
    input: ParseStream<'_>,
    errors: &mut Errors,
    mut item: impl FnMut(ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) {
    while !input.is_empty() {
        let read = item(input, errors);
        if errors.catch(read).is_some() && !at_end_of_item(input) {
            errors.at(input.span(), "write a `,` before this");
        }
        skip_item(input);
        let _comma: syn::Result<Token![,]> = input.parse();
    }
}

/// Whether nothing more belongs to the item.
pub(crate) fn at_end_of_item(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

/// Skips what is left up to the next comma.
pub(crate) fn skip_item(input: ParseStream<'_>) {
    while !at_end_of_item(input) && input.parse::<TokenTree>().is_ok() {}
}
