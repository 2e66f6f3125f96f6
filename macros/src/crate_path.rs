//! The path by which an expansion names the crate: `::ragspan`, or the path from `crate = ..`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;

/// Returns the path with every token located at `span`, so that errors point there.
pub(crate) fn crate_path_at(krate: Option<&Path>, span: Span) -> TokenStream {
    let Some(krate) = krate else {
        return quote_spanned!(span=> ::ragspan);
    };
    let moved = krate.to_token_stream().into_iter().map(|mut token| {
        token.set_span(span.resolved_at(token.span()));
        token
    });
    moved.collect()
}

/// Returns the path with the tokens that the user wrote, so that rustc reports a wrong path at `crate = ..`.
pub(crate) fn crate_path(krate: Option<&Path>) -> TokenStream {
    let default = || crate_path_at(None, Span::mixed_site());
    krate.map_or_else(default, ToTokens::to_token_stream)
}
