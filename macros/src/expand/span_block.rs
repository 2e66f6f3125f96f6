//! Code generation for `span!`: a call that runs the user's closure, or a future with a call.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::{Pat, Path, ReturnType};

use super::body::{inner, type_hint};
use super::inspect::inspect;
use super::names::Names;
use super::{braced, enter, inspect_closure};
use crate::crate_path::crate_path;
use crate::model::CheckedSpan;
use crate::return_type::Nameable;
use crate::span_block::Block;

/// Generates the instrumented block. The user's closure is emitted token for token.
///
/// The argument `None` has the type `Option` of the block's value. Type inference thereby knows the expected type
/// before it checks the closure, as the classification requires.
///
/// ```text
/// enter.block(None, |span| body, |ret, call| { inspect })
/// ```
pub(crate) fn block(span: &CheckedSpan, block: &Block) -> TokenStream {
    let names = Names::new(span);
    let enter = enter::enclosed(span, &names);
    if block.asyncness.is_some() {
        return asynchronous(span, block, &enter, &names);
    }
    let (private, closure) = (&names.private, closure(block));
    let done = inspect_closure(&names.ret, None, &names, &inspect(span, &names));
    let method = match block.parameter {
        Some(_) => Ident::new("block", names.mixed_site),
        None => Ident::new("block_without_handle", names.mixed_site),
    };
    quote_spanned!(names.mixed_site=> #enter.#method(#private::None, #closure, #done))
}

fn closure(block: &Block) -> TokenStream {
    let Block {
        moves,
        bars,
        output,
        body,
        ..
    } = block;
    let mixed_site = Span::mixed_site();
    if bars.is_empty() {
        return quote_spanned!(mixed_site=> #moves || #output #body);
    }
    quote_spanned!(mixed_site=> #moves #bars #output #body)
}

/// Generates the future of an `async` block. Its first poll opens the call, as for an `async fn`.
///
/// ```text
/// async move { let (own, handle) = enter.with_handle(); own.future(async move { type_hint let span = handle; body }, |ret, call| { inspect }).await }
/// ```
fn asynchronous(
    span: &CheckedSpan,
    block: &Block,
    enter: &TokenStream,
    names: &Names<'_>,
) -> TokenStream {
    let (mixed_site, own) = (names.mixed_site, &names.own);
    let done = inspect_closure(&names.ret, None, names, &inspect(span, names));
    let type_hint = match &block.output {
        ReturnType::Type(_, returned) => type_hint(&Nameable::of(returned), names),
        ReturnType::Default => None,
    };
    let handle = quote_spanned!(mixed_site=> __span);
    let taken = take(block, &handle);
    let body = body(block, type_hint.as_ref(), taken.as_ref(), names);
    let head = head(block);
    let call = match taken {
        None => quote_spanned!(mixed_site=> #enter.future(#head #body, #done).await),
        Some(_) => quote_spanned! {mixed_site=>
            let (#own, #handle) = #enter.with_handle(); #own.future(#head #body, #done).await
        },
    };
    quote_spanned!(mixed_site=> #head { #call })
}

/// `async move`, with the user's tokens, which determine the edition.
fn head(block: &Block) -> TokenStream {
    let (asyncness, moves) = (&block.asyncness, &block.moves);
    quote_spanned!(Span::mixed_site()=> #asyncness #moves)
}

/// `let span = handle;`, or nothing if the pattern is `_`.
fn take(block: &Block, handle: &TokenStream) -> Option<TokenStream> {
    let parameter = block.parameter.as_ref()?;
    if matches!(parameter.pattern, Pat::Wild(_)) {
        return None;
    }
    let mixed_site = Span::mixed_site();
    let ascribed = parameter.ascribed.as_ref();
    let (pattern, ascribed) = (
        &parameter.pattern,
        ascribed.map(|ascribed| quote_spanned!(mixed_site=> : #ascribed)),
    );
    Some(quote_spanned!(mixed_site=> let #pattern #ascribed = #handle;))
}

fn body(
    block: &Block,
    type_hint: Option<&TokenStream>,
    taken: Option<&TokenStream>,
    names: &Names<'_>,
) -> TokenStream {
    let inner = inner(&block.body, names);
    braced(
        quote_spanned!(names.mixed_site=> #type_hint #taken #inner),
        block.body.span(),
    )
}

/// Generates the block without instrumentation.
///
/// ```text
/// plain_block(|span| body)        async move { let span = Span::none(); body }
/// ```
pub(crate) fn plain_block(block: &Block, krate: Option<&Path>) -> TokenStream {
    let mixed_site = Span::mixed_site();
    let root = crate_path(krate);
    let private = quote_spanned!(mixed_site=> #root::__private);
    if block.asyncness.is_none() {
        let closure = closure(block);
        let run = match block.parameter {
            Some(_) => quote_spanned!(mixed_site=> #private::plain_block_with),
            None => quote_spanned!(mixed_site=> #private::plain_block),
        };
        return quote_spanned!(mixed_site=> #run(#closure));
    }
    let taken = take(block, &quote_spanned!(mixed_site=> #private::Span::none()));
    let (head, body) = (head(block), &block.body);
    match taken {
        None => quote_spanned!(mixed_site=> #head #body),
        Some(taken) => quote_spanned!(mixed_site=> #head { #taken #body }),
    }
}
