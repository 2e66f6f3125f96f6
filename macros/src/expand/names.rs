//! The names in an expansion that are not the user's.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

use super::located;
use crate::crate_path::{crate_path, crate_path_at};
use crate::model::{CheckedSpan, EmptyCheck};

pub(super) struct Names<'a> {
    krate: Option<&'a Path>,
    pub(super) private: TokenStream,
    /// The variable that owns the call.
    pub(super) own: Ident,
    /// A `&mut` reference to the call.
    pub(super) call: Ident,
    /// A `&` reference to the returned value.
    pub(super) ret: Ident,
    pub(super) mixed_site: Span,
    /// The start and the end of the first argument that reads the returned value.
    pub(super) value_argument: (Span, Span),
}

impl<'a> Names<'a> {
    pub(super) fn new(span: &'a CheckedSpan) -> Self {
        let mixed_site = Span::mixed_site();
        let krate = span.krate.as_ref();
        let root = crate_path(krate);
        Self {
            krate,
            private: quote_spanned!(mixed_site=> #root::__private),
            // A hygienic binding can still match a user's constant of the same name, hence the underscores.
            own: Ident::new("__own", mixed_site),
            call: Ident::new("__call", mixed_site),
            ret: Ident::new("__ret", mixed_site),
            mixed_site,
            value_argument: value_argument(span)
                .map_or((mixed_site, mixed_site), |(start, end)| {
                    (located(start), located(end))
                }),
        }
    }

    /// Returns the path to `__private` with every token located at `span`.
    pub(super) fn private_at(&self, span: Span) -> TokenStream {
        let root = crate_path_at(self.krate, span);
        quote_spanned!(span=> #root::__private)
    }
}

/// Returns the start and the end of the first argument that reads the returned value, from its pattern to its last
/// token.
fn value_argument(span: &CheckedSpan) -> Option<(Span, Span)> {
    let ok = span.ok.as_ref().and_then(|ok| {
        let last = &ok.fields.last()?.value;
        Some((&ok.pattern, last))
    });
    let closure = match &span.empty {
        Some(EmptyCheck::Closure(closure)) => Some(closure),
        _ => span.outcome.as_ref(),
    };
    let closure = closure.map(|closure| (&*closure.pattern, &*closure.expression));
    let (pattern, last) = ok.or(closure)?;
    let end = last.to_token_stream().into_iter().last()?;
    Some((pattern.pattern.span(), end.span()))
}
