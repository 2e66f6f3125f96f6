//! The inspection of the returned value: classifies the outcome, records fields, and emits events for other `tracing`
//! layers.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

use super::callsite::{level, source_location};
use super::enter::fields;
use super::located;
use super::names::Names;
use crate::model::{
    CheckedSpan, EmptyCheck, ErrOptions, ErrorTypeSource, EventOptions, FieldKind, Level,
    ModelSource, Pattern, ValueClosure,
};

/// Generates the body of `|ret, call| { .. }`.
///
/// ```text
/// Probe::new(ret).classify(call); outcome; err; model usage cost; empty; documents; ok; events
/// ```
pub(super) fn inspect(span: &CheckedSpan, names: &Names<'_>) -> TokenStream {
    if let Some(short) = classify_with_ok(span, names) {
        let events = events(span, names);
        return quote_spanned!(names.mixed_site=> #short #events);
    }
    let classify = classify(names);
    let err = span
        .err
        .as_ref()
        .map(|options| err_level_and_type(options, names));
    let outcome = span.outcome.as_ref().map(|closure| outcome(closure, names));
    let llm_usage = llm_usage(span, names);
    let empty = span.empty.as_ref().map(|empty| record_empty(empty, names));
    let documents = span
        .documents
        .as_ref()
        .map(|documents| record_from_value("documents", documents, names));
    let ok = span.ok.as_ref().map(|ok| {
        let first = span.opening.fields.len() + span.call_fields.len();
        let fields = fields(first, &ok.fields, names);
        on_value(&ok.pattern, &fields, names)
    });
    let events = events(span, names);
    quote_spanned!(names.mixed_site=> #classify #outcome #err #llm_usage #empty #documents #ok #events)
}

/// Generates the short form, in which one call classifies the value and returns it. Returns `None` unless `ok(..)` is
/// the only argument that reads the value.
///
/// ```text
/// if let Some(hits) = Probe::new(ret).classify_value(call) { call.fields(..); }
/// ```
fn classify_with_ok(span: &CheckedSpan, names: &Names<'_>) -> Option<TokenStream> {
    let has_others = span.outcome.is_some()
        || span.err.is_some()
        || span.empty.is_some()
        || span.documents.is_some()
        || span.usage.is_some()
        || span.cost.is_some()
        || matches!(span.model, Some(ModelSource::Closure(_)));
    let ok = span.ok.as_ref().filter(|_| !has_others)?;
    let first = span.opening.fields.len() + span.call_fields.len();
    let fields = fields(first, &ok.fields, names);
    Some(on_value_by("classify_value", &ok.pattern, &fields, names))
}

/// `Probe::new(ret).classify(call);`
pub(super) fn classify(names: &Names<'_>) -> TokenStream {
    let Names {
        private,
        call,
        ret,
        mixed_site,
        ..
    } = names;
    quote_spanned!(*mixed_site=> #private::Probe::new(#ret).classify(#call);)
}

/// Generates the body of the closure that inspects one item of a stream.
pub(super) fn inspect_item(span: &CheckedSpan, names: &Names<'_>) -> TokenStream {
    let classify = classify(names);
    let err = span
        .err
        .as_ref()
        .map(|options| err_level_and_type(options, names));
    let (llm_usage, events) = (llm_usage(span, names), events(span, names));
    quote_spanned!(names.mixed_site=> #classify #err #llm_usage #events)
}

/// Generates the calls that record model, usage and cost.
///
/// They precede the check for an empty result, because the tokens of an empty answer were also spent.
fn llm_usage(span: &CheckedSpan, names: &Names<'_>) -> TokenStream {
    let model = match &span.model {
        Some(ModelSource::Closure(model)) => {
            Some(record_expression("model", &quote!(&), model, names))
        }
        _ => None,
    };
    let usage = span
        .usage
        .as_ref()
        .map(|usage| record_from_value("usage", usage, names));
    let cost = span
        .cost
        .as_ref()
        .map(|cost| record_from_value("cost", cost, names));
    quote_spanned!(names.mixed_site=> #model #usage #cost)
}

/// ```text
/// if let Some(reply) = Probe::new(ret).value(call) { call.usage(reply.usage); }
/// ```
fn record_from_value(method: &str, closure: &ValueClosure, names: &Names<'_>) -> TokenStream {
    record_expression(method, &TokenStream::new(), closure, names)
}

/// Like [`record_from_value`], with an operator, such as `&`, before the expression.
fn record_expression(
    method: &str,
    operator: &TokenStream,
    closure: &ValueClosure,
    names: &Names<'_>,
) -> TokenStream {
    let (call, expression) = (&names.call, &closure.expression);
    let at = located(expression.span());
    let method = Ident::new(method, at);
    let record = quote_spanned!(at=> #call.#method(#operator #expression););
    on_value(&closure.pattern, &record, names)
}

/// ```text
/// call.empty(is_empty(ret));
/// ```
pub(super) fn record_empty(empty: &EmptyCheck, names: &Names<'_>) -> TokenStream {
    let call = &names.call;
    match empty {
        EmptyCheck::ByType(key) => {
            let at = located(*key);
            let (private, ret) = (names.private_at(at), Ident::new("__ret", at));
            quote_spanned!(at=> #call.empty(#private::is_empty(#ret));)
        }
        EmptyCheck::Closure(closure) => {
            let is_empty = as_type(&closure.expression, "IsEmpty", names);
            let record = quote_spanned!(names.mixed_site=> #call.empty(#is_empty));
            on_value(&closure.pattern, &record, names)
        }
    }
}

/// ```text
/// { let reply = ret; call.outcome(reply.outcome()); }
/// ```
fn outcome(closure: &ValueClosure, names: &Names<'_>) -> TokenStream {
    let (call, bind) = (&names.call, bind(&closure.pattern, &names.ret, names));
    let outcome = as_type(&closure.expression, "Outcome", names);
    quote_spanned!(names.mixed_site=> { #bind #call.outcome(#outcome); })
}

/// Generates an expression with a required type of `__private`. The `let` makes rustc report a mismatch at the
/// expression alone.
///
/// `{ let value: Outcome = expression; value }`
pub(super) fn as_type(expression: &Expr, ty: &str, names: &Names<'_>) -> TokenStream {
    let at = located(expression.span());
    let (private, ty) = (names.private_at(at), Ident::new(ty, at));
    let value = Ident::new("__typed", at);
    quote_spanned!(at=> { let #value: #private::#ty = #expression; #value })
}

/// `let pattern: Type = value;`
fn bind(pattern: &Pattern, value: &Ident, names: &Names<'_>) -> TokenStream {
    let named = &pattern.pattern;
    let ascribed = pattern
        .ascribed
        .as_ref()
        .map(|ascribed| quote_spanned!(names.mixed_site=> : #ascribed));
    let value = Ident::new(&value.to_string(), located(named.span()));
    quote_spanned!(names.mixed_site=> let #named #ascribed = #value;)
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
        mixed_site,
        ..
    } = names;
    let (named, method) = (&pattern.pattern, Ident::new(method, *mixed_site));
    if pattern.ascribed.is_none() {
        return quote_spanned! {*mixed_site=>
            if let #private::Some(#named) = #private::Probe::new(#ret).#method(#call) { #work }
        };
    }
    let value = Ident::new("__found", *mixed_site);
    let bind = bind(pattern, &value, names);
    quote_spanned! {*mixed_site=>
        if let #private::Some(#value) = #private::Probe::new(#ret).#method(#call) { #bind #work }
    }
}

/// Generates the calls that set the level and type of `err(level = ..)` and `err(type = ..)`.
///
/// A closure applies only to an error value; a constant applies to every failure.
///
/// ```text
/// call.error_type("timeout"); if let Err(error) = fallible(ret) { call.failure_level(..); }
/// ```
fn err_level_and_type(options: &ErrOptions, names: &Names<'_>) -> TokenStream {
    let (call, mixed_site) = (&names.call, names.mixed_site);
    let level = match (&options.level_by, options.severity, &options.event.level) {
        (Some(closure), ..) => {
            let level = closure.expression.to_token_stream();
            Some(record_from_error("failure_level", closure, &level, names))
        }
        (None, None, Some(Level::Path(path))) => {
            Some(quote_spanned!(mixed_site=> #call.failure_level(#path);))
        }
        // A level that was given by name is part of the callsite.
        _ => None,
    };
    let label = options.error_type.as_ref().map(|source| match source {
        ErrorTypeSource::Label(label) => quote_spanned!(mixed_site=> #call.error_type(#label);),
        ErrorTypeSource::Closure(closure) => {
            let label = as_type(&closure.expression, "Label", names);
            record_from_error("error_type", closure, &label, names)
        }
    });
    quote_spanned!(mixed_site=> #level #label)
}

/// ```text
/// if let Err(error) = fallible(ret) { let e = error; call.failure_level(e.level()); }
/// ```
fn record_from_error(
    method: &str,
    closure: &ValueClosure,
    value: &TokenStream,
    names: &Names<'_>,
) -> TokenStream {
    let (call, expression) = (&names.call, &closure.expression);
    let at = located(closure.pattern.pattern.span());
    let (private, ret) = (names.private_at(at), Ident::new("__ret", at));
    let (error, method) = (Ident::new("__error", at), Ident::new(method, at));
    let bind = bind(&closure.pattern, &error, names);
    let record = quote_spanned!(located(expression.span())=> #call.#method(#value););
    quote_spanned!(at=> if let #private::Err(#error) = #private::fallible(#ret) { #bind #record })
}

/// Generates the returned value, which must be a `Result`. If it is not, rustc reports the error at `err`.
///
/// `fallible(ret)`
fn fallible(options: &ErrOptions, names: &Names<'_>) -> TokenStream {
    let at = located(options.span);
    let (private, ret) = (names.private_at(at), Ident::new("__ret", at));
    quote_spanned!(at=> #private::fallible(#ret))
}

/// ```text
/// match fallible(ret) { Ok(value) => call.emit({ callsite }, &debug(value)), Err(error) => call.emit({ callsite }, &display(error)) }
/// ```
fn events(span: &CheckedSpan, names: &Names<'_>) -> Option<TokenStream> {
    let Names {
        private,
        ret,
        mixed_site,
        ..
    } = names;
    let (value, error) = (
        Ident::new("__value", *mixed_site),
        Ident::new("__error", *mixed_site),
    );
    let with_event = span.err.as_ref().filter(|options| !options.record_only);
    let err = with_event.map(|options| {
        let level = Level::Named("ERROR");
        emit_event(
            span,
            &options.event,
            ("error", &level, FieldKind::Display),
            &error,
            names,
        )
    });
    let info = Level::Named("INFO");
    let default = span.level.as_ref().unwrap_or(&info);
    let fallible = with_event.map(|options| fallible(options, names));
    let ret_event = |event: &EventOptions, value: &Ident| {
        emit_event(
            span,
            event,
            ("return", default, FieldKind::Debug),
            value,
            names,
        )
    };
    match (err, &span.ret) {
        (None, None) => None,
        (Some(err), None) => {
            Some(quote_spanned!(*mixed_site=> if let #private::Err(#error) = #fallible { #err }))
        }
        (None, Some(event)) => Some(ret_event(event, ret)),
        (Some(err), Some(event)) => {
            let ok = ret_event(event, &value);
            Some(quote_spanned! {*mixed_site=>
                match #fallible { #private::Ok(#value) => { #ok } #private::Err(#error) => { #err } }
            })
        }
    }
}

/// ```text
/// call.emit({ static EVENT: EventCallsite = EventCallsite::new(&EVENT, &["error"], Level::ERROR, ..); &EVENT }, &display(error));
/// ```
fn emit_event(
    span: &CheckedSpan,
    event: &EventOptions,
    (field, default, kind): (&str, &Level, FieldKind),
    value: &Ident,
    names: &Names<'_>,
) -> TokenStream {
    let Names {
        private,
        call,
        mixed_site,
        ..
    } = names;
    let (location, level) = (
        source_location(span, names),
        level(event.level.as_ref().unwrap_or(default), names),
    );
    let target = span.target.as_ref().map_or_else(
        || quote_spanned!(*mixed_site=> #private::module_path!()),
        |target| quote_spanned!(*mixed_site=> #target),
    );
    let format = match (event.format, kind) {
        (Some(FieldKind::Debug), _) | (None, FieldKind::Debug) => "debug",
        (None, _) => "error_text",
        _ => "display",
    };
    // If the value does not implement the trait, rustc reports the error at the return type.
    let at = match &span.function.signature.output {
        syn::ReturnType::Type(_, returned) => returned.span(),
        syn::ReturnType::Default => span.function.signature.ident.span(),
    };
    let at = located(at);
    let private_at_type = names.private_at(at);
    let (format, value) = (Ident::new(format, at), Ident::new(&value.to_string(), at));
    let formatted = quote_spanned!(at=> &#private_at_type::#format(#value));
    quote_spanned! {*mixed_site=>
        #call.emit({
            static EVENT: #private::EventCallsite =
                #private::EventCallsite::new(&EVENT, &[#field], #level, #target, #location);
            &EVENT
        }, #formatted);
    }
}
