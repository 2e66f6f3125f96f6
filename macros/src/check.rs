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
