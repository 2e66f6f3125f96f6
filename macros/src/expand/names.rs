//! The names that an expansion uses beside the user's.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;

use crate::model::RagSpan;

pub(super) struct Names<'a> {
    krate: Option<&'a Path>,
    pub(super) private: TokenStream,
    /// The call itself.
    pub(super) own: Ident,
    /// A `&mut` to it.
    pub(super) call: Ident,
    /// A `&` to the value returned.
    pub(super) ret: Ident,
    pub(super) site: Span,
}

impl<'a> Names<'a> {
    pub(super) fn new(span: &'a RagSpan) -> Self {
        let site = Span::mixed_site();
        let krate = span.krate.as_ref();
        Self {
            krate,
            private: private_at(krate, site),
            // A hygienic binding may still meet a user's constant of its name, hence the underscores.
            own: Ident::new("__own", site),
            call: Ident::new("__call", site),
            ret: Ident::new("__ret", site),
            site,
        }
    }

    /// The private module, named by tokens that stand at a place.
    pub(super) fn at(&self, span: Span) -> TokenStream {
        private_at(self.krate, span)
    }
}

fn private_at(krate: Option<&Path>, span: Span) -> TokenStream {
    let Some(krate) = krate else {
        return quote_spanned!(span=> ::ragspan::__private);
    };
    let moved = krate.to_token_stream().into_iter().map(|mut token| {
        token.set_span(span.resolved_at(token.span()));
        token
    });
    quote_spanned!(span=> #(#moved)*::__private)
}
