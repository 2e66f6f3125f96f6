//! `#[derive(ErrorType)]`: assigns a label to each variant of an error.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, Member, Token, Type};

use crate::arg::in_parentheses;
use crate::case::snake;
use crate::derive::{self, Body, CratePaths};
use crate::errors::Errors;
use crate::list::list;
use crate::suggest;
use crate::values::severity;

/// The attribute of the derive.
const NAME: &str = "error_type";
const EXAMPLE: &str = "#[error_type(\"timeout\")]";
const CRATE: &str = "#[error_type(crate = path::to::ragspan)]";

/// Derives `ErrorType`.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    derive::derive(item, "ErrorType", body, |input, _| {
        let name = snake(&input.ident);
        method(&quote_spanned!(Span::mixed_site()=> #name))
    })
}

fn body(input: &DeriveInput, paths: &mut CratePaths, errors: &mut Errors) -> Option<Body> {
    let variants = match &input.data {
        Data::Struct(data) => {
            let this = quote_spanned!(Span::mixed_site()=> Self);
            let mut attrs = ErrorTypeAttrs::default();
            paths.read(&input.attrs, NAME, EXAMPLE, errors, |input, errors| {
                attrs.read(input, errors)
            });
            vec![error_variant(
                this,
                &input.ident,
                attrs,
                &data.fields,
                errors,
            )]
        }
        Data::Enum(data) => {
            paths.read(&input.attrs, NAME, CRATE, errors, |input, _| {
                let message = "this belongs on a variant; the enum itself takes only #[error_type(crate = path::to::ragspan)]";
                Err(Error::new(input.span(), message))
            });
            let variants = data.variants.iter();
            variants
                .map(|variant| enum_variant(variant, errors))
                .collect()
        }
        Data::Union(_) => {
            errors.at(
                input.ident.span(),
                "`ErrorType` cannot be derived for a union: use an enum or a struct",
            );
            return None;
        }
    };
    Some(implementation(&variants, paths))
}

