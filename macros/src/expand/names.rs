//! The names that an expansion uses beside the user's.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

use super::located;
use crate::model::{Empty, RagSpan};
use crate::root::{root, root_at};

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
        let root = root(krate);
        Self {
            krate,
            private: quote_spanned!(site=> #root::__private),
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
        let root = root_at(self.krate, span);
        quote_spanned!(span=> #root::__private)
    }
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
