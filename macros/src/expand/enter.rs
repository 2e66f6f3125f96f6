//! Beginning a call: its span, and what is recorded before the body runs.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;

use super::located;
use super::names::Names;
use super::site::site;
use crate::model::{Field, How, ModelBy, Opening, RagSpan};

/// A call, with what is recorded before its body runs.
///
/// ```text
/// Call::open_with({ site }, &[field(&top_k)])                                                   names and literals
/// { let mut own = Call::open({ site }); if own.has_listeners() { let call = &mut own; capture } own }  what has to be evaluated
/// ```
///
/// It stands behind a `let`, so that nothing borrowed lives on.
pub(super) fn enter(span: &RagSpan, names: &Names<'_>) -> TokenStream {
    if is_simple(span) {
        let (private, site) = (&names.private, site(span, names));
        let values = values(&span.entry, names);
        return quote_spanned!(names.site=> #private::Call::open_with(#site, &[#(#values),*]));
    }
    let (opened, capture) = (opened(span, names), capture(span, names));
    if capture.is_empty() {
        return opened;
    }
    let (site, own, call) = (names.site, &names.own, &names.call);
    quote_spanned! {site=>
        { let mut #own = #opened; if #own.has_listeners() { let #call = &mut #own; #capture } #own }
    }
}

/// The same, wherever it stands.
///
/// `{ let own = enter; own }`
pub(super) fn enclosed(span: &RagSpan, names: &Names<'_>) -> TokenStream {
    let (enter, own) = (enter(span, names), &names.own);
    if !is_simple(span) {
        return enter;
    }
    quote_spanned!(names.site=> { let #own = #enter; #own })
}

/// What is recorded is there, and costs nothing where nobody listens.
fn is_simple(span: &RagSpan) -> bool {
    let given = matches!(span.model, Some(ModelBy::Given(_)));
    let there = |field: &Field| matches!(field.value, syn::Expr::Path(_) | syn::Expr::Lit(_));
    let simple = span.opening.says_nothing() && !given && span.entry.iter().all(there);
    simple && !span.entry.is_empty()
}

/// ```text
/// Call::open({ site })
/// ```
fn opened(span: &RagSpan, names: &Names<'_>) -> TokenStream {
    let private = &names.private;
    let (place, site) = (names.site, site(span, names));
    if span.opening.says_nothing() {
        return quote_spanned!(place=> #private::Call::open(#site));
    }
    let open = open(&span.opening, names);
    quote_spanned!(place=> #private::Call::open_as(#site, #open))
}

/// ```text
/// |open| open.parent(&span).follows_from(causes).context(&request).call(&[field(&top_k)])
/// ```
fn open(opening: &Opening, names: &Names<'_>) -> TokenStream {
    let (site, open) = (names.site, Ident::new("__open", names.site));
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
    quote_spanned!(site=> |#open| #open #parent #follows #context .call(&[#(#values),*]))
}

/// ```text
/// call.fields(0, &[field(&top_k), &debug(&filter)]); call.model(&MODEL);
/// ```
fn capture(span: &RagSpan, names: &Names<'_>) -> TokenStream {
    let (call, first) = (&names.call, span.opening.fields.len());
    let fields = (!span.entry.is_empty()).then(|| {
        let fields = fields(first, &span.entry, names);
        quote_spanned!(names.site=> #fields;)
    });
    let model = match &span.model {
        Some(ModelBy::Given(model)) => {
            Some(quote_spanned!(located(model.span())=> #call.model(&#model);))
        }
        _ => None,
    };
    quote_spanned!(names.site=> #fields #model)
}

/// ```text
/// call.fields(5, &[field(&(hits.len())), metric(&(0.5)), &display(&id)])
/// ```
pub(super) fn fields(first: usize, fields: &[Field], names: &Names<'_>) -> TokenStream {
    let call = &names.call;
    let first = Literal::usize_unsuffixed(first);
    let values = values(fields, names);
    quote_spanned!(names.site=> #call.fields(#first, &[#(#values),*]))
}

fn values<'a>(fields: &'a [Field], names: &'a Names<'_>) -> impl Iterator<Item = TokenStream> + 'a {
    fields.iter().map(|field| value(field, names))
}

fn value(field: &Field, names: &Names<'_>) -> TokenStream {
    let at = located(field.value.span());
    let private = names.at(at);
    let value = match &field.value {
        value @ (syn::Expr::Path(_) | syn::Expr::Lit(_)) => value.to_token_stream(),
        value => quote_spanned!(at=> (#value)),
    };
    match field.how {
        How::Value => quote_spanned!(at=> #private::field(&#value)),
        How::Metric => quote_spanned!(at=> #private::metric(&#value)),
        How::Debug => quote_spanned!(at=> &#private::debug(&#value)),
        How::Display => quote_spanned!(at=> &#private::display(&#value)),
        How::Empty => quote_spanned!(at=> &#private::Empty),
    }
}

/// The expressions that see the arguments before the body has them.
pub(super) fn recorded(span: &RagSpan) -> Vec<TokenStream> {
    let opening = &span.opening;
    let fields = opening.fields.iter().chain(&span.entry);
    let values = fields.map(|field| field.value.to_token_stream());
    let context = opening.context_from.as_ref().map(ToTokens::to_token_stream);
    let model = match &span.model {
        Some(ModelBy::Given(model)) => Some(model.to_token_stream()),
        _ => None,
    };
    values.chain(context).chain(model).collect()
}

/// The expressions that may take an argument away.
pub(super) fn consumed(span: &RagSpan) -> Vec<TokenStream> {
    let named = [&span.opening.parent, &span.opening.follows_from];
    let named = named.into_iter().flatten().map(ToTokens::to_token_stream);
    named.collect()
}
