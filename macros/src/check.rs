//! The rules that need more than one argument or the whole function: one function a rule.
//!
//! What can be said while reading one argument is said there, in `keys` and `fields`.

use std::collections::HashSet;

use proc_macro2::Span;
use syn::LitStr;
use syn::ext::IdentExt;

use crate::errors::Errors;
use crate::model::{Arguments, Field, Function, Layer, RagSpan, Written};
use crate::returns;

/// Holds what was written to the rules, and says what it means.
pub(crate) fn check(written: Written, errors: &mut Errors) -> Option<RagSpan> {
    let Written {
        mut arguments,
        function,
    } = written;
    not_const(&function, errors);
    not_deferred(&function, errors);
    measured_once(&function, errors);
    fields_are_unique(&arguments, errors);
    let layer = layer_is_given(&mut arguments, errors)?;
    Some(resolve(layer, arguments, function))
}

/// ```text
/// #[rag_span(layer = "data")]
/// const fn limit() -> usize { 10 }
/// ```
fn not_const(function: &Function, errors: &mut Errors) {
    if let Some(constness) = &function.signature.constness {
        errors.at(
            constness.span,
            "a `const fn` runs where nothing can be measured: remove `const` or the attribute",
        );
    }
}

/// ```text
/// #[rag_span(layer = "data")]
/// fn load() -> impl Future<Output = Vec<u8>> { async { .. } }
/// ```
fn not_deferred(function: &Function, errors: &mut Errors) {
    if let Some(span) = returns::deferred(&function.signature.output) {
        errors.at(
            span,
            "a function that returns a future or a stream is not in this build yet, \
             only its making would be measured: make it an `async fn`, or annotate what it awaits",
        );
    }
}

/// ```text
/// #[rag_span(layer = "data")]
/// #[rag_span(layer = "retrieval")]
/// fn load() {}
/// ```
fn measured_once(function: &Function, errors: &mut Errors) {
    for attribute in &function.attributes {
        let last = attribute.path().segments.last();
        if let Some(last) = last.filter(|last| last.ident == "rag_span") {
            errors.at(
                last.ident.span(),
                "this function is measured already: keep one #[rag_span]",
            );
        }
    }
}

/// ```text
/// #[rag_span(layer = "data", context(id), ok(|row| id = row.id))]
/// fn load(id: u64) -> Row { .. }
/// ```
fn fields_are_unique(arguments: &Arguments, errors: &mut Errors) {
    let on_success = arguments.ok.iter().flat_map(|ok| &ok.fields);
    let mut names = HashSet::new();
    for Field { name, span, .. } in arguments
        .context
        .iter()
        .chain(&arguments.metrics)
        .chain(on_success)
    {
        if !names.insert(name) {
            errors.at(
                *span,
                format!("the field `{name}` is there already: give one another name"),
            );
        }
    }
}

/// ```text
/// #[rag_span]
/// fn load() {}
/// ```
fn layer_is_given(arguments: &mut Arguments, errors: &mut Errors) -> Option<Layer> {
    let layer = arguments.layer.take();
    // A layer that is written but wrong has been reported where it stands.
    if layer.is_none() && !arguments.keys.iter().any(|key| key == "layer") {
        errors.at(
            Span::call_site(),
            "`layer` is missing: write layer = \"api\", \"ingestion\", \"data\", \"retrieval\", \
             \"generation\", \"evaluation\" or \"memory\", or layer = custom(\"name\")",
        );
    }
    layer
}

fn resolve(layer: Layer, arguments: Arguments, function: Function) -> RagSpan {
    let Arguments {
        operation,
        level,
        mut context,
        metrics,
        ok,
        slow_us,
        empty,
        krate,
        ..
    } = arguments;
    context.extend(metrics);
    let name = &function.signature.ident;
    let operation =
        operation.unwrap_or_else(|| LitStr::new(&name.unraw().to_string(), name.span()));
    RagSpan {
        krate,
        operation,
        layer,
        level,
        slow_us,
        entry: context,
        empty,
        ok,
        function,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    /// What the rules say of an annotated function.
    fn said(arguments: &str, item: &str) -> String {
        let (arguments, item) = (arguments.parse().unwrap(), item.parse().unwrap());
        let checked = Errors::collect(|errors| check(parse(arguments, item, errors)?, errors));
        checked
            .err()
            .map_or_else(String::new, |reported| reported.into_tokens().to_string())
    }

    const LAYER: &str = "layer = \"data\"";

    #[test]
    fn each_rule_speaks_only_where_it_is_broken() {
        assert_eq!(said(LAYER, "async fn f() -> Vec<u8> { g() }"), "");
        for (item, part) in [
            ("const fn f() {}", "`const fn`"),
            (
                "fn f() -> BoxFuture<'static, u8> { g() }",
                "a future or a stream",
            ),
            (
                "#[inline] #[ragspan::rag_span(layer = \"api\")] fn f() {}",
                "measured already",
            ),
        ] {
            let text = said(LAYER, item);
            assert_eq!(
                (text.contains(part), text.matches("compile_error").count()),
                (true, 1),
                "{text}"
            );
        }
    }

    #[test]
    fn a_field_is_recorded_under_one_name_once() {
        for (fields, twice) in [
            ("context(a, b), metrics(a, b), ok(|v| c = v)", None),
            ("context(a, a = 1)", Some("`a`")),
            ("context(metrics.a = 1), metrics(a)", Some("`metrics.a`")),
            ("context(r#type), ok(|v| type = v)", Some("`type`")),
            ("metrics(a), ok(|v| metrics.a = v)", Some("`metrics.a`")),
        ] {
            let text = said(&format!("{LAYER}, {fields}"), "fn f() {}");
            let found =
                twice.is_none_or(|name| text.contains(&format!("the field {name} is there")));
            assert!(
                found && text.is_empty() == twice.is_none(),
                "{fields}: {text}"
            );
        }
    }

    #[test]
    fn a_layer_is_missed_only_where_none_is_written() {
        assert!(said("", "fn f() {}").contains("`layer` is missing"));
        assert!(said("context(a)", "fn f() {}").contains("`layer` is missing"));
        assert!(!said("layer = 1", "fn f() {}").contains("is missing"));
    }
}
