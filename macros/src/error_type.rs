//! `#[derive(ErrorType)]`: a label for each way to fail.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, Member, Token, Type};

use crate::case::snake;
use crate::derive::{self, Body, Names};
use crate::errors::Errors;
use crate::list::list;
use crate::place::in_parentheses;
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

fn body(input: &DeriveInput, names: &mut Names, errors: &mut Errors) -> Option<Body> {
    let ways = match &input.data {
        Data::Struct(data) => {
            let this = quote_spanned!(Span::mixed_site()=> Self);
            let mut says = Says::default();
            names.read(&input.attrs, NAME, EXAMPLE, errors, |input, errors| {
                says.read(input, errors)
            });
            vec![way(this, &input.ident, says, &data.fields, errors)]
        }
        Data::Enum(data) => {
            names.read(&input.attrs, NAME, CRATE, errors, |input, _| {
                let message = "this belongs on a variant; on the enum stands only #[error_type(crate = path::to::ragspan)]";
                Err(Error::new(input.span(), message))
            });
            let variants = data.variants.iter();
            variants
                .map(|variant| of_variant(variant, errors))
                .collect()
        }
        Data::Union(_) => {
            errors.at(
                input.ident.span(),
                "a union has no label: derive ErrorType on an enum or a struct",
            );
            return None;
        }
    };
    Some(of_ways(&ways, names))
}

