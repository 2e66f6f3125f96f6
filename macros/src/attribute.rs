//! Expansion of `#[rag_span]` from end to end, on `proc_macro2` tokens, which unit tests can create.

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::model::Mode;
use crate::{check, expand, impl_block, parse};

/// Returns the instrumented item, or the unchanged item if instrumentation is off.
pub(crate) fn expand_or_keep(arguments: TokenStream, item: TokenStream, off: bool) -> TokenStream {
    if off { item } else { expand(arguments, item) }
}

/// Returns the instrumented item, or the errors followed by the unchanged item.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    if impl_block::is_impl_block(&item) {
        impl_block::expand(&arguments, item)
    } else {
        expand_function(arguments, item, Mode::RagSpan)
    }
}

/// Like [`expand`], for an item that must be a function.
pub(crate) fn expand_function(
    arguments: TokenStream,
    item: TokenStream,
    mode: Mode,
) -> TokenStream {
    let untouched = item.clone();
    let checked = Errors::collect(|errors| {
        let parsed = parse::parse(arguments, item, errors)?;
        check::check(parsed, mode, errors)
    });
    match checked {
        Ok(span) => expand::expand(&span),
        Err(reported) => {
            let mut both = reported.into_tokens();
            both.extend(untouched);
            both
        }
    }
}
