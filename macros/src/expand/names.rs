//! The names that an expansion uses beside the user's.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

use super::located;
use crate::model::{Empty, RagSpan};

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
    /// From where to where stands what is done with the value returned.
    pub(super) told: (Span, Span),
}

impl<'a> Names<'a> {
    pub(super) fn new(span: &'a RagSpan) -> Self {
        let site = Span::mixed_site();
        let krate = span.krate.as_ref();
        // A path that leads nowhere is complained about where it is written.
        let written = krate.map(|krate| quote_spanned!(site=> #krate::__private));
        Self {
            krate,
            private: written.unwrap_or_else(|| private_at(None, site)),
            // A hygienic binding may still meet a user's constant of its name, hence the underscores.
            own: Ident::new("__own", site),
            call: Ident::new("__call", site),
            ret: Ident::new("__ret", site),
            site,
            told: told(span).map_or((site, site), |(from, to)| (located(from), located(to))),
        }
    }

    /// The private module, named by tokens that stand at a place.
    pub(super) fn at(&self, span: Span) -> TokenStream {
        private_at(self.krate, span)
    }
}

pub(super) fn private_at(krate: Option<&Path>, span: Span) -> TokenStream {
    let Some(krate) = krate else {
        return quote_spanned!(span=> ::ragspan::__private);
    };
    let moved = krate.to_token_stream().into_iter().map(|mut token| {
        token.set_span(span.resolved_at(token.span()));
        token
    });
    quote_spanned!(span=> #(#moved)*::__private)
}

/// Of the arguments that are told from the value the first, from its pattern to its end.
fn told(span: &RagSpan) -> Option<(Span, Span)> {
    let of_ok = span.ok.as_ref().and_then(|ok| {
        let last = &ok.fields.last()?.value;
        Some((&ok.pattern, last))
    });
    let judged = match &span.empty {
        Some(Empty::By(judged)) => Some(judged),
        _ => span.outcome.as_ref(),
    };
    let of_judged = judged.map(|judged| (&*judged.pattern, &*judged.expression));
    let (pattern, last) = of_ok.or(of_judged)?;
    let end = last.to_token_stream().into_iter().last()?;
    Some((pattern.pattern.span(), end.span()))
}