fn of_variant(variant: &syn::Variant, errors: &mut Errors) -> Way {
    let name = &variant.ident;
    let this = quote_spanned!(Span::mixed_site()=> Self::#name);
    let mut says = Says::default();
    derive::inside(&variant.attrs, NAME, EXAMPLE, errors, |input, errors| {
        says.read(input, errors)
    });
    way(this, name, says, &variant.fields, errors)
}

/// One way to fail, and what is said of it.
struct Way {
    /// `Self::Variant`
    this: TokenStream,
    kind: Kind,
    severity: Option<&'static str>,
    action: Option<LitStr>,
    /// The fields that go into the record, each with its name there.
    copied: Vec<(Member, String)>,
}

enum Kind {
    Label(String),
    /// The only field tells all.
    Transparent(Member, Box<Type>),
}

fn way(this: TokenStream, name: &Ident, says: Says, fields: &Fields, errors: &mut Errors) -> Way {
    for field in fields {
        let cure = "belongs before the variant or the struct, not on a field";
        derive::misplaced(&field.attrs, NAME, cure, errors);
    }
    let asked = says.transparent.and_then(|word| {
        says.nothing_beside(word, errors);
        only_field(fields, word, errors)
    });
    let own = says
        .label
        .map_or_else(|| snake(name), |label| label.value());
    Way {
        this,
        kind: asked.unwrap_or(Kind::Label(own)),
        severity: says.severity,
        action: says.action,
        copied: copied(&says.fields, fields, errors),
    }
}

/// What the attributes of one way say.
#[derive(Default)]
struct Says {
    label: Option<LitStr>,
    transparent: Option<Span>,
    severity: Option<&'static str>,
    action: Option<LitStr>,
    fields: Vec<(Option<Ident>, Member)>,
}

impl Says {
    fn read(&mut self, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        let span = input.span();
        if input.peek(LitStr) {
            let label = plain_label(input.parse()?)?;
            if self.label.replace(label).is_some() {
                errors.at(span, "this has a label already: keep one");
            }
            return Ok(());
        }
        let message = "expected a label or `transparent`: #[error_type(\"timeout\")]";
        let word = input.call(Ident::parse_any);
        let word = word.map_err(|_| Error::new(span, message))?;
        match word.to_string().as_str() {
            "transparent" => self.transparent = Some(span),
            "level" => {
                assigned(input, &word, "level = \"warning\"")?;
                let known = severity(input)?;
                let message = "an error's level is a string: level = \"warning\"";
                let known = known.ok_or_else(|| Error::new(input.span(), message))?;
                self.severity = Some(known.severity);
            }
            "action" => {
                assigned(input, &word, "action = \"queued_for_retry\"")?;
                let message = "an action is a string: action = \"queued_for_retry\"";
                let action = input.parse();
                self.action = Some(action.map_err(|_| Error::new(input.span(), message))?);
            }
            "fields" => {
                let read = |input: ParseStream<'_>| self.read_fields(input, errors);
                in_parentheses(input, read)?;
            }
            other => {
                let known = ["transparent", "level", "action", "fields"];
                let message = suggest::unknown("option of `error_type`", other, &known);
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

    /// Who asks the inner error has nothing else to say.
    fn nothing_beside(&self, word: Span, errors: &mut Errors) {
        let more = self.label.is_some()
            || self.severity.is_some()
            || self.action.is_some()
            || !self.fields.is_empty();
        if more {
            let message = "`transparent` takes everything from the inner error: leave the rest out";
            errors.at(word, message);
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
    let message = "a label is not empty, and stands on one line: #[error_type(\"timeout\")]";
    Err(Error::new(name.span(), message))
}

fn only_field(fields: &Fields, word: Span, errors: &mut Errors) -> Option<Kind> {
    let mut both = fields.members().zip(fields.iter());
    if let (Some((member, field)), None) = (both.next(), both.next()) {
        return Some(Kind::Transparent(member, Box::new(field.ty.clone())));
    }
    errors.at(
        word,
        "`transparent` takes the label of the only field, and here is none or more than one: write #[error_type(\"timeout\")]",
    );
    None
}

/// The fields that are named, each under its own name or the one that it is given.
fn copied(
    said: &[(Option<Ident>, Member)],
    fields: &Fields,
    errors: &mut Errors,
) -> Vec<(Member, String)> {
    let mut copied = Vec::new();
    for (name, member) in said {
        if !fields.members().any(|there| there == *member) {
            let there: Vec<String> = fields.members().map(|there| shown(&there)).collect();
            let there: Vec<&str> = there.iter().map(String::as_str).collect();
            let message = suggest::unknown("field", &shown(member), &there);
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
                    "a field without a name needs one: fields(code = {})",
                    index.index
                ),
            ),
        }
    }
    copied
}

fn shown(member: &Member) -> String {
    match member {
        Member::Named(name) => name.unraw().to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}

fn of_ways(ways: &[Way], names: &Names) -> Body {
    let mut items = type_of(ways, names);
    items.extend(optional(ways, "error_level", "Severity", level_of, names));
    items.extend(optional(ways, "error_action", "Label", action_of, names));
    items.extend(fields_of(ways, names));
    let root = names.root();
    let bound = quote_spanned!(Span::mixed_site()=> #root::ErrorType);
    let bounds = ways.iter().filter_map(|way| match &way.kind {
        Kind::Transparent(_, held) => Some(((**held).clone(), bound.clone())),
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
fn type_of(ways: &[Way], names: &Names) -> TokenStream {
    let site = Span::mixed_site();
    if ways.is_empty() {
        return method(&quote_spanned!(site=> match *self {}));
    }
    let arms = ways.iter().map(|way| {
        let this = &way.this;
        match &way.kind {
            Kind::Label(label) => quote_spanned!(site=> #this { .. } => #label,),
            Kind::Transparent(member, held) => ask(way, (member, held), "error_type", None, names),
        }
    });
    method(&quote_spanned!(site=> match self { #(#arms)* }))
}

/// ```text
/// Self::Inner { 0: inner } => ::ragspan::ErrorType::error_type(inner),
/// ```
fn ask(
    way: &Way,
    (member, held): (&Member, &Type),
    method: &str,
    more: Option<&TokenStream>,
    names: &Names,
) -> TokenStream {
    let (site, this) = (Span::mixed_site(), &way.this);
    let at = site.located_at(held.span());
    let (root, method) = (names.at(at), Ident::new(method, at));
    let asked = quote_spanned!(at=> #root::ErrorType::#method(__inner #more));
    quote_spanned!(site=> #this { #member: __inner } => #asked,)
}

/// A method that most ways have nothing to say to; not written where none has.
///
/// ```text
/// fn error_level(&self) -> Option<Severity> { match self { Self::RateLimited { .. } => Some(Severity::Warning), _ => None } }
/// ```
fn optional(
    ways: &[Way],
    name: &str,
    given: &str,
    told: fn(&Way, &Names) -> Option<TokenStream>,
    names: &Names,
) -> TokenStream {
    let site = Span::mixed_site();
    let private = names.private();
    let arms: Vec<TokenStream> = ways
        .iter()
        .filter_map(|way| {
            let this = &way.this;
            if let Kind::Transparent(member, held) = &way.kind {
                return Some(ask(way, (member, held), name, None, names));
            }
            let told = told(way, names)?;
            Some(quote_spanned!(site=> #this { .. } => #private::Some(#told),))
        })
        .collect();
    if arms.is_empty() {
        return TokenStream::new();
    }
    let rest = (arms.len() < ways.len()).then(|| quote_spanned!(site=> _ => #private::None,));
    let (name, given) = (Ident::new(name, site), Ident::new(given, site));
    quote_spanned! {site=>
        fn #name(&self) -> #private::Option<#private::#given> { match self { #(#arms)* #rest } }
    }
}

fn level_of(way: &Way, names: &Names) -> Option<TokenStream> {
    let site = Span::mixed_site();
    let (private, severity) = (names.private(), Ident::new(way.severity?, site));
    Some(quote_spanned!(site=> #private::Severity::#severity))
}

fn action_of(way: &Way, _: &Names) -> Option<TokenStream> {
    way.action.as_ref().map(ToTokens::to_token_stream)
}

/// ```text
/// fn error_fields(&self, out: &mut ErrorFields<'_>) {
///     match self { Self::RateLimited { retry_after: field0, .. } => { out.field("retry_after", field(field0)); } _ => {} }
/// }
/// ```
fn fields_of(ways: &[Way], names: &Names) -> TokenStream {
    let site = Span::mixed_site();
    let private = names.private();
    let out = quote_spanned!(site=> , __out);
    let arms: Vec<TokenStream> = ways
        .iter()
        .filter_map(|way| match &way.kind {
            Kind::Transparent(member, held) => {
                Some(ask(way, (member, held), "error_fields", Some(&out), names))
            }
            Kind::Label(_) => (!way.copied.is_empty()).then(|| copy(way, names)),
        })
        .collect();
    if arms.is_empty() {
        return TokenStream::new();
    }
    let rest = (arms.len() < ways.len()).then(|| quote_spanned!(site=> _ => {}));
    quote_spanned! {site=>
        fn error_fields(&self, __out: &mut #private::ErrorFields<'_>) {
            match self { #(#arms)* #rest }
        }
    }
}

fn copy(way: &Way, names: &Names) -> TokenStream {
    let (site, this) = (Span::mixed_site(), &way.this);
    let bound = way.copied.iter().enumerate().map(|(index, (member, _))| {
        let name = format_ident!("__field{index}", span = site);
        quote_spanned!(site=> #member: #name)
    });
    let told = way
        .copied
        .iter()
        .enumerate()
        .map(|(index, (member, name))| {
            let at = site.located_at(member.span());
            let bound = format_ident!("__field{index}", span = site);
            let private = names.private_at(at);
            quote_spanned!(at=> __out.field(#name, #private::field(#bound));)
        });
    quote_spanned!(site=> #this { #(#bound,)* .. } => { #(#told)* })
}

/// ```text
/// fn error_type(&self) -> &'static str { match self { .. } }
/// ```
fn method(label: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        fn error_type(&self) -> &'static str { #label }
    }
}
