//! Judging the value: how the call ended, what is recorded of it, and the events for other layers.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

use super::enter::fields;
use super::located;
use super::names::Names;
use super::site::{level, place};
use crate::model::{
    Empty, ErrorTypeBy, Event, Failing, How, Judged, Level, ModelBy, Pattern, RagSpan,
};

/// What stands in `|ret, call| { .. }`.
///
/// ```text
/// Probe::new(ret).judge(call); err; outcome; model usage cost; empty; documents; ok; events
/// ```
pub(super) fn inspect(span: &RagSpan, names: &Names<'_>) -> TokenStream {
    if let Some(settled) = settled(span, names) {
        let events = events(span, names);
        return quote_spanned!(names.site=> #settled #events);
    }
    let judge = judge(names);
    let failing = span.err.as_ref().map(|failing| failing_as(failing, names));
    let outcome = span.outcome.as_ref().map(|judged| outcome(judged, names));
    let spent = spent(span, names);
    let empty = span.empty.as_ref().map(|empty| judge_empty(empty, names));
    let found = span
        .documents
        .as_ref()
        .map(|documents| told("documents", documents, names));
    let ok = span.ok.as_ref().map(|ok| {
        let first = span.opening.fields.len() + span.entry.len();
        let fields = fields(first, &ok.fields, names);
        on_value(&ok.pattern, &fields, names)
    });
    let events = events(span, names);
    quote_spanned!(names.site=> #judge #outcome #failing #spent #empty #found #ok #events)
}

/// The short form, where nothing but `ok(..)` asks for the value.
///
/// ```text
/// if let Some(hits) = Probe::new(ret).classify(call) { call.fields(..); }
/// ```
fn settled(span: &RagSpan, names: &Names<'_>) -> Option<TokenStream> {
    let more = span.outcome.is_some()
        || span.err.is_some()
        || span.empty.is_some()
        || span.documents.is_some()
        || span.usage.is_some()
        || span.cost.is_some()
        || matches!(span.model, Some(ModelBy::Value(_)));
    let ok = span.ok.as_ref().filter(|_| !more)?;
    let first = span.opening.fields.len() + span.entry.len();
    let fields = fields(first, &ok.fields, names);
    Some(on_value_by("classify_value", &ok.pattern, &fields, names))
}

/// `Probe::new(ret).judge(call);`
pub(super) fn judge(names: &Names<'_>) -> TokenStream {
    let Names {
        private,
        call,
        ret,
        site,
        ..
    } = names;
    quote_spanned!(*site=> #private::Probe::new(#ret).classify(#call);)
}

/// What stands in the judge of one item of a stream.
pub(super) fn inspect_item(span: &RagSpan, names: &Names<'_>) -> TokenStream {
    let judge = judge(names);
    let failing = span.err.as_ref().map(|failing| failing_as(failing, names));
    let (spent, events) = (spent(span, names), events(span, names));
    quote_spanned!(names.site=> #judge #failing #spent #events)
}

/// What is told of a model: also where the answer is then found to be empty, for its tokens are spent.
fn spent(span: &RagSpan, names: &Names<'_>) -> TokenStream {
    let model = match &span.model {
        Some(ModelBy::Value(model)) => Some(told_as("model", &quote!(&), model, names)),
        _ => None,
    };
    let usage = span.usage.as_ref().map(|usage| told("usage", usage, names));
    let cost = span.cost.as_ref().map(|cost| told("cost", cost, names));
    quote_spanned!(names.site=> #model #usage #cost)
}

/// ```text
/// if let Some(reply) = Probe::new(ret).value(call) { call.usage(reply.usage); }
/// ```
fn told(method: &str, judged: &Judged, names: &Names<'_>) -> TokenStream {
    told_as(method, &TokenStream::new(), judged, names)
}

/// The same of what stands behind `sign`, as `&`.
fn told_as(method: &str, sign: &TokenStream, judged: &Judged, names: &Names<'_>) -> TokenStream {
    let (call, expression) = (&names.call, &judged.expression);
    let at = located(expression.span());
    let method = Ident::new(method, at);
    let told = quote_spanned!(at=> #call.#method(#sign #expression););
    on_value(&judged.pattern, &told, names)
}

/// ```text
/// call.empty(is_empty(ret));
/// ```
pub(super) fn judge_empty(empty: &Empty, names: &Names<'_>) -> TokenStream {
    let call = &names.call;
    match empty {
        Empty::ByType(word) => {
            let at = located(*word);
            let (private, ret) = (names.at(at), Ident::new("__ret", at));
            quote_spanned!(at=> #call.empty(#private::is_empty(#ret));)
        }
        Empty::By(judged) => {
            let is_empty = as_type(&judged.expression, "IsEmpty", names);
            let told = quote_spanned!(names.site=> #call.empty(#is_empty));
            on_value(&judged.pattern, &told, names)
        }
    }
}

/// ```text
/// { let reply = ret; call.outcome(reply.outcome()); }
/// ```
fn outcome(judged: &Judged, names: &Names<'_>) -> TokenStream {
    let (call, bind) = (&names.call, bind(&judged.pattern, &names.ret, names));
    let outcome = as_type(&judged.expression, "Outcome", names);
    quote_spanned!(names.site=> { #bind #call.outcome(#outcome); })
}

/// An expression that has to be of a type of ours: said by a `let`, which complains about nothing but the expression.
///
/// `{ let told: Outcome = expression; told }`
pub(super) fn as_type(expression: &Expr, of: &str, names: &Names<'_>) -> TokenStream {
    let at = located(expression.span());
    let (private, of) = (names.at(at), Ident::new(of, at));
    let told = Ident::new("__told", at);
    quote_spanned!(at=> { let #told: #private::#of = #expression; #told })
}

/// `let pattern: Type = value;`
fn bind(pattern: &Pattern, value: &Ident, names: &Names<'_>) -> TokenStream {
    let named = &pattern.pattern;
    let ascribed = pattern
        .ascribed
        .as_ref()
        .map(|ascribed| quote_spanned!(names.site=> : #ascribed));
    let value = Ident::new(&value.to_string(), located(named.span()));
    quote_spanned!(names.site=> let #named #ascribed = #value;)
}

/// ```text
/// if let Some(hits) = Probe::new(ret).value(call) { work }
/// ```
fn on_value(pattern: &Pattern, work: &TokenStream, names: &Names<'_>) -> TokenStream {
    on_value_by("value", pattern, work, names)
}

fn on_value_by(
    method: &str,
    pattern: &Pattern,
    work: &TokenStream,
    names: &Names<'_>,
) -> TokenStream {
    let Names {
        private,
        call,
        ret,
        site,
        ..
    } = names;
    let (named, method) = (&pattern.pattern, Ident::new(method, *site));
    if pattern.ascribed.is_none() {
        return quote_spanned! {*site=>
            if let #private::Some(#named) = #private::Probe::new(#ret).#method(#call) { #work }
        };
    }
    let value = Ident::new("__found", *site);
    let bind = bind(pattern, &value, names);
    quote_spanned! {*site=>
        if let #private::Some(#value) = #private::Probe::new(#ret).#method(#call) { #bind #work }
    }
}

/// What `err(level = ..)` and `err(type = ..)` say of the error. What is not told from it holds of any failure.
///
/// ```text
/// call.error_type("timeout"); if let Err(error) = fallible(ret) { call.failure_level(..); }
/// ```
fn failing_as(failing: &Failing, names: &Names<'_>) -> TokenStream {
    let (call, site) = (&names.call, names.site);
    let level = match (&failing.level_by, failing.severity, &failing.event.level) {
        (Some(judged), ..) => {
            let level = judged.expression.to_token_stream();
            Some(of_error("failure_level", judged, &level, names))
        }
        (None, None, Some(Level::Path(path))) => {
            Some(quote_spanned!(site=> #call.failure_level(#path);))
        }
        // A level that was named is the site's.
        _ => None,
    };
    let label = failing.error_type.as_ref().map(|given| match given {
        ErrorTypeBy::Label(label) => quote_spanned!(site=> #call.error_type(#label);),
        ErrorTypeBy::Judged(judged) => {
            let label = as_type(&judged.expression, "Label", names);
            of_error("error_type", judged, &label, names)
        }
    });
    quote_spanned!(site=> #level #label)
}

/// ```text
/// if let Err(error) = fallible(ret) { let e = error; call.failure_level(e.level()); }
/// ```
fn of_error(method: &str, judged: &Judged, value: &TokenStream, names: &Names<'_>) -> TokenStream {
    let (call, expression) = (&names.call, &judged.expression);
    let at = located(judged.pattern.pattern.span());
    let (private, ret) = (names.at(at), Ident::new("__ret", at));
    let (error, method) = (Ident::new("__error", at), Ident::new(method, at));
    let bind = bind(&judged.pattern, &error, names);
    let told = quote_spanned!(located(expression.span())=> #call.#method(#value););
    quote_spanned!(at=> if let #private::Err(#error) = #private::fallible(#ret) { #bind #told })
}

/// The value returned, which must be a `Result`: if it is none, `err` is pointed at.
///
/// `fallible(ret)`
fn fallible(failing: &Failing, names: &Names<'_>) -> TokenStream {
    let at = located(failing.span);
    let (private, ret) = (names.at(at), Ident::new("__ret", at));
    quote_spanned!(at=> #private::fallible(#ret))
}

/// ```text
/// match fallible(ret) { Ok(value) => call.tell({ site }, &debug(value)), Err(error) => call.tell({ site }, &display(error)) }
/// ```
fn events(span: &RagSpan, names: &Names<'_>) -> Option<TokenStream> {
    let Names {
        private, ret, site, ..
    } = names;
    let (value, error) = (Ident::new("__value", *site), Ident::new("__error", *site));
    let heard = span.err.as_ref().filter(|failing| !failing.silent);
    let err = heard.map(|failing| {
        let level = Level::Named("ERROR");
        tell(
            span,
            &failing.event,
            ("error", &level, How::Display),
            &error,
            names,
        )
    });
    let info = Level::Named("INFO");
    let default = span.level.as_ref().unwrap_or(&info);
    let fallible = heard.map(|failing| fallible(failing, names));
    let told = |event: &Event, value: &Ident| {
        tell(span, event, ("return", default, How::Debug), value, names)
    };
    match (err, &span.ret) {
        (None, None) => None,
        (Some(err), None) => {
            Some(quote_spanned!(*site=> if let #private::Err(#error) = #fallible { #err }))
        }
        (None, Some(event)) => Some(told(event, ret)),
        (Some(err), Some(event)) => {
            let told = told(event, &value);
            Some(quote_spanned! {*site=>
                match #fallible { #private::Ok(#value) => { #told } #private::Err(#error) => { #err } }
            })
        }
    }
}

/// ```text
/// call.tell({ static EVENT: EventSite = EventSite::new(&EVENT, &["error"], Level::ERROR, ..); &EVENT }, &display(error));
/// ```
fn tell(
    span: &RagSpan,
    event: &Event,
    (field, default, how): (&str, &Level, How),
    value: &Ident,
    names: &Names<'_>,
) -> TokenStream {
    let Names {
        private,
        call,
        site,
        ..
    } = names;
    let (place, level) = (
        place(span, names),
        level(event.level.as_ref().unwrap_or(default), names),
    );
    let target = span.target.as_ref().map_or_else(
        || quote_spanned!(*site=> #private::module_path!()),
        |target| quote_spanned!(*site=> #target),
    );
    let print = match (event.how, how) {
        (Some(How::Debug), _) | (None, How::Debug) => "debug",
        (None, _) => "error_text",
        _ => "display",
    };
    // What cannot be printed is complained about where it is returned.
    let at = match &span.function.signature.output {
        syn::ReturnType::Type(_, returned) => returned.span(),
        syn::ReturnType::Default => span.function.signature.ident.span(),
    };
    let at = located(at);
    let private_there = names.at(at);
    let (print, value) = (Ident::new(print, at), Ident::new(&value.to_string(), at));
    let printed = quote_spanned!(at=> &#private_there::#print(#value));
    quote_spanned! {*site=>
        #call.emit({
            static EVENT: #private::EventCallsite =
                #private::EventCallsite::new(&EVENT, &[#field], #level, #target, #place);
            &EVENT
        }, #printed);
    }
}
