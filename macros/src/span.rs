//! `#[rag_span]` from end to end, over tokens that tests can make.

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::{check, expand, parse};

/// Writes the measured function, or what is wrong beside the function as it was.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let untouched = item.clone();
    let checked = Errors::collect(|errors| {
        let written = parse::parse(arguments, item, errors)?;
        check::check(written, errors)
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
