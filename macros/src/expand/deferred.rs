//! Functions that return a future or a stream: the call goes on in what is returned.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::quote_spanned;

use super::body::{async_block, edge, inner, move_closure};
use super::closure_of;
use super::enter::enclosed;
use super::inspect::{inspect, inspect_item, judge};
use super::names::Names;
use crate::model::{Empty, RagSpan};
use crate::returns::{Around, Deferred, Holder, Later, Nameable};
use crate::tail;

/// ```text
/// pinned(enter.returned_future(async move { .. }, |ret: &Hits, call| { inspect }))           a body that is one async block
/// enter.prepare_then(move || { take; body }, |made, call| pinned(call.returned_future(made, ..)))  any other; `run_then` for a stream
/// enter.future_then(async move { edge take body }, |made, call| ..).await                an `async fn`
/// ```
pub(super) fn deferred(
    span: &RagSpan,
    later: &Deferred,
    taken: &TokenStream,
    names: &Names<'_>,
) -> TokenStream {
    let (site, enter) = (names.site, enclosed(span, names));
    if span.function.signature.asyncness.is_some() {
        let (block, wrap) = (async_block(span, taken, names), wrap(span, later, names));
        return quote_spanned!(site=> #enter.future_then(#block, #wrap).await);
    }
    if let Some(block) = bare(span, later) {
        let block = edged(block, later, names);
        let followed = followed(span, later, &enter, &block, names);
        return held(later, &followed, names);
    }
    let (run, wrap) = (move_closure(span, taken, names), wrap(span, later, names));
    let method = match later.later {
        Later::Future => Ident::new("prepare_then", site),
        Later::Stream => Ident::new("run_then", site),
    };
    quote_spanned!(site=> #enter.#method(#run, #wrap))
}

/// The user's block, which is told first what it gives, so that what is wrong in it is said of it and not of us.
///
/// ```text
/// async move { edge; body }
/// ```
fn edged(block: TokenStream, later: &Deferred, names: &Names<'_>) -> TokenStream {
    let given = later.output.as_ref().map(Nameable::of);
    let edge = given.and_then(|given| edge(&given, names));
    let mut tokens: Vec<TokenTree> = block.into_iter().collect();
    if let (Some(edge), Some(TokenTree::Group(body))) = (edge, tokens.last_mut()) {
        let inner = inner(body, names);
        let mut group = Group::new(Delimiter::Brace, quote_spanned!(names.site=> #edge #inner));
        group.set_span(body.span());
        *body = group;
    }
    tokens.into_iter().collect()
}

/// The `async` block that is the whole body, where the text says what it gives: nothing else tells its type.
pub(super) fn bare(span: &RagSpan, later: &Deferred) -> Option<TokenStream> {
    let is_async = span.function.signature.asyncness.is_some();
    let told = later.around.is_none() && later.output.is_some();
    tail::bare(&span.function.body).filter(|_| told && !is_async)
}

/// ```text
/// |made, call| call.fallible(made, |ret, call| { judge }, |made, call| -> BoxStream<'_, Token> { held })
/// ```
fn wrap(span: &RagSpan, later: &Deferred, names: &Names<'_>) -> TokenStream {
    let (site, call) = (names.site, &names.call);
    let made = Ident::new("__made", site);
    let callee = quote_spanned!(site=> #call);
    let followed = followed(span, later, &callee, &quote_spanned!(site=> #made), names);
    let held = held(later, &followed, names);
    let Some(around) = later.around else {
        return quote_spanned!(site=> |#made, #call| #held);
    };
    let method = match around {
        Around::Result => Ident::new("fallible", site),
        Around::Option => Ident::new("optional", site),
    };
    let inner = Nameable::of(&later.inner);
    let annotation = (!inner.erased).then(|| {
        let inner = &inner.returned;
        quote_spanned!(site=> -> #inner)
    });
    let absent = absent(span, around, names);
    quote_spanned! {site=>
        |#made, #call| #call.#method(#made, #absent, |#made, #call| #annotation { #held })
    }
}

/// How the call ended if there is no future or stream.
fn absent(span: &RagSpan, around: Around, names: &Names<'_>) -> TokenStream {
    let judge = match around {
        Around::Result => inspect_item(span, names),
        Around::Option => judge(names),
    };
    let none_is_empty = matches!(span.empty, Some(Empty::ByType(_))) && around == Around::Option;
    let empty = none_is_empty.then(|| {
        let (call, ret) = (&names.call, &names.ret);
        quote_spanned!(names.site=> #call.empty(#ret.is_none());)
    });
    closure_of(
        &names.ret,
        None,
        names,
        &quote_spanned!(names.site=> #judge #empty),
    )
}

/// ```text
/// call.returned_future(made, |ret: &Hits, call| { inspect })
/// ```
fn followed(
    span: &RagSpan,
    later: &Deferred,
    call: &TokenStream,
    made: &TokenStream,
    names: &Names<'_>,
) -> TokenStream {
    let (method, body) = match later.later {
        Later::Future => ("returned_future", inspect(span, names)),
        Later::Stream => ("returned_stream", inspect_item(span, names)),
    };
    let method = Ident::new(method, names.site);
    let of = later.output.as_ref().map(Nameable::of);
    let of = of.filter(|of| !of.says_nothing()).map(|of| of.returned);
    let done = closure_of(&names.ret, of.as_ref(), names, &body);
    quote_spanned!(names.site=> #call.#method(#made, #done))
}

fn held(later: &Deferred, followed: &TokenStream, names: &Names<'_>) -> TokenStream {
    let private = &names.private;
    match later.holder {
        Holder::Opaque => followed.clone(),
        Holder::Pinned => quote_spanned!(names.site=> #private::pinned(#followed)),
        Holder::Boxed => quote_spanned!(names.site=> #private::boxed(#followed)),
    }
}
