//! Writing the annotated function: from a checked [`RagSpan`] to tokens.
//!
//! The expansion names only `::ragspan::__private` and the user's tokens. Names that it binds have
//! [`Span::mixed_site`], and none is in the scope of the body. Macro-made tokens that can be part of an error are
//! located at the user's tokens, so that the message points there.

use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Pat, Path, ReturnType, Signature, parse_quote_spanned};

use crate::model::{Empty, Field, Function, How, Layer, Level, Pattern, RagSpan};
use crate::returns::{self, Nameable};

/// ```text
/// fn search(query: &str) -> Hits {
///     Call::enter({ site }, |call| { capture }).run(move || -> Hits { body }, |ret, call| { inspect })
/// }
/// ```
pub(crate) fn expand(span: &RagSpan) -> TokenStream {
    let names = Names::new(span);
    let Function {
        attributes,
        visibility,
        default,
        signature,
        inner,
        body,
    } = &span.function;
    let private = &names.private;
    let (site, capture) = (site(span, &names), capture(span, &names));
    let (signature, run) = if signature.asyncness.is_some() {
        let (signature, rebound) = rebind(signature);
        let run = run_async(span, &names, &rebound);
        (signature, run)
    } else {
        (signature.clone(), run_sync(span, &names))
    };
    let mut call = quote_spanned!(names.site=> #private::Call::enter(#site, #capture)#run);
    if never_async(&signature) {
        call = quote_spanned!(names.site=> match #call {});
    }
    let block = braced(quote!(#(#inner)* #call), body.span());
    quote!(#(#attributes)* #visibility #default #signature #block)
}

/// The names that an expansion uses beside the user's.
struct Names<'a> {
    krate: Option<&'a Path>,
    private: TokenStream,
    call: Ident,
    ret: Ident,
    site: Span,
}

impl<'a> Names<'a> {
    fn new(span: &'a RagSpan) -> Self {
        let site = Span::mixed_site();
        let krate = span.krate.as_ref();
        Self {
            krate,
            private: private_at(krate, site),
            // A hygienic binding may still meet a user's constant of its name, hence the underscores.
            call: Ident::new("__call", site),
            ret: Ident::new("__ret", site),
            site,
        }
    }

    /// The private module, named by tokens that stand at a place.
    fn at(&self, span: Span) -> TokenStream {
        private_at(self.krate, span)
    }
}

fn private_at(krate: Option<&Path>, span: Span) -> TokenStream {
    let Some(krate) = krate else {
        return quote_spanned!(span=> ::ragspan::__private);
    };
    let moved = krate.to_token_stream().into_iter().map(|mut token| {
        token.set_span(span.resolved_at(token.span()));
        token
    });
    quote_spanned!(span=> #(#moved)*::__private)
}

/// A `mut` argument of an `async fn` is bound anew inside its block, as an `async fn` does by itself,
/// so that the body can give it values that live no longer than the body.
///
/// ```text
/// async fn f(mut left: u8)      becomes      async fn f(left: u8)  and  let mut left = left;
/// ```
fn rebind(signature: &Signature) -> (Signature, TokenStream) {
    let mut signature = signature.clone();
    let mut rebound = TokenStream::new();
    for argument in &mut signature.inputs {
        let FnArg::Typed(argument) = argument else {
            continue;
        };
        let Pat::Ident(binding) = &mut *argument.pat else {
            continue;
        };
        let plain =
            argument.attrs.is_empty() && binding.by_ref.is_none() && binding.subpat.is_none();
        let Some(mutability) = binding.mutability.take_if(|_| plain) else {
            continue;
        };
        let name = &binding.ident;
        rebound.extend(quote_spanned!(Span::mixed_site()=> let #mutability #name = #name;));
    }
    (signature, rebound)
}

/// ```text
/// { static SITE: Site = Site::new(&SITE, "search", Layer::Retrieval, .., &["top_k"]).slow_us(..); &SITE }
/// ```
fn site(span: &RagSpan, names: &Names<'_>) -> TokenStream {
    let private = &names.private;
    let (operation, layer) = (&span.operation, layer(&span.layer, names));
    let on_success = span.ok.iter().flat_map(|ok| &ok.fields);
    let fields = span.entry.iter().chain(on_success).map(|field| &field.name);
    // `line!` tells where its own tokens stand, so these stand at the function's name.
    let here = span.function.signature.ident.span();
    let at_here = names.at(here);
    let line = quote_spanned!(here=> #at_here::line!());
    let level = span.level.as_ref().map(|level| with_level(level, names));
    let slow = span.slow_us.map(|micros| with_slow(micros, names));
    quote_spanned! {names.site=> {
        static SITE: #private::Site = #private::Site::new(
            &SITE, #operation, #layer,
            #private::module_path!(), #private::file!(), #line,
            &[#(#fields),*],
        ) #level #slow;
        &SITE
    }}
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

fn with_level(level: &Level, names: &Names<'_>) -> TokenStream {
    let private = &names.private;
    let level = match level {
        Level::Named(constant) => {
            let constant = Ident::new(constant, names.site);
            quote_spanned!(names.site=> #private::Level::#constant)
        }
        Level::Path(path) => path.to_token_stream(),
    };
    quote_spanned!(names.site=> .level(#level))
}

fn with_slow(micros: u64, names: &Names<'_>) -> TokenStream {
    let micros = Literal::u64_unsuffixed(micros);
    quote_spanned!(names.site=> .slow_us(#micros))
}

/// ```text
/// |call| call.fields(0, &[field(&top_k), &debug(&filter)])
/// ```
fn capture(span: &RagSpan, names: &Names<'_>) -> TokenStream {
    if span.entry.is_empty() {
        return quote_spanned!(names.site=> |_| {});
    }
    let call = &names.call;
    let fields = fields(0, &span.entry, names);
    quote_spanned!(names.site=> |#call| #fields)
}

/// ```text
/// call.fields(5, &[field(&(hits.len())), metric(&(0.5)), &display(&id)])
/// ```
fn fields(first: usize, fields: &[Field], names: &Names<'_>) -> TokenStream {
    let call = &names.call;
    let first = Literal::usize_unsuffixed(first);
    let values = fields.iter().map(|field| value(field, names));
    quote_spanned!(names.site=> #call.fields(#first, &[#(#values),*]))
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
    }
}

/// ```text
/// |ret, call| { Probe::new(ret).judge(call); empty; ok }
/// ```
fn inspect(span: &RagSpan, names: &Names<'_>) -> TokenStream {
    let Names {
        private,
        call,
        ret,
        site,
        ..
    } = names;
    let empty = span.empty.as_ref().map(|empty| judge_empty(empty, names));
    let ok = span.ok.as_ref().map(|ok| {
        let fields = fields(span.entry.len(), &ok.fields, names);
        on_value(&ok.pattern, &fields, names)
    });
    quote_spanned!(*site=> |#ret, #call| { #private::Probe::new(#ret).judge(#call); #empty #ok })
}

/// ```text
/// call.empty(is_empty(ret));
/// ```
fn judge_empty(empty: &Empty, names: &Names<'_>) -> TokenStream {
    let call = &names.call;
    match empty {
        Empty::ByType(word) => {
            let at = located(*word);
            let (private, ret) = (names.at(at), Ident::new("__ret", at));
            quote_spanned!(at=> #call.empty(#private::is_empty(#ret));)
        }
        Empty::By(pattern, expression) => {
            let judged = quote_spanned!(located(expression.span())=> #call.empty(#expression));
            on_value(pattern, &judged, names)
        }
    }
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
    let Some(ascribed) = &pattern.ascribed else {
        return quote_spanned! {*site=>
            if let #private::Some(#named) = #private::Probe::new(#ret).value(#call) { #work }
        };
    };
    quote_spanned! {*site=>
        if let #private::Some(__value) = #private::Probe::new(#ret).value(#call) {
            let #named: #ascribed = __value;
            #work
        }
    }
}

/// ```text
/// .run(move || -> Hits { body }, |ret, call| { inspect })
/// ```
fn run_sync(span: &RagSpan, names: &Names<'_>) -> TokenStream {
    let inspect = inspect(span, names);
    let output = &span.function.signature.output;
    let (annotation, edge) = match output {
        ReturnType::Default => {
            let name = span.function.signature.ident.span();
            (quote_spanned!(located(name)=> -> ()), None)
        }
        ReturnType::Type(arrow, returned) => {
            let named = Nameable::of(returned);
            if named.erased {
                (TokenStream::new(), edge(&named, names))
            } else {
                (quote!(#arrow #returned), None)
            }
        }
    };
    let body = scoped(&span.function.body, &edge.unwrap_or_default());
    quote_spanned!(names.site=> .run(move || #annotation #body, #inspect))
}

/// ```text
/// .future(async move { edge body }, |ret, call| { inspect }).await
/// ```
fn run_async(span: &RagSpan, names: &Names<'_>, rebound: &TokenStream) -> TokenStream {
    let inspect = inspect(span, names);
    let edge = edge(&awaited(&span.function.signature, names), names);
    let body = scoped(&span.function.body, &quote!(#rebound #edge));
    quote_spanned!(names.site=> .future(async move #body, #inspect).await)
}

/// The type of the `async` block that holds the body.
fn awaited(signature: &Signature, names: &Names<'_>) -> Nameable {
    let returned = match &signature.output {
        ReturnType::Type(_, returned) if !returns::never(&signature.output) => {
            return Nameable::of(returned);
        }
        // `!` cannot be named here; another type without values can, and a `match` turns it back.
        ReturnType::Type(_, never) => {
            let private = names.at(located(never.span()));
            parse_quote_spanned!(located(never.span())=> #private::Infallible)
        }
        ReturnType::Default => parse_quote_spanned!(located(signature.ident.span())=> ()),
    };
    Nameable {
        returned,
        erased: false,
    }
}

fn never_async(signature: &Signature) -> bool {
    signature.asyncness.is_some() && returns::never(&signature.output)
}

/// A return that never happens, which gives inference and coercion the declared type before the body
/// is looked at. No lint finds anything unreachable in it.
///
/// ```text
/// if let Some(ret) = None::<Result<_, Error>> { return ret; }
/// ```
fn edge(named: &Nameable, names: &Names<'_>) -> Option<TokenStream> {
    if named.says_nothing() {
        return None;
    }
    let returned = &named.returned;
    let at = located(returned.span());
    let (private, ret) = (names.at(at), Ident::new("__ret", at));
    Some(quote_spanned! {at=>
        if let #private::Some(#ret) = #private::None::<#returned> { return #ret; }
    })
}

/// The body behind what must come before it; in braces of its own then, so that its items and
/// inner shadows stay inside.
fn scoped(body: &Group, before: &TokenStream) -> TokenStream {
    if before.is_empty() {
        return body.to_token_stream();
    }
    // Braces of the macro's own: around a body of one expression the user's would be called unused.
    let inner = braced(body.stream(), located(body.span()));
    braced(quote!(#before #inner), Span::mixed_site())
}

fn braced(content: TokenStream, span: Span) -> TokenStream {
    let mut group = Group::new(Delimiter::Brace, content);
    group.set_span(span);
    group.to_token_stream()
}

/// Made by the macro, as lints see it, and placed at the user's token, as messages show it.
fn located(token: Span) -> Span {
    Span::mixed_site().located_at(token)
}
