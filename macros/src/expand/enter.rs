//! The start of a call: opens its span and records the fields that are known before the body runs.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;

use super::callsite::callsite;
use super::located;
use super::names::Names;
use crate::model::{CheckedSpan, Field, FieldKind, ModelSource, Opening};

/// Generates the call with the fields recorded before its body runs.
///
/// ```text
/// Call::open_with({ callsite }, &[field(&top_k)])                                                          names and literals
/// { let mut own = Call::open({ callsite }); if own.has_listeners() { let call = &mut own; capture } own }  other expressions
/// ```
///
/// For use in a `let` statement, which ends the borrows of the field values.
pub(super) fn enter(span: &CheckedSpan, names: &Names<'_>) -> TokenStream {
    if is_simple(span) {
        let (private, callsite) = (&names.private, callsite(span, names));
        let values = values(&span.call_fields, names);
        return quote_spanned!(names.mixed_site=> #private::Call::open_with(#callsite, &[#(#values),*]));
    }
    let (opened, capture) = (opened(span, names), capture(span, names));
    if capture.is_empty() {
        return opened;
    }
    let (mixed_site, own, call) = (names.mixed_site, &names.own, &names.call);
    quote_spanned! {mixed_site=>
        { let mut #own = #opened; if #own.has_listeners() { let #call = &mut #own; #capture } #own }
    }
}

/// Like [`enter`], for use in any expression.
///
/// `{ let own = enter; own }`
pub(super) fn enclosed(span: &CheckedSpan, names: &Names<'_>) -> TokenStream {
    let (enter, own) = (enter(span, names), &names.own);
    if !is_simple(span) {
        return enter;
    }
    quote_spanned!(names.mixed_site=> { let #own = #enter; #own })
}

/// Returns `true` if all recorded values are names or literals, whose evaluation costs nothing if the span is disabled.
fn is_simple(span: &CheckedSpan) -> bool {
    let has_model = matches!(span.model, Some(ModelSource::Expression(_)));
    let is_free = |field: &Field| matches!(field.value, syn::Expr::Path(_) | syn::Expr::Lit(_));
    let simple = span.opening.is_empty() && !has_model && span.call_fields.iter().all(is_free);
    simple && !span.call_fields.is_empty()
}

/// ```text
/// Call::open({ callsite })
/// ```
fn opened(span: &CheckedSpan, names: &Names<'_>) -> TokenStream {
    let private = &names.private;
    let (mixed_site, callsite) = (names.mixed_site, callsite(span, names));
    if span.opening.is_empty() {
        return quote_spanned!(mixed_site=> #private::Call::open(#callsite));
    }
    let open = open(&span.opening, names);
    quote_spanned!(mixed_site=> #private::Call::open_as(#callsite, #open))
}

/// ```text
/// |open| open.parent(&span).follows_from(causes).context(&request).call(&[field(&top_k)])
/// ```
fn open(opening: &Opening, names: &Names<'_>) -> TokenStream {
    let (mixed_site, open) = (names.mixed_site, Ident::new("__open", names.mixed_site));
    let parent = opening.parent.as_ref().map(|parent| {
        let at = located(parent.span());
        quote_spanned!(at=> .parent(#parent))
    });
    let follows = opening.follows_from.as_ref().map(|causes| {
        let at = located(causes.span());
        quote_spanned!(at=> .follows_from(#causes))
    });
    let context = opening.context_from.as_ref().map(|context| {
        let at = located(context.span());
        quote_spanned!(at=> .context(&#context))
    });
    let values = values(&opening.fields, names);
    quote_spanned!(mixed_site=> |#open| #open #parent #follows #context .call(&[#(#values),*]))
}

/// ```text
/// call.fields(0, &[field(&top_k), &debug(&filter)]); call.model(&MODEL);
/// ```
fn capture(span: &CheckedSpan, names: &Names<'_>) -> TokenStream {
    let (call, first) = (&names.call, span.opening.fields.len());
    let fields = (!span.call_fields.is_empty()).then(|| {
        let fields = fields(first, &span.call_fields, names);
        quote_spanned!(names.mixed_site=> #fields;)
    });
    let model = match &span.model {
        Some(ModelSource::Expression(model)) => {
            Some(quote_spanned!(located(model.span())=> #call.model(&#model);))
        }
        _ => None,
    };
    quote_spanned!(names.mixed_site=> #fields #model)
}

/// ```text
/// call.fields(5, &[field(&(hits.len())), metric(&(0.5)), &display(&id)])
/// ```
pub(super) fn fields(first: usize, fields: &[Field], names: &Names<'_>) -> TokenStream {
    let call = &names.call;
    let first = Literal::usize_unsuffixed(first);
    let values = values(fields, names);
    quote_spanned!(names.mixed_site=> #call.fields(#first, &[#(#values),*]))
}

fn values<'a>(fields: &'a [Field], names: &'a Names<'_>) -> impl Iterator<Item = TokenStream> + 'a {
    fields.iter().map(|field| value(field, names))
}

fn value(field: &Field, names: &Names<'_>) -> TokenStream {
    let at = located(field.value.span());
    let private = names.private_at(at);
    let value = match &field.value {
        value @ (syn::Expr::Path(_) | syn::Expr::Lit(_)) => value.to_token_stream(),
        value => quote_spanned!(at=> (#value)),
    };
    match field.kind {
        FieldKind::Value => quote_spanned!(at=> #private::field(&#value)),
        FieldKind::Metric => quote_spanned!(at=> #private::metric(&#value)),
        FieldKind::Debug => quote_spanned!(at=> &#private::debug(&#value)),
        FieldKind::Display => quote_spanned!(at=> &#private::display(&#value)),
        FieldKind::Empty => quote_spanned!(at=> &#private::Empty),
    }
}

/// Returns the expressions that read arguments before the body runs.
pub(super) fn recorded(span: &CheckedSpan) -> Vec<TokenStream> {
    let opening = &span.opening;
    let fields = opening.fields.iter().chain(&span.call_fields);
    let values = fields.map(|field| field.value.to_token_stream());
    let context = opening.context_from.as_ref().map(ToTokens::to_token_stream);
    let model = match &span.model {
        Some(ModelSource::Expression(model)) => Some(model.to_token_stream()),
        _ => None,
    };
    values.chain(context).chain(model).collect()
}

/// Returns the expressions that may move an argument out before the body runs.
pub(super) fn consumed(span: &CheckedSpan) -> Vec<TokenStream> {
    let named = [&span.opening.parent, &span.opening.follows_from];
    let named = named.into_iter().flatten().map(ToTokens::to_token_stream);
    named.collect()
}
