//! The static that knows of a function what is known before it runs.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote_spanned};

use super::inspect::as_type;
use super::names::Names;
use crate::model::{Empty, Layer, Level, Name, RagSpan, Shape};
use crate::returns::Later;

/// ```text
/// { static CALLSITE: Site = Site::new(&CALLSITE, "search", Layer::Retrieval, .., &["top_k"]).slow_us(..); &CALLSITE }
/// ```
pub(super) fn site(span: &RagSpan, names: &Names<'_>) -> TokenStream {
    let private = &names.private;
    let (operation, layer) = (&span.operation, layer(&span.layer, names));
    let on_success = span.ok.iter().flat_map(|ok| &ok.fields);
    let fields = span.opening.fields.iter().chain(&span.entry);
    let fields = fields.chain(on_success).map(|field| name(&field.name));
    let place = place(span, names);
    let more = more(span, names);
    quote_spanned! {names.site=> {
        static CALLSITE: #private::SpanCallsite =
            #private::SpanCallsite::new(&CALLSITE, #operation, #layer, #place, &[#(#fields),*]) #more;
        &CALLSITE
    }}
}

/// Where the function stands: `line!` tells where its own tokens do, so these stand at the function's name.
pub(super) fn place(span: &RagSpan, names: &Names<'_>) -> TokenStream {
    let private = &names.private;
    let here = span.function.signature.ident.span();
    let at_here = names.at(here);
    let line = quote_spanned!(here=> #at_here::line!());
    quote_spanned!(names.site=> #private::module_path!(), #private::file!(), #line)
}

fn name(name: &Name) -> TokenStream {
    match name {
        Name::Text(text) => text.to_token_stream(),
        Name::Constant(constant) => constant.to_token_stream(),
    }
}

/// What is not as it is by default.
fn more(span: &RagSpan, names: &Names<'_>) -> TokenStream {
    let site = names.site;
    let level = span.level.as_ref().map(|given| {
        let given = level(given, names);
        quote_spanned!(site=> .level(#given))
    });
    let name = span
        .name
        .as_ref()
        .map(|name| quote_spanned!(site=> .name(#name)));
    let target = span
        .target
        .as_ref()
        .map(|target| quote_spanned!(site=> .target(#target)));
    let slow = span.slow_us.map(|micros| {
        let micros = Literal::u64_unsuffixed(micros);
        quote_spanned!(site=> .slow_us(#micros))
    });
    let failure = span
        .err
        .as_ref()
        .and_then(|err| err.severity)
        .map(|severity| {
            let (private, severity) = (&names.private, Ident::new(severity, site));
            quote_spanned!(site=> .failure(#private::Severity::#severity))
        });
    let kind = span
        .kind
        .as_ref()
        .map(|kind| quote_spanned!(site=> .kind(#kind)));
    let later = later(span, names);
    quote_spanned!(site=> #level #name #target #slow #failure #kind #later)
}

fn later(span: &RagSpan, names: &Names<'_>) -> Option<TokenStream> {
    let Shape::Deferred(deferred) = &span.shape else {
        return None;
    };
    let is_async = span.function.signature.asyncness.is_some();
    match deferred.later {
        Later::Future => (!is_async).then(|| quote_spanned!(names.site=> .deferred())),
        Later::Stream => {
            let counts = matches!(span.empty, Some(Empty::ByType(_)));
            let empty = counts.then(|| quote_spanned!(names.site=> .empty_stream()));
            let metered = span.usage.is_some();
            let metered = metered.then(|| quote_spanned!(names.site=> .records_usage()));
            Some(quote_spanned!(names.site=> #empty #metered))
        }
    }
}

fn layer(layer: &Layer, names: &Names<'_>) -> TokenStream {
    let private = &names.private;
    match layer {
        Layer::Known(variant) => {
            let variant = Ident::new(variant, names.site);
            quote_spanned!(names.site=> #private::Layer::#variant)
        }
        Layer::Custom(name) => quote_spanned!(names.site=> #private::Layer::Custom(#name)),
    }
}

/// A level of `tracing`.
pub(super) fn level(level: &Level, names: &Names<'_>) -> TokenStream {
    let private = &names.private;
    match level {
        Level::Named(constant) => {
            let constant = Ident::new(constant, names.site);
            quote_spanned!(names.site=> #private::Level::#constant)
        }
        Level::Path(path) => as_type(&syn::parse_quote!(#path), "Level", names),
    }
}
