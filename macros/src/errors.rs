//! The collector of all errors in one use of a macro.
//!
//! [`Errors`] exists only inside [`Errors::collect`], which returns either the result or the messages, so an error
//! cannot be lost.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};

/// Collects errors, so that the user sees all of them at once.
pub(crate) struct Errors(Vec<syn::Error>);

/// The messages of a failed expansion, ready to be emitted next to the user's item.
pub(crate) struct Reported(TokenStream);

impl Errors {
    /// Runs `work` and returns its result only if it reported no error.
    pub(crate) fn collect<T>(work: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, Reported> {
        let mut errors = Self(Vec::new());
        let done = work(&mut errors);
        match done {
            Some(done) if errors.0.is_empty() => Ok(done),
            _ => Err(errors.report()),
        }
    }

    /// Reports an error located at a token.
    pub(crate) fn at(&mut self, span: Span, message: impl Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Reports an error of a parser.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.0.push(error);
    }

    /// Returns the value of a parser's result, or reports its error.
    pub(crate) fn catch<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    fn report(self) -> Reported {
        let unexplained = || syn::Error::new(Span::call_site(), "this macro could not be expanded");
        let all = self.0.into_iter().reduce(|mut all, error| {
            all.combine(error);
            all
        });
        Reported(all.unwrap_or_else(unexplained).to_compile_error())
    }
}

impl Reported {
    /// Returns one `compile_error!` per message, each located at its token.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(result: Result<(), Reported>) -> String {
        result.err().unwrap().into_tokens().to_string()
    }

    #[test]
    fn all_errors_are_reported() {
        let text = messages(Errors::collect(|errors| {
            errors.at(Span::call_site(), "one");
            errors.at(Span::call_site(), "two");
            Some(())
        }));
        assert!(
            text.contains("\"one\"") && text.contains("\"two\""),
            "{text}"
        );
    }

    #[test]
    fn work_without_errors_returns_its_result() {
        assert_eq!(Errors::collect(|_| Some(7)).ok(), Some(7));
    }

    #[test]
    fn work_that_fails_without_a_message_is_still_an_error() {
        assert!(messages(Errors::collect(|_| None)).contains("could not be expanded"));
    }
}
