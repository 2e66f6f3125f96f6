//! The user's body: moved into a closure or an `async` block, or left inline.

use proc_macro2::{Group, Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Lifetime, ReturnType, Type, parse_quote_spanned};

use super::enter::enter;
use super::inspect::inspect;
use super::names::Names;
use super::{braced, inspect_closure, located, never_async};
use crate::model::CheckedSpan;
use crate::return_type::{self, Nameable};

/// ```text
/// let mut own = enter; let call = &mut own; call.enter();
/// let value = run(move || -> Hits { take; body });
/// let ret = &value; inspect; value
/// ```
pub(super) fn closure(span: &CheckedSpan, taken: &TokenStream, names: &Names<'_>) -> TokenStream {
    let (run, private) = (move_closure(span, taken, names), &names.private);
    let run = quote_spanned!(names.mixed_site=> #private::run(#run));
    call_statements(span, false, &run, names)
}

/// Generates the statements of a call around `run`, the expression that computes the returned value.
///
/// With `annotated`, the variable of the value gets the declared return type.
fn call_statements(
    span: &CheckedSpan,
    annotated: bool,
    run: &TokenStream,
    names: &Names<'_>,
) -> TokenStream {
    let enter = enter(span, names);
    let Names {
        own,
        call,
        ret,
        mixed_site,
        ..
    } = names;
    let open = quote_spanned! {*mixed_site=>
        let mut #own = #enter; let #call = &mut #own; #call.enter();
    };
    // No code can follow a body that never returns.
    if return_type::never(&span.function.signature.output) {
        return quote_spanned!(*mixed_site=> #open #run);
    }
    let (value, inspect) = (Ident::new("__value", *mixed_site), inspect(span, names));
    let ascribed = returned(span).filter(|_| annotated);
    let ascribed =
        ascribed.map(|Nameable { returned, .. }| quote_spanned!(*mixed_site=> : #returned));
    quote_spanned! {*mixed_site=>
        #open let #value #ascribed = #run; let #ret = &#value; #inspect #value
    }
}

/// ```text
/// move || -> Hits { take; body }
/// ```
///
/// The head and the braces have the spans of the user's `fn` and braces. Spans determine the edition, which determines
/// the closure's captures and the scope of temporaries; the compiler does not handle a mixture of two editions.
pub(super) fn move_closure(
    span: &CheckedSpan,
    taken: &TokenStream,
    names: &Names<'_>,
) -> TokenStream {
    let signature = &span.function.signature;
    let named = returned(span);
    let (annotation, type_hint) = match (&signature.output, &named) {
        (ReturnType::Default, _) => {
            let at = located(signature.ident.span());
            (quote_spanned!(at=> -> ()), None)
        }
        (_, Some(named)) if named.erased => (TokenStream::new(), type_hint(named, names)),
        (output, _) => (output.to_token_stream(), None),
    };
    let body = scoped(
        &span.function.body,
        taken,
        type_hint.as_ref(),
        named.as_ref(),
        names,
    );
    let head = quote_spanned!(signature.fn_token.span=> move ||);
    quote_spanned!(names.mixed_site=> #head #annotation #body)
}

/// ```text
/// let mut own = enter; let call = &mut own; call.enter();
/// let value: Hits = may_end; let ret = &value; inspect; value
/// ```
pub(super) fn inline(span: &CheckedSpan, names: &Names<'_>) -> TokenStream {
    let body = inner(&span.function.body, names);
    let body = match returned(span) {
        Some(named) => may_end(&body, &named, names),
        None => body,
    };
    call_statements(span, true, &body, names)
}

/// ```text
/// let own = enter; own.future(async move { type_hint take body }, |ret, call| { inspect }).await
/// ```
pub(super) fn asynchronous(
    span: &CheckedSpan,
    taken: &TokenStream,
    names: &Names<'_>,
) -> TokenStream {
    let done = inspect_closure(&names.ret, None, names, &inspect(span, names));
    let (enter, own) = (enter(span, names), &names.own);
    let block = async_block(span, taken, names);
    let call = quote_spanned!(names.mixed_site=> #own.future(#block, #done).await);
    let call = match never_async(span) {
        true => quote_spanned!(names.mixed_site=> match #call {}),
        false => call,
    };
    quote_spanned!(names.mixed_site=> let #own = #enter; #call)
}

/// ```text
/// async move { type_hint take body }
/// ```
pub(super) fn async_block(
    span: &CheckedSpan,
    taken: &TokenStream,
    names: &Names<'_>,
) -> TokenStream {
    let named = awaited(span, names);
    let type_hint = type_hint(&named, names);
    let body = scoped(
        &span.function.body,
        taken,
        type_hint.as_ref(),
        Some(&named),
        names,
    );
    let head = quote_spanned!(span.function.signature.fn_token.span=> async move);
    quote_spanned!(names.mixed_site=> #head #body)
}

/// Returns the function's return type in a form that a closure or a `let` can name, or `None` for `!`.
fn returned(span: &CheckedSpan) -> Option<Nameable> {
    let signature = &span.function.signature;
    match &signature.output {
        output if return_type::never(output) => None,
        ReturnType::Type(_, returned) => Some(Nameable::of(returned)),
        ReturnType::Default => {
            let unit: Type = parse_quote_spanned!(located(signature.ident.span())=> ());
            Some(Nameable::of(&unit))
        }
    }
}

/// Returns the output type of the `async` block that contains the body.
fn awaited(span: &CheckedSpan, names: &Names<'_>) -> Nameable {
    returned(span).unwrap_or_else(|| {
        // `!` cannot be named in this position, but `__private::Never` can. A `match` converts its value to `!`.
        let at = match &span.function.signature.output {
            ReturnType::Type(_, never) => located(never.span()),
            ReturnType::Default => names.mixed_site,
        };
        let private = names.private_at(at);
        Nameable::of(&parse_quote_spanned!(at=> #private::Never))
    })
}

/// Generates a `return` that never runs. It gives the compiler the declared type for inference and coercion before it
/// checks the body, and triggers no lint about unreachable code.
///
/// ```text
/// if let Some(ret) = None::<Result<_, Error>> { return ret; }
/// ```
pub(super) fn type_hint(named: &Nameable, names: &Names<'_>) -> Option<TokenStream> {
    if named.is_inferred() {
        return None;
    }
    let returned = &named.returned;
    let at = located(returned.span());
    let (private, ret) = (names.private_at(at), Ident::new("__ret", at));
    Some(quote_spanned! {at=>
        if let #private::Some(#ret) = #private::None::<#returned> { return #ret; }
    })
}

/// Generates the body after the statements that must precede it. The body is then in nested braces, which limit the
/// scope of its items and variables.
///
/// The moved arguments must outlive the temporaries of the body's last expression, as the arguments of a function do.
/// Before the 2024 edition, only a `let` statement drops these temporaries early enough.
///
/// ```text
/// { type_hint take let ret: Hits = may_end; ret }
/// ```
fn scoped(
    body: &Group,
    taken: &TokenStream,
    type_hint: Option<&TokenStream>,
    named: Option<&Nameable>,
    names: &Names<'_>,
) -> TokenStream {
    if taken.is_empty() && type_hint.is_none() {
        return body.to_token_stream();
    }
    let inner = inner(body, names);
    let inside = match named {
        Some(named) if !taken.is_empty() => {
            let (ret, returned) = (&names.ret, &named.returned);
            let value = may_end(&inner, named, names);
            quote_spanned!(names.mixed_site=> #type_hint #taken let #ret: #returned = #value; #ret)
        }
        _ => quote!(#type_hint #taken #inner),
    };
    braced(inside, body.span())
}

/// Generates a block that the compiler takes for one that ends, so that a body that diverges triggers no lint about the
/// code after it. The `break` never runs.
///
/// ```text
/// '__ret: { if let Some(ret) = None::<Hits> { break '__ret ret; } { body } }
/// ```
fn may_end(inner: &TokenStream, named: &Nameable, names: &Names<'_>) -> TokenStream {
    let (ret, private, returned) = (&names.ret, &names.private, &named.returned);
    let label = Lifetime::new("'__ret", names.mixed_site);
    quote_spanned! {names.mixed_site=>
        #label: { if let #private::Some(#ret) = #private::None::<#returned> { break #label #ret; } #inner }
    }
}

/// Generates the body in nested braces. The empty statement prevents the lint about unused braces.
pub(super) fn inner(body: &Group, names: &Names<'_>) -> TokenStream {
    let (statement, body_tokens) = (quote_spanned!(names.mixed_site=> ;), body.stream());
    braced(quote!(#statement #body_tokens), body.span())
}
