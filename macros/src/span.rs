//! `#[rag_span]` from end to end, over tokens that tests can make.

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::model::Mode;
use crate::{block, check, expand, parse};

/// Writes the measured item; where instrumentation is off, the item as it is.
pub(crate) fn attribute(arguments: TokenStream, item: TokenStream, off: bool) -> TokenStream {
    if off { item } else { expand(arguments, item) }
}

/// Writes the measured item, or what is wrong beside the item as it was.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    if block::is_block(&item) {
        block::expand(&arguments, item)
    } else {
        function(arguments, item, Mode::Ours)
    }
}

/// The same for one function.
pub(crate) fn function(arguments: TokenStream, item: TokenStream, mode: Mode) -> TokenStream {
    let untouched = item.clone();
    let checked = Errors::collect(|errors| {
        let written = parse::parse(arguments, item, errors)?;
        check::check(written, mode, errors)
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
