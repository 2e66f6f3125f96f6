//! Blocks: a closure that is run by a call, or a future that has one.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::{Pat, Path, ReturnType};

use super::body::{edge, inner};
use super::inspect::inspect;
use super::names::Names;
use super::{braced, closure_of, enter};
use crate::manual::Block;
use crate::model::RagSpan;
use crate::returns::Nameable;
use crate::root::root;

/// The closure is the user's own, token for token. `None` stands for its value: what is expected of the whole is known by it before the
/// closure is looked at, and the judge needs to know.
///
/// ```text
/// enter.block(None, |span| body, |ret, call| { inspect })
/// ```
pub(crate) fn block(span: &RagSpan, block: &Block) -> TokenStream {
    let names = Names::new(span);
    let enter = enter::enclosed(span, &names);
    if block.asyncness.is_some() {
        return asynchronous(span, block, &enter, &names);
    }
    let (private, closure) = (&names.private, closure(block));
    let done = closure_of(&names.ret, None, &names, &inspect(span, &names));
    let method = match block.parameter {
        Some(_) => Ident::new("block", names.site),
        None => Ident::new("block_without_handle", names.site),
    };
    quote_spanned!(names.site=> #enter.#method(#private::None, #closure, #done))
}

fn closure(block: &Block) -> TokenStream {
    let Block {
        moves,
        bars,
        output,
        body,
        ..
    } = block;
    let site = Span::mixed_site();
    if bars.is_empty() {
        return quote_spanned!(site=> #moves || #output #body);
    }
    quote_spanned!(site=> #moves #bars #output #body)
}

/// The call is opened by the first poll, as that of an `async fn` is.
///
/// ```text
/// async move { let (own, handle) = enter.with_handle(); own.future(async move { edge let span = handle; body }, |ret, call| { inspect }).await }
/// ```
fn asynchronous(
    span: &RagSpan,
    block: &Block,
    enter: &TokenStream,
    names: &Names<'_>,
) -> TokenStream {
    let (site, own) = (names.site, &names.own);
    let done = closure_of(&names.ret, None, names, &inspect(span, names));
    let edge = match &block.output {
        ReturnType::Type(_, returned) => edge(&Nameable::of(returned), names),
        ReturnType::Default => None,
    };
    let handle = quote_spanned!(site=> __span);
    let taken = take(block, &handle);
    let body = body(block, edge.as_ref(), taken.as_ref(), names);
    let head = head(block);
    let call = match taken {
        None => quote_spanned!(site=> #enter.future(#head #body, #done).await),
        Some(_) => quote_spanned! {site=>
            let (#own, #handle) = #enter.with_handle(); #own.future(#head #body, #done).await
        },
    };
    quote_spanned!(site=> #head { #call })
}

/// `async move`, of the user's edition.
fn head(block: &Block) -> TokenStream {
    let (asyncness, moves) = (&block.asyncness, &block.moves);
    quote_spanned!(Span::mixed_site()=> #asyncness #moves)
}

/// `let span = handle;`, unless nobody looks at it.
fn take(block: &Block, handle: &TokenStream) -> Option<TokenStream> {
    let parameter = block.parameter.as_ref()?;
    if matches!(parameter.pattern, Pat::Wild(_)) {
        return None;
    }
    let site = Span::mixed_site();
    let of = parameter.ascribed.as_ref();
    let (pattern, of) = (
        &parameter.pattern,
        of.map(|of| quote_spanned!(site=> : #of)),
    );
    Some(quote_spanned!(site=> let #pattern #of = #handle;))
}

fn body(
    block: &Block,
    edge: Option<&TokenStream>,
    taken: Option<&TokenStream>,
    names: &Names<'_>,
) -> TokenStream {
    let inner = inner(&block.body, names);
    braced(
        quote_spanned!(names.site=> #edge #taken #inner),
        block.body.span(),
    )
}

/// The block as it would run if nobody measured it.
///
/// ```text
/// plain_block(|span| body)        async move { let span = Span::none(); body }
/// ```
pub(crate) fn plain_block(block: &Block, krate: Option<&Path>) -> TokenStream {
    let site = Span::mixed_site();
    let root = root(krate);
    let private = quote_spanned!(site=> #root::__private);
    if block.asyncness.is_none() {
        let closure = closure(block);
        let run = match block.parameter {
            Some(_) => quote_spanned!(site=> #private::plain_block_with),
            None => quote_spanned!(site=> #private::plain_block),
        };
        return quote_spanned!(site=> #run(#closure));
    }
    let taken = take(block, &quote_spanned!(site=> #private::Span::none()));
    let (head, body) = (head(block), &block.body);
    match taken {
        None => quote_spanned!(site=> #head #body),
        Some(taken) => quote_spanned!(site=> #head { #taken #body }),
    }
}