fn enum_variant(variant: &syn::Variant, errors: &mut Errors) -> ErrorVariant {
    let name = &variant.ident;
    let this = quote_spanned!(Span::mixed_site()=> Self::#name);
    let mut attrs = ErrorTypeAttrs::default();
    derive::inside(&variant.attrs, NAME, EXAMPLE, errors, |input, errors| {
        attrs.read(input, errors)
    });
    error_variant(this, name, attrs, &variant.fields, errors)
}

/// The label and other properties of an enum variant or of a struct.
struct ErrorVariant {
    /// `Self::Variant`, or `Self` for a struct.
    this: TokenStream,
    kind: Kind,
    severity: Option<&'static str>,
    action: Option<LitStr>,
    /// The fields that are copied into the record, each with its name there.
    copied: Vec<(Member, String)>,
}

enum Kind {
    Label(String),
    /// The only field provides the label and everything else.
    Transparent(Member, Box<Type>),
}

fn error_variant(
    this: TokenStream,
    name: &Ident,
    attrs: ErrorTypeAttrs,
    fields: &Fields,
    errors: &mut Errors,
) -> ErrorVariant {
    for field in fields {
        let problem = "belongs on the variant or the struct, not on a field";
        derive::reject_misplaced(&field.attrs, NAME, problem, errors);
    }
    let transparent = attrs.transparent.and_then(|option| {
        attrs.reject_others(option, errors);
        only_field(fields, option, errors)
    });
    let label = attrs
        .label
        .map_or_else(|| snake(name), |label| label.value());
    ErrorVariant {
        this,
        kind: transparent.unwrap_or(Kind::Label(label)),
        severity: attrs.severity,
        action: attrs.action,
        copied: copied(&attrs.fields, fields, errors),
    }
}

/// The options of `#[error_type(..)]` on one variant or struct.
#[derive(Default)]
struct ErrorTypeAttrs {
    label: Option<LitStr>,
    transparent: Option<Span>,
    severity: Option<&'static str>,
    action: Option<LitStr>,
    fields: Vec<(Option<Ident>, Member)>,
}

impl ErrorTypeAttrs {
    fn read(&mut self, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        let span = input.span();
        if input.peek(LitStr) {
            let label = plain_label(input.parse()?)?;
            if self.label.replace(label).is_some() {
                errors.at(span, "the label is given twice: keep one");
            }
            return Ok(());
        }
        let message = "expected a label, `transparent`, `level`, `action` or `fields`: #[error_type(\"timeout\")]";
        let option = input.call(Ident::parse_any);
        let option = option.map_err(|_| Error::new(span, message))?;
        match option.to_string().as_str() {
            "transparent" => self.transparent = Some(span),
            "level" => {
                assigned(input, &option, "level = \"warning\"")?;
                let known = severity(input)?;
                let message = "`level` must be a string: level = \"warning\"";
                let known = known.ok_or_else(|| Error::new(input.span(), message))?;
                self.severity = Some(known.severity);
            }
            "action" => {
                assigned(input, &option, "action = \"queued_for_retry\"")?;
                let message = "`action` must be a string: action = \"queued_for_retry\"";
                let action = input.parse();
                self.action = Some(action.map_err(|_| Error::new(input.span(), message))?);
            }
            "fields" => {
                let read = |input: ParseStream<'_>| self.read_fields(input, errors);
                in_parentheses(input, read)?;
            }
            other => {
                let known = ["transparent", "level", "action", "fields"];
                let message = suggest::unknown("`error_type` option", other, &known);
                return Err(Error::new(span, message));
            }
        }
        Ok(())
    }

    /// `retry_after, code = 0`
    fn read_fields(&mut self, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        list(input, errors, |input, _| {
            let named = input.peek(Ident::peek_any) && input.peek2(Token![=]);
            let name: Option<Ident> = if named {
                let name = input.call(Ident::parse_any)?;
                input.parse::<Token![=]>()?;
                Some(name)
            } else {
                None
            };
            self.fields.push((name, input.parse()?));
            Ok(())
        });
        Ok(())
    }

    /// Rejects other options in addition to `transparent`.
    fn reject_others(&self, option: Span, errors: &mut Errors) {
        let has_others = self.label.is_some()
            || self.severity.is_some()
            || self.action.is_some()
            || !self.fields.is_empty();
        if has_others {
            let message =
                "`transparent` takes everything from the inner error: remove the other options";
            errors.at(option, message);
        }
    }
}

fn assigned(input: ParseStream<'_>, key: &Ident, example: &str) -> syn::Result<()> {
    if input.parse::<Option<Token![=]>>()?.is_none() || input.is_empty() {
        let message = format!("`{key}` needs a value: {example}");
        return Err(Error::new(key.span(), message));
    }
    Ok(())
}

fn plain_label(name: LitStr) -> syn::Result<LitStr> {
    let plain = !name.value().is_empty() && !name.value().contains(char::is_control);
    if plain {
        return Ok(name);
    }
    let message =
        "a label must not be empty or contain control characters: #[error_type(\"timeout\")]";
    Err(Error::new(name.span(), message))
}

fn only_field(fields: &Fields, option: Span, errors: &mut Errors) -> Option<Kind> {
    let mut both = fields.members().zip(fields.iter());
    if let (Some((member, field)), None) = (both.next(), both.next()) {
        return Some(Kind::Transparent(member, Box::new(field.ty.clone())));
    }
    errors.at(
        option,
        "`transparent` takes the label from the only field, so it needs exactly one field: write #[error_type(\"timeout\")] instead",
    );
    None
}

/// Returns the listed fields, each with its own name or the one given in the list.
fn copied(
    listed: &[(Option<Ident>, Member)],
    fields: &Fields,
    errors: &mut Errors,
) -> Vec<(Member, String)> {
    let mut copied = Vec::new();
    for (name, member) in listed {
        if !fields.members().any(|known| known == *member) {
            let known: Vec<String> = fields.members().map(|known| member_name(&known)).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let message = suggest::unknown("field", &member_name(member), &known);
            errors.at(member.span(), message);
            continue;
        }
        match (name, member) {
            (Some(name), _) => copied.push((member.clone(), name.unraw().to_string())),
            (None, Member::Named(own)) => {
                copied.push((member.clone(), own.unraw().to_string()));
            }
            (None, Member::Unnamed(index)) => errors.at(
                index.span,
                format!(
                    "an unnamed field needs a name: fields(code = {})",
                    index.index
                ),
            ),
        }
    }
    copied
}

fn member_name(member: &Member) -> String {
    match member {
        Member::Named(name) => name.unraw().to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}

/// Generates the methods of the `impl`.
fn implementation(variants: &[ErrorVariant], paths: &CratePaths) -> Body {
    let mut items = error_type_method(variants, paths);
    items.extend(optional_method(
        variants,
        "error_level",
        "Severity",
        level,
        paths,
    ));
    items.extend(optional_method(
        variants,
        "error_action",
        "Label",
        action,
        paths,
    ));
    items.extend(fields_method(variants, paths));
    let root = paths.root();
    let bound = quote_spanned!(Span::mixed_site()=> #root::ErrorType);
    let bounds = variants.iter().filter_map(|variant| match &variant.kind {
        Kind::Transparent(_, ty) => Some(((**ty).clone(), bound.clone())),
        Kind::Label(_) => None,
    });
    Body {
        items,
        bounds: bounds.collect(),
    }
}

/// ```text
/// fn error_type(&self) -> &'static str { match self { Self::NoContext { .. } => "no_context", .. } }
/// ```
fn error_type_method(variants: &[ErrorVariant], paths: &CratePaths) -> TokenStream {
    let mixed_site = Span::mixed_site();
    if variants.is_empty() {
        return method(&quote_spanned!(mixed_site=> match *self {}));
    }
    let arms = variants.iter().map(|variant| {
        let this = &variant.this;
        match &variant.kind {
            Kind::Label(label) => quote_spanned!(mixed_site=> #this { .. } => #label,),
            Kind::Transparent(member, ty) => {
                delegate(variant, (member, ty), "error_type", None, paths)
            }
        }
    });
    method(&quote_spanned!(mixed_site=> match self { #(#arms)* }))
}

/// ```text
/// Self::Inner { 0: inner } => ::ragspan::ErrorType::error_type(inner),
/// ```
fn delegate(
    variant: &ErrorVariant,
    (member, ty): (&Member, &Type),
    method: &str,
    more: Option<&TokenStream>,
    paths: &CratePaths,
) -> TokenStream {
    let (mixed_site, this) = (Span::mixed_site(), &variant.this);
    let at = mixed_site.located_at(ty.span());
    let (root, method) = (paths.root_at(at), Ident::new(method, at));
    let call = quote_spanned!(at=> #root::ErrorType::#method(__inner #more));
    quote_spanned!(mixed_site=> #this { #member: __inner } => #call,)
}

/// Generates a method that returns `None` by default. Generates nothing if no variant has a value for it.
///
/// ```text
/// fn error_level(&self) -> Option<Severity> { match self { Self::RateLimited { .. } => Some(Severity::Warning), _ => None } }
/// ```
fn optional_method(
    variants: &[ErrorVariant],
    name: &str,
    returned: &str,
    value: fn(&ErrorVariant, &CratePaths) -> Option<TokenStream>,
    paths: &CratePaths,
) -> TokenStream {
    let mixed_site = Span::mixed_site();
    let private = paths.private();
    let arms: Vec<TokenStream> = variants
        .iter()
        .filter_map(|variant| {
            let this = &variant.this;
            if let Kind::Transparent(member, ty) = &variant.kind {
                return Some(delegate(variant, (member, ty), name, None, paths));
            }
            let value = value(variant, paths)?;
            Some(quote_spanned!(mixed_site=> #this { .. } => #private::Some(#value),))
        })
        .collect();
    if arms.is_empty() {
        return TokenStream::new();
    }
    let rest =
        (arms.len() < variants.len()).then(|| quote_spanned!(mixed_site=> _ => #private::None,));
    let (name, returned) = (
        Ident::new(name, mixed_site),
        Ident::new(returned, mixed_site),
    );
    quote_spanned! {mixed_site=>
        fn #name(&self) -> #private::Option<#private::#returned> { match self { #(#arms)* #rest } }
    }
}

fn level(variant: &ErrorVariant, paths: &CratePaths) -> Option<TokenStream> {
    let mixed_site = Span::mixed_site();
    let (private, severity) = (paths.private(), Ident::new(variant.severity?, mixed_site));
    Some(quote_spanned!(mixed_site=> #private::Severity::#severity))
}

fn action(variant: &ErrorVariant, _: &CratePaths) -> Option<TokenStream> {
    variant.action.as_ref().map(ToTokens::to_token_stream)
}

/// ```text
/// fn error_fields(&self, out: &mut ErrorFields<'_>) {
///     match self { Self::RateLimited { retry_after: field0, .. } => { out.field("retry_after", field(field0)); } _ => {} }
/// }
/// ```
fn fields_method(variants: &[ErrorVariant], paths: &CratePaths) -> TokenStream {
    let mixed_site = Span::mixed_site();
    let private = paths.private();
    let out = quote_spanned!(mixed_site=> , __out);
    let arms: Vec<TokenStream> = variants
        .iter()
        .filter_map(|variant| match &variant.kind {
            Kind::Transparent(member, ty) => Some(delegate(
                variant,
                (member, ty),
                "error_fields",
                Some(&out),
                paths,
            )),
            Kind::Label(_) => (!variant.copied.is_empty()).then(|| copy(variant, paths)),
        })
        .collect();
    if arms.is_empty() {
        return TokenStream::new();
    }
    let rest = (arms.len() < variants.len()).then(|| quote_spanned!(mixed_site=> _ => {}));
    quote_spanned! {mixed_site=>
        fn error_fields(&self, __out: &mut #private::ErrorFields<'_>) {
            match self { #(#arms)* #rest }
        }
    }
}

fn copy(variant: &ErrorVariant, paths: &CratePaths) -> TokenStream {
    let (mixed_site, this) = (Span::mixed_site(), &variant.this);
    let bindings = variant
        .copied
        .iter()
        .enumerate()
        .map(|(index, (member, _))| {
            let name = format_ident!("__field{index}", span = mixed_site);
            quote_spanned!(mixed_site=> #member: #name)
        });
    let recorded = variant
        .copied
        .iter()
        .enumerate()
        .map(|(index, (member, name))| {
            let at = mixed_site.located_at(member.span());
            let binding = format_ident!("__field{index}", span = mixed_site);
            let private = paths.private_at(at);
            quote_spanned!(at=> __out.field(#name, #private::field(#binding));)
        });
    quote_spanned!(mixed_site=> #this { #(#bindings,)* .. } => { #(#recorded)* })
}

/// ```text
/// fn error_type(&self) -> &'static str { match self { .. } }
/// ```
fn method(label: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        fn error_type(&self) -> &'static str { #label }
    }
}
