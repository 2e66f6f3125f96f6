//! Functions that return a future or a stream. The call lasts until the future completes or the stream ends.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::quote_spanned;

use super::body::{async_block, inner, move_closure, type_hint};
use super::enter::enclosed;
use super::inspect::{classify, inspect, inspect_item};
use super::inspect_closure;
use super::names::Names;
use crate::model::{CheckedSpan, EmptyCheck};
use crate::return_type::{Deferred, DeferredKind, Holder, Nameable, Wrapper};
use crate::tail;

/// ```text
/// pinned(enter.returned_future(async move { .. }, |ret: &Hits, call| { inspect }))  a body that is one async block
/// enter.prepare_then(move || { take; body }, |made, call| pinned(call.returned_future(made, ..)))
///                                                                any other body; `run_then` for a stream
/// enter.future_then(async move { type_hint take body }, |made, call| ..).await      an `async fn`
/// ```
pub(super) fn deferred(
    span: &CheckedSpan,
    returned: &Deferred,
    taken: &TokenStream,
    names: &Names<'_>,
) -> TokenStream {
    let (mixed_site, enter) = (names.mixed_site, enclosed(span, names));
    if span.function.signature.asyncness.is_some() {
        let (block, wrap) = (async_block(span, taken, names), wrap(span, returned, names));
        return quote_spanned!(mixed_site=> #enter.future_then(#block, #wrap).await);
    }
    if let Some(block) = bare(span, returned) {
        let block = with_type_hint(block, returned, names);
        let followed = followed(span, returned, &enter, &block, names);
        return in_holder(returned, &followed, names);
    }
    let (run, wrap) = (
        move_closure(span, taken, names),
        wrap(span, returned, names),
    );
    let method = match returned.kind {
        DeferredKind::Future => Ident::new("prepare_then", mixed_site),
        DeferredKind::Stream => Ident::new("run_then", mixed_site),
    };
    quote_spanned!(mixed_site=> #enter.#method(#run, #wrap))
}

/// Adds the declared output type to the user's block, so that rustc reports type errors in the block and not in
/// generated code.
///
/// ```text
/// async move { type_hint; body }
/// ```
fn with_type_hint(block: TokenStream, returned: &Deferred, names: &Names<'_>) -> TokenStream {
    let output = returned.output.as_ref().map(Nameable::of);
    let type_hint = output.and_then(|output| type_hint(&output, names));
    let mut tokens: Vec<TokenTree> = block.into_iter().collect();
    if let (Some(type_hint), Some(TokenTree::Group(body))) = (type_hint, tokens.last_mut()) {
        let inner = inner(body, names);
        let mut group = Group::new(
            Delimiter::Brace,
            quote_spanned!(names.mixed_site=> #type_hint #inner),
        );
        group.set_span(body.span());
        *body = group;
    }
    tokens.into_iter().collect()
}

/// Returns the `async` block that is the whole body.
///
/// Returns `None` if the signature does not name the block's output, because then only the closure around the body
/// fixes its type.
pub(super) fn bare(span: &CheckedSpan, returned: &Deferred) -> Option<TokenStream> {
    let is_async = span.function.signature.asyncness.is_some();
    let has_output = returned.wrapper.is_none() && returned.output.is_some();
    tail::bare(&span.function.body).filter(|_| has_output && !is_async)
}

/// ```text
/// |made, call| call.fallible(made, |ret, call| { classify }, |made, call| -> BoxStream<'_, Token> { held })
/// ```
fn wrap(span: &CheckedSpan, returned: &Deferred, names: &Names<'_>) -> TokenStream {
    let (mixed_site, call) = (names.mixed_site, &names.call);
    let made = Ident::new("__made", mixed_site);
    let callee = quote_spanned!(mixed_site=> #call);
    let followed = followed(
        span,
        returned,
        &callee,
        &quote_spanned!(mixed_site=> #made),
        names,
    );
    let held = in_holder(returned, &followed, names);
    let Some(wrapper) = returned.wrapper else {
        return quote_spanned!(mixed_site=> |#made, #call| #held);
    };
    let method = match wrapper {
        Wrapper::Result => Ident::new("fallible", mixed_site),
        Wrapper::Option => Ident::new("optional", mixed_site),
    };
    let inner = Nameable::of(&returned.inner);
    let annotation = (!inner.erased).then(|| {
        let inner = &inner.returned;
        quote_spanned!(mixed_site=> -> #inner)
    });
    let absent = absent(span, wrapper, names);
    quote_spanned! {mixed_site=>
        |#made, #call| #call.#method(#made, #absent, |#made, #call| #annotation { #held })
    }
}

/// Generates the closure that classifies the call if the function returned no future or stream.
fn absent(span: &CheckedSpan, wrapper: Wrapper, names: &Names<'_>) -> TokenStream {
    let classify = match wrapper {
        Wrapper::Result => inspect_item(span, names),
        Wrapper::Option => classify(names),
    };
    let none_is_empty =
        matches!(span.empty, Some(EmptyCheck::ByType(_))) && wrapper == Wrapper::Option;
    let empty = none_is_empty.then(|| {
        let (call, ret) = (&names.call, &names.ret);
        quote_spanned!(names.mixed_site=> #call.empty(#ret.is_none());)
    });
    inspect_closure(
        &names.ret,
        None,
        names,
        &quote_spanned!(names.mixed_site=> #classify #empty),
    )
}

/// ```text
/// call.returned_future(made, |ret: &Hits, call| { inspect })
/// ```
fn followed(
    span: &CheckedSpan,
    returned: &Deferred,
    call: &TokenStream,
    made: &TokenStream,
    names: &Names<'_>,
) -> TokenStream {
    let (method, body) = match returned.kind {
        DeferredKind::Future => ("returned_future", inspect(span, names)),
        DeferredKind::Stream => ("returned_stream", inspect_item(span, names)),
    };
    let method = Ident::new(method, names.mixed_site);
    let output = returned.output.as_ref().map(Nameable::of);
    let output = output.filter(|output| !output.is_inferred());
    let output = output.map(|output| output.returned);
    let done = inspect_closure(&names.ret, output.as_ref(), names, &body);
    quote_spanned!(names.mixed_site=> #call.#method(#made, #done))
}

fn in_holder(returned: &Deferred, followed: &TokenStream, names: &Names<'_>) -> TokenStream {
    let private = &names.private;
    match returned.holder {
        Holder::Opaque => followed.clone(),
        Holder::Pinned => quote_spanned!(names.mixed_site=> #private::pinned(#followed)),
        Holder::Boxed => quote_spanned!(names.mixed_site=> #private::boxed(#followed)),
    }
}
