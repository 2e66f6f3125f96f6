//! `#[derive(LogContext)]`: a struct's fields as the context of a request.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, Token, Type};

use crate::derive::{self, Body};
use crate::errors::Errors;
use crate::list::at_end_of_item;
use crate::suggest;

/// Derives `LogContext`.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let implemented = quote_spanned!(Span::mixed_site()=> ::ragspan::LogContext);
    derive::derive(item, &implemented, body, |input| methods(input, &[]))
}

fn body(input: &DeriveInput, errors: &mut Errors) -> Option<Body> {
    let cure = "belongs on a field, not on the struct";
    derive::misplaced(&input.attrs, "log", cure, errors);
    let fields = named_fields(input, errors)?;
    let fields: Vec<Field> = fields
        .iter()
        .filter_map(|field| read(field, errors))
        .collect();
    names_are_unique(&fields, errors);
    let bound = quote_spanned!(Span::mixed_site()=> ::ragspan::__private::ContextField);
    let shown = fields.iter().filter(|field| !field.redacted);
    let bounds = shown
        .map(|field| (field.held.clone(), bound.clone()))
        .collect();
    Some(Body {
        items: methods(input, &fields),
        bounds,
    })
}

/// One field of the struct, as it goes into the context.
struct Field {
    member: Ident,
    held: Type,
    name: String,
    span: Span,
    redacted: bool,
}

fn named_fields<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Option<&'a Fields> {
    match &input.data {
        Data::Struct(data) if matches!(data.fields, Fields::Named(_)) => Some(&data.fields),
        _ => {
            let message =
                "a context is a struct with named fields: struct Context { user_id: String }";
            errors.at(input.ident.span(), message);
            None
        }
    }
}

/// Attributes of a field that are promised and not there yet.
const LATER: &[&str] = &["hash", "flatten", "display", "debug", "metric"];
/// Those that are there.
const NOW: &[&str] = &["skip", "redact", "rename"];

/// What the attributes of one field say.
#[derive(Default)]
struct Says {
    skip: Option<Span>,
    redact: Option<Span>,
    rename: Option<LitStr>,
}

fn read(field: &syn::Field, errors: &mut Errors) -> Option<Field> {
    let mut says = Says::default();
    derive::inside(
        &field.attrs,
        "log",
        "#[log(redact)]",
        errors,
        |input, errors| says.read(input, errors),
    );
    if says.skip.is_some() {
        says.skipped_alone(errors);
        return None;
    }
    let member = field.ident.clone()?;
    let (name, span) = match says.rename {
        Some(name) => (name.value(), name.span()),
        None => (member.unraw().to_string(), member.span()),
    };
    Some(Field {
        member,
        held: field.ty.clone(),
        name,
        span,
        redacted: says.redact.is_some(),
    })
}

impl Says {
    fn read(&mut self, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        if !input.peek(Ident::peek_any) {
            let message = "expected skip, redact or rename: #[log(rename = \"user_id\")]";
            return Err(Error::new(input.span(), message));
        }
        let key = Ident::parse_any(input)?;
        let word = key.to_string();
        let twice = match word.as_str() {
            "skip" => self.skip.replace(key.span()).is_some(),
            "redact" => self.redact.replace(key.span()).is_some(),
            "rename" => self.rename.replace(new_name(&key, input)?).is_some(),
            later if LATER.contains(&later) => {
                return Err(Error::new(
                    key.span(),
                    format!("`{later}` is not in this build yet"),
                ));
            }
            _ => {
                return Err(Error::new(
                    key.span(),
                    suggest::unknown("`log` option", &word, NOW),
                ));
            }
        };
        if key != "rename" && !at_end_of_item(input) {
            let message = format!("`{word}` takes no value: #[log({word})]");
            return Err(Error::new(key.span(), message));
        }
        if twice {
            errors.at(key.span(), format!("`{word}` stands twice: keep one"));
        }
        Ok(())
    }

    /// ```text
    /// #[log(skip, redact)]
    /// ```
    fn skipped_alone(&self, errors: &mut Errors) {
        let renamed = self.rename.as_ref().map(Spanned::span);
        for span in self.redact.into_iter().chain(renamed) {
            errors.at(
                span,
                "a skipped field says nothing else: remove this, or `skip`",
            );
        }
    }
}

fn new_name(key: &Ident, input: ParseStream<'_>) -> syn::Result<LitStr> {
    let equals: Option<Token![=]> = input.parse()?;
    if equals.is_none() || !input.peek(LitStr) {
        return Err(Error::new(
            key.span(),
            "`rename` needs a name: rename = \"user_id\"",
        ));
    }
    let name: LitStr = input.parse()?;
    if name.value().is_empty() {
        return Err(Error::new(
            name.span(),
            "a name is not empty: rename = \"user_id\"",
        ));
    }
    Ok(name)
}

/// ```text
/// struct Context { user_id: String, #[log(rename = "user_id")] owner: String }
/// ```
fn names_are_unique(fields: &[Field], errors: &mut Errors) {
    let mut names = HashSet::new();
    for Field { name, span, .. } in fields {
        if !names.insert(name) {
            errors.at(
                *span,
                format!("the name `{name}` is there already: give one of the two another, #[log(rename = \"..\")]"),
            );
        }
    }
}

fn methods(input: &DeriveInput, fields: &[Field]) -> TokenStream {
    let (visit, site) = (visit(fields), scope_site(&input.ident));
    quote!(#visit #site)
}

/// ```text
/// fn visit(&self, out: &mut ::ragspan::ContextVisitor<'_>) {
///     out.field("user_id", ::ragspan::__private::context_field(&self.user_id));
///     out.redacted("api_key");
/// }
/// ```
fn visit(fields: &[Field]) -> TokenStream {
    let site = Span::mixed_site();
    let out = Ident::new(if fields.is_empty() { "_out" } else { "__out" }, site);
    let calls = fields.iter().map(
        |Field {
             member,
             held,
             name,
             redacted,
             ..
         }| {
            if *redacted {
                return quote_spanned!(site=> #out.redacted(#name););
            }
            let at = site.located_at(held.span());
            let value = quote_spanned!(at=> ::ragspan::__private::context_field(&self.#member));
            quote_spanned!(site=> #out.field(#name, #value);)
        },
    );
    quote_spanned! {site=>
        fn visit(&self, #out: &mut ::ragspan::ContextVisitor<'_>) { #(#calls)* }
    }
}

/// The callsite of the scope's span stands in the user's crate, where the user's filters expect it.
///
/// ```text
/// fn scope_site(&self) -> &'static ScopeSite { static SITE: ScopeSite = ScopeSite::new(..); &SITE }
/// ```
fn scope_site(name: &Ident) -> TokenStream {
    let site = Span::mixed_site();
    let text = name.unraw().to_string();
    let private = quote_spanned!(site=> ::ragspan::__private);
    // `line!` tells where its own tokens stand.
    let line = quote_spanned!(name.span()=> ::ragspan::__private::line!());
    quote_spanned! {site=>
        fn scope_site(&self) -> &'static #private::ScopeSite {
            static SITE: #private::ScopeSite = #private::ScopeSite::new(
                &SITE, #text, #private::module_path!(), #private::file!(), #line,
            );
            &SITE
        }
    }
}
