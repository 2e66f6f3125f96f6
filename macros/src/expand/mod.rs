//! Writing the annotated function: from a checked [`RagSpan`] to tokens.
//!
//! The expansion names only `::ragspan::__private` and the user's tokens. Names that it binds have
//! [`Span::mixed_site`], and none is in the scope of the body. Macro-made tokens that can be part of an error are
//! located at the user's tokens, so that the message points there.

mod body;
mod deferred;
mod enter;
mod inspect;
mod manual;
mod names;
mod site;

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Signature;

use crate::model::{Function, RagSpan, Shape};
use crate::returns::Later;
use crate::{params, returns};
pub(crate) use manual::{block, plain_block};
use names::Names;

/// ```text
/// fn search(query: &str) -> Hits {
///     let mut own = enter; own.enter(); let value = run(move || -> Hits { body }); let ret = &value; inspect; value
/// }
/// ```
pub(crate) fn expand(span: &RagSpan) -> TokenStream {
    let names = Names::new(span);
    let Function {
        attributes,
        visibility,
        default,
        signature,
        inner,
        ..
    } = &span.function;
    let (signature, taken) = taken(span, signature);
    let call = match &span.shape {
        Shape::Closure => body::closure(span, &taken, &names),
        Shape::InPlace => body::in_place(span, &names),
        Shape::Async => body::asynchronous(span, &taken, &names),
        Shape::Deferred(later) => deferred::deferred(span, later, &taken, &names),
    };
    let block = braced(quote!(#(#inner)* #call), span.function.body.span());
    let allowed = allowed(span);
    quote!(#(#attributes)* #allowed #visibility #default #signature #block)
}

/// The signature, and the statements with which a body that stands elsewhere takes its arguments.
fn taken(span: &RagSpan, signature: &Signature) -> (Signature, TokenStream) {
    let mut signature = signature.clone();
    let stays = match &span.shape {
        Shape::InPlace => true,
        Shape::Deferred(later) => deferred::bare(span, later).is_some(),
        Shape::Closure | Shape::Async => false,
    };
    if stays {
        return (signature, TokenStream::new());
    }
    let (recorded, consumed) = (enter::recorded(span), enter::consumed(span));
    let taken = params::take(&mut signature, &recorded, &consumed);
    (signature, taken)
}

/// An `async` block that gives a future is what such a function was asked for.
fn allowed(span: &RagSpan) -> Option<TokenStream> {
    let Shape::Deferred(later) = &span.shape else {
        return None;
    };
    let gives_one = later.later == Later::Future && span.function.signature.asyncness.is_some();
    gives_one.then(|| quote_spanned!(Span::mixed_site()=> #[allow(clippy::async_yields_async)]))
}

fn never_async(span: &RagSpan) -> bool {
    let signature = &span.function.signature;
    signature.asyncness.is_some() && returns::never(&signature.output)
}

fn braced(content: TokenStream, span: Span) -> TokenStream {
    let mut group = Group::new(Delimiter::Brace, content);
    group.set_span(span);
    group.to_token_stream()
}

/// Made by the macro, as lints see it, and placed at the user's token, as messages show it.
fn located(token: Span) -> Span {
    Span::mixed_site().located_at(token)
}

/// `|ret: &Type, call|`, or without the type where the text does not say it
///
/// It reaches over what the user wrote to be done with the value: who takes away what that needs is shown it.
fn closure_of(
    value: &syn::Ident,
    of: Option<&syn::Type>,
    names: &Names<'_>,
    body: &TokenStream,
) -> TokenStream {
    let (call, site) = (&names.call, names.site);
    let (from, to) = names.told;
    let (bar, inside) = (quote_spanned!(from=> |), braced(body.clone(), to));
    match of {
        Some(of) => quote_spanned!(site=> #bar #value: &#of, #call #bar #inside),
        None => quote_spanned!(site=> #bar #value, #call #bar #inside),
    }
}
