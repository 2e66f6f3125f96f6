//! The static callsite of a function: its operation, layer, source location, field names and options.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote_spanned};

use super::inspect::as_type;
use super::names::Names;
use crate::model::{CheckedSpan, EmptyCheck, FieldName, Layer, Level, Shape};
use crate::return_type::DeferredKind;

/// ```text
/// { static CALLSITE: SpanCallsite = SpanCallsite::new(&CALLSITE, "search", Layer::Retrieval, .., &["top_k"]).package(..).slow_us(..); &CALLSITE }
/// ```
pub(super) fn callsite(span: &CheckedSpan, names: &Names<'_>) -> TokenStream {
    let private = &names.private;
    let (operation, layer) = (&span.operation, layer(&span.layer, names));
    let on_success = span.ok.iter().flat_map(|ok| &ok.fields);
    let fields = span.opening.fields.iter().chain(&span.call_fields);
    let fields = fields.chain(on_success).map(|field| name(&field.name));
    let location = source_location(span, names);
    let options = options(span, names);
    quote_spanned! {names.mixed_site=> {
        static CALLSITE: #private::SpanCallsite =
            #private::SpanCallsite::new(&CALLSITE, #operation, #layer, #location, &[#(#fields),*])
                .package(#private::option_env!("CARGO_PKG_VERSION"), #private::option_env!("CARGO_BIN_NAME")) #options;
        &CALLSITE
    }}
}

/// Generates the module, file and line of the function. `line!` expands to the line of its own tokens, so they are
/// located at the function's name.
pub(super) fn source_location(span: &CheckedSpan, names: &Names<'_>) -> TokenStream {
    let private = &names.private;
    let name = span.function.signature.ident.span();
    let private_at_name = names.private_at(name);
    let line = quote_spanned!(name=> #private_at_name::line!());
    quote_spanned!(names.mixed_site=> #private::module_path!(), #private::file!(), #line)
}

fn name(name: &FieldName) -> TokenStream {
    match name {
        FieldName::Text(text) => text.to_token_stream(),
        FieldName::Constant(constant) => constant.to_token_stream(),
    }
}

/// Generates the method calls that set options other than the defaults.
fn options(span: &CheckedSpan, names: &Names<'_>) -> TokenStream {
    let mixed_site = names.mixed_site;
    let level = span.level.as_ref().map(|given| {
        let given = level(given, names);
        quote_spanned!(mixed_site=> .level(#given))
    });
    let name = span
        .name
        .as_ref()
        .map(|name| quote_spanned!(mixed_site=> .name(#name)));
    let target = span
        .target
        .as_ref()
        .map(|target| quote_spanned!(mixed_site=> .target(#target)));
    let slow = span.slow_us.map(|micros| {
        let micros = Literal::u64_unsuffixed(micros);
        quote_spanned!(mixed_site=> .slow_us(#micros))
    });
    let failure = span
        .err
        .as_ref()
        .and_then(|err| err.severity)
        .map(|severity| {
            let (private, severity) = (&names.private, Ident::new(severity, mixed_site));
            quote_spanned!(mixed_site=> .failure(#private::Severity::#severity))
        });
    let kind = span
        .kind
        .as_ref()
        .map(|kind| quote_spanned!(mixed_site=> .kind(#kind)));
    let deferred = deferred_options(span, names);
    quote_spanned!(mixed_site=> #level #name #target #slow #failure #kind #deferred)
}

fn deferred_options(span: &CheckedSpan, names: &Names<'_>) -> Option<TokenStream> {
    let Shape::Deferred(deferred) = &span.shape else {
        return None;
    };
    let is_async = span.function.signature.asyncness.is_some();
    match deferred.kind {
        DeferredKind::Future => (!is_async).then(|| quote_spanned!(names.mixed_site=> .deferred())),
        DeferredKind::Stream => {
            let checks_empty = matches!(span.empty, Some(EmptyCheck::ByType(_)));
            let empty = checks_empty.then(|| quote_spanned!(names.mixed_site=> .empty_stream()));
            let has_usage = span.usage.is_some();
            let usage = has_usage.then(|| quote_spanned!(names.mixed_site=> .records_usage()));
            Some(quote_spanned!(names.mixed_site=> #empty #usage))
        }
    }
}

fn layer(layer: &Layer, names: &Names<'_>) -> TokenStream {
    let private = &names.private;
    match layer {
        Layer::Known(layer) => {
            // The `Debug` form is the name of the variant.
            let variant = Ident::new(&format!("{layer:?}"), names.mixed_site);
            quote_spanned!(names.mixed_site=> #private::Layer::#variant)
        }
        Layer::Custom(name) => quote_spanned!(names.mixed_site=> #private::Layer::Custom(#name)),
    }
}

/// Generates a level of `tracing`.
pub(super) fn level(level: &Level, names: &Names<'_>) -> TokenStream {
    let private = &names.private;
    match level {
        Level::Named(constant) => {
            let constant = Ident::new(constant, names.mixed_site);
            quote_spanned!(names.mixed_site=> #private::Level::#constant)
        }
        Level::Path(path) => as_type(&syn::parse_quote!(#path), "Level", names),
    }
}
