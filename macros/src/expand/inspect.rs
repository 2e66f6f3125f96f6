//! Judging the value: how the call ended, what is recorded of it, and the events for other layers.

use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;
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

/// `Probe::new(ret).judge(call);`
pub(super) fn judge(names: &Names<'_>) -> TokenStream {
    let Names {
        private,
        call,
        ret,
        site,
        ..
    } = names;
    quote_spanned!(*site=> #private::Probe::new(#ret).judge(#call);)
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
        Some(ModelBy::Value(model)) => Some(told_by_ref("model", model, names)),
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
    let (call, expression) = (&names.call, &judged.expression);
    let at = located(expression.span());
    let method = Ident::new(method, at);
    let told = quote_spanned!(at=> #call.#method(#expression););
    on_value(&judged.pattern, &told, names)
}

fn told_by_ref(method: &str, judged: &Judged, names: &Names<'_>) -> TokenStream {
    let (call, expression) = (&names.call, &judged.expression);
    let at = located(expression.span());
    let method = Ident::new(method, at);
    let told = quote_spanned!(at=> #call.#method(&#expression););
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
            let expression = &judged.expression;
            let judged_empty =
                quote_spanned!(located(expression.span())=> #call.empty(#expression));
            on_value(&judged.pattern, &judged_empty, names)
        }
    }
}

/// ```text
/// { let reply = ret; call.outcome(reply.outcome()); }
/// ```
fn outcome(judged: &Judged, names: &Names<'_>) -> TokenStream {
    let (call, ret, expression) = (&names.call, &names.ret, &judged.expression);
    let bind = bind(&judged.pattern, ret, names);
    let told = quote_spanned!(located(expression.span())=> #call.outcome(#expression));
    quote_spanned!(names.site=> { #bind #told; })
}

/// `let pattern: Type = value;`
fn bind(pattern: &Pattern, value: &Ident, names: &Names<'_>) -> TokenStream {
    let named = &pattern.pattern;
    let ascribed = pattern
        .ascribed
        .as_ref()
        .map(|ascribed| quote_spanned!(names.site=> : #ascribed));
    quote_spanned!(names.site=> let #named #ascribed = #value;)
}

/// ```text
/// if let Some(hits) = Probe::new(ret).value(call) { work }
/// ```
fn on_value(pattern: &Pattern, work: &TokenStream, names: &Names<'_>) -> TokenStream {
    let Names {
        private,
        call,
        ret,
        site,
        ..
    } = names;
    let named = &pattern.pattern;
    if pattern.ascribed.is_none() {
        return quote_spanned! {*site=>
            if let #private::Some(#named) = #private::Probe::new(#ret).value(#call) { #work }
        };
    }
    let value = Ident::new("__value", *site);
    let bind = bind(pattern, &value, names);
    quote_spanned! {*site=>
        if let #private::Some(#value) = #private::Probe::new(#ret).value(#call) { #bind #work }
    }
}

/// What `err(level = ..)` and `err(type = ..)` say of the error. What is not told from it holds of any failure.
///
/// ```text
/// call.error_type("timeout"); if let Err(error) = ret { call.failure_level(..); }
/// ```
fn failing_as(failing: &Failing, names: &Names<'_>) -> TokenStream {
    let (call, site) = (&names.call, names.site);
    let level = match (&failing.level_by, failing.severity, &failing.event.level) {
        (Some(judged), ..) => Some(of_error("failure_level", judged, names)),
        (None, None, Some(Level::Path(path))) => {
            Some(quote_spanned!(site=> #call.failure_level(#path);))
        }
        // A level that was named is the site's.
        _ => None,
    };
    let label = failing.error_type.as_ref().map(|given| match given {
        ErrorTypeBy::Label(label) => quote_spanned!(site=> #call.error_type(#label);),
        ErrorTypeBy::Judged(judged) => of_error("error_type", judged, names),
    });
    quote_spanned!(site=> #level #label)
}

/// ```text
/// if let Err(error) = ret { let e = error; call.failure_level(e.level()); }
/// ```
fn of_error(method: &str, judged: &Judged, names: &Names<'_>) -> TokenStream {
    let (call, expression) = (&names.call, &judged.expression);
    let at = located(judged.pattern.pattern.span());
    let (private, ret) = (names.at(at), Ident::new("__ret", at));
    let (error, method) = (Ident::new("__error", at), Ident::new(method, at));
    let bind = bind(&judged.pattern, &error, names);
    let told = quote_spanned!(located(expression.span())=> #call.#method(#expression););
    quote_spanned!(at=> if let #private::Err(#error) = #ret { #bind #told })
}

/// ```text
/// match ret { Ok(value) => call.tell({ site }, &debug(value)), Err(error) => call.tell({ site }, &display(error)) }
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
    let told = |event: &Event, value: &Ident| {
        tell(span, event, ("return", default, How::Debug), value, names)
    };
    match (err, &span.ret) {
        (None, None) => None,
        (Some(err), None) => {
            Some(quote_spanned!(*site=> if let #private::Err(#error) = #ret { #err }))
        }
        (None, Some(event)) => Some(told(event, ret)),
        (Some(err), Some(event)) => {
            let told = told(event, &value);
            Some(quote_spanned! {*site=>
                match #ret { #private::Ok(#value) => { #told } #private::Err(#error) => { #err } }
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
    let print = match event.how.unwrap_or(how) {
        How::Debug => Ident::new("debug", *site),
        _ => Ident::new("display", *site),
    };
    // What cannot be printed is complained about where it is returned.
    let at = match &span.function.signature.output {
        syn::ReturnType::Type(_, returned) => returned.span(),
        syn::ReturnType::Default => span.function.signature.ident.span(),
    };
    let private_there = names.at(located(at));
    let printed = quote_spanned!(located(at)=> &#private_there::#print(#value));
    quote_spanned! {*site=>
        #call.tell({
            static EVENT: #private::EventSite =
                #private::EventSite::new(&EVENT, &[#field], #level, #target, #place);
            &EVENT
        }, #printed);
    }
}
