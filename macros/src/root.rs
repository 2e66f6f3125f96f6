//! The crate, as an expansion names it: `::ragspan`, or the path that `crate = ..` gives.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;

/// The crate, named by tokens that stand at a place.
pub(crate) fn root_at(krate: Option<&Path>, span: Span) -> TokenStream {
    let Some(krate) = krate else {
        return quote_spanned!(span=> ::ragspan);
    };
    let moved = krate.to_token_stream().into_iter().map(|mut token| {
        token.set_span(span.resolved_at(token.span()));
        token
    });
    moved.collect()
}

/// The crate, by the tokens that the user wrote: a path that leads nowhere is complained about there.
pub(crate) fn root(krate: Option<&Path>) -> TokenStream {
    let ours = || root_at(None, Span::mixed_site());
    krate.map_or_else(ours, ToTokens::to_token_stream)
}
