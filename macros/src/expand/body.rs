//! Running the body: in a closure, in an `async` block, or where it stands.

use proc_macro2::{Group, Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ReturnType, Type, parse_quote_spanned};

use super::enter::enter;
use super::inspect::inspect;
use super::names::Names;
use super::{braced, closure_of, located, never_async};
use crate::model::RagSpan;
use crate::returns::{self, Nameable};

/// ```text
/// let mut own = enter; let call = &mut own; call.enter();
/// let value = run(move || -> Hits { take; body });
/// let ret = &value; inspect; value
/// ```
pub(super) fn closure(span: &RagSpan, taken: &TokenStream, names: &Names<'_>) -> TokenStream {
    let (run, private) = (move_closure(span, taken, names), &names.private);
    let run = quote_spanned!(names.site=> #private::run(#run));
    around(span, false, &run, names)
}

/// The statements of a call around the expression that gives its value.
fn around(span: &RagSpan, named: bool, run: &TokenStream, names: &Names<'_>) -> TokenStream {
    let enter = enter(span, names);
    let Names {
        own,
        call,
        ret,
        site,
        ..
    } = names;
    let open = quote_spanned! {*site=>
        let mut #own = #enter; let #call = &mut #own; #call.enter();
    };
    // Nothing comes after a body that never returns.
    if returns::never(&span.function.signature.output) {
        return quote_spanned!(*site=> #open #run);
    }
    let (value, inspect) = (Ident::new("__value", *site), inspect(span, names));
    let ascribed = returned(span, names).filter(|_| named);
    let ascribed = ascribed.map(|Nameable { returned, .. }| quote_spanned!(*site=> : #returned));
    quote_spanned! {*site=>
        #open let #value #ascribed = #run; let #ret = &#value; #inspect #value
    }
}

/// ```text
/// move || -> Hits { take; body }
/// ```
///
/// Its head and its braces stand where the user's do, for an edition is told from there, and by it what a closure captures and
/// when temporaries end. A mixture of two editions is more than the compiler can bear.
pub(super) fn move_closure(span: &RagSpan, taken: &TokenStream, names: &Names<'_>) -> TokenStream {
    let signature = &span.function.signature;
    let named = returned(span, names);
    let (annotation, edge) = match (&signature.output, &named) {
        (ReturnType::Default, _) => {
            let at = located(signature.ident.span());
            (quote_spanned!(at=> -> ()), None)
        }
        (_, Some(named)) if named.erased => (TokenStream::new(), edge(named, names)),
        (output, _) => (output.to_token_stream(), None),
    };
    let body = scoped(
        &span.function.body,
        taken,
        edge.as_ref(),
        named.as_ref(),
        names,
    );
    let head = quote_spanned!(signature.fn_token.span=> move ||);
    quote_spanned!(names.site=> #head #annotation #body)
}

/// ```text
/// let mut own = enter; let call = &mut own; call.enter();
/// let value: Hits = { body }; let ret = &value; inspect; value
/// ```
pub(super) fn in_place(span: &RagSpan, names: &Names<'_>) -> TokenStream {
    around(span, true, &inner(&span.function.body, names), names)
}

/// ```text
/// let own = enter; own.future(async move { edge take body }, |ret, call| { inspect }).await
/// ```
pub(super) fn asynchronous(span: &RagSpan, taken: &TokenStream, names: &Names<'_>) -> TokenStream {
    let done = closure_of(&names.ret, None, names, &inspect(span, names));
    let (enter, own) = (enter(span, names), &names.own);
    let block = async_block(span, taken, names);
    let call = quote_spanned!(names.site=> #own.future(#block, #done).await);
    let call = match never_async(span) {
        true => quote_spanned!(names.site=> match #call {}),
        false => call,
    };
    quote_spanned!(names.site=> let #own = #enter; #call)
}

/// ```text
/// async move { edge take body }
/// ```
pub(super) fn async_block(span: &RagSpan, taken: &TokenStream, names: &Names<'_>) -> TokenStream {
    let named = awaited(span, names);
    let edge = edge(&named, names);
    let body = scoped(
        &span.function.body,
        taken,
        edge.as_ref(),
        Some(&named),
        names,
    );
    let head = quote_spanned!(span.function.signature.fn_token.span=> async move);
    quote_spanned!(names.site=> #head #body)
}

/// What the function returns, as a closure or a `let` may name it; `None` where it never does.
fn returned(span: &RagSpan, _: &Names<'_>) -> Option<Nameable> {
    let signature = &span.function.signature;
    match &signature.output {
        output if returns::never(output) => None,
        ReturnType::Type(_, returned) => Some(Nameable::of(returned)),
        ReturnType::Default => {
            let unit: Type = parse_quote_spanned!(located(signature.ident.span())=> ());
            Some(Nameable::of(&unit))
        }
    }
}

/// The type of the `async` block that holds the body.
fn awaited(span: &RagSpan, names: &Names<'_>) -> Nameable {
    returned(span, names).unwrap_or_else(|| {
        // `!` cannot be named here; another type without values can, and a `match` turns it back.
        let at = match &span.function.signature.output {
            ReturnType::Type(_, never) => located(never.span()),
            ReturnType::Default => names.site,
        };
        let private = names.at(at);
        Nameable::of(&parse_quote_spanned!(at=> #private::Never))
    })
}

/// A return that never happens, which gives inference and coercion the declared type before the body
/// is looked at. No lint finds anything unreachable in it.
///
/// ```text
/// if let Some(ret) = None::<Result<_, Error>> { return ret; }
/// ```
pub(super) fn edge(named: &Nameable, names: &Names<'_>) -> Option<TokenStream> {
    if named.says_nothing() {
        return None;
    }
    let returned = &named.returned;
    let at = located(returned.span());
    let (private, ret) = (names.at(at), Ident::new("__ret", at));
    Some(quote_spanned! {at=>
        if let #private::Some(#ret) = #private::None::<#returned> { return #ret; }
    })
}

/// The body behind what must come before it; in braces of its own then, so that its items and
/// inner shadows stay inside.
///
/// What was taken must outlive the temporaries of the body's last expression, as arguments do. In older editions
/// only a `let` ends them in time.
///
/// ```text
/// { edge take let ret: Hits = { body }; ret }
/// ```
fn scoped(
    body: &Group,
    taken: &TokenStream,
    edge: Option<&TokenStream>,
    named: Option<&Nameable>,
    names: &Names<'_>,
) -> TokenStream {
    if taken.is_empty() && edge.is_none() {
        return body.to_token_stream();
    }
    let inner = inner(body, names);
    let inside = match named {
        Some(named) if !taken.is_empty() => {
            let (ret, returned) = (&names.ret, &named.returned);
            quote_spanned!(names.site=> #edge #taken let #ret: #returned = #inner; #ret)
        }
        _ => quote!(#edge #taken #inner),
    };
    braced(inside, body.span())
}

/// The body in braces within others. The empty statement keeps braces around one expression from being called unused.
pub(super) fn inner(body: &Group, names: &Names<'_>) -> TokenStream {
    let (statement, body_tokens) = (quote_spanned!(names.site=> ;), body.stream());
    braced(quote!(#statement #body_tokens), body.span())
}
