//! `#[derive(ErrorType)]`: a label for each way to fail.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Ident, LitStr, Member, Type};

use crate::case::snake;
use crate::derive::{self, Body};
use crate::errors::Errors;

/// The attribute of the derive.
const NAME: &str = "error_type";
const EXAMPLE: &str = "#[error_type(\"timeout\")]";

/// Derives `ErrorType`.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    derive::derive(item, &implemented(), body, |input| {
        let name = snake(&input.ident);
        method(&quote_spanned!(Span::mixed_site()=> #name))
    })
}

fn implemented() -> TokenStream {
    quote_spanned!(Span::mixed_site()=> ::ragspan::ErrorType)
}

fn body(input: &DeriveInput, errors: &mut Errors) -> Option<Body> {
    let arms = match &input.data {
        Data::Struct(data) => {
            let this = quote_spanned!(Span::mixed_site()=> Self);
            vec![arm(&this, &input.ident, &input.attrs, &data.fields, errors)]
        }
        Data::Enum(data) => {
            derive::misplaced(
                &input.attrs,
                NAME,
                "belongs on a variant, not on the enum",
                errors,
            );
            data.variants
                .iter()
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
    Some(of_arms(&arms))
}

fn of_variant(variant: &syn::Variant, errors: &mut Errors) -> Arm {
    let name = &variant.ident;
    let this = quote_spanned!(Span::mixed_site()=> Self::#name);
    arm(&this, name, &variant.attrs, &variant.fields, errors)
}

/// One arm of the `match`, and the type whose label it asks for.
struct Arm {
    tokens: TokenStream,
    inner: Option<Type>,
}

/// ```text
/// Self::NoContext { .. } => "no_context",
/// Self::Inner { 0: inner } => ::ragspan::ErrorType::error_type(inner),
/// ```
fn arm(
    this: &TokenStream,
    name: &Ident,
    attributes: &[Attribute],
    fields: &Fields,
    errors: &mut Errors,
) -> Arm {
    let site = Span::mixed_site();
    for field in fields {
        let cure = "belongs before the variant or the struct, not on a field";
        derive::misplaced(&field.attrs, NAME, cure, errors);
    }
    match label(attributes, errors) {
        Some(Label::Transparent(word)) => transparent(this, fields, word, errors),
        Some(Label::Named(label)) => Arm {
            tokens: quote_spanned!(site=> #this { .. } => #label,),
            inner: None,
        },
        None => {
            let label = snake(name);
            Arm {
                tokens: quote_spanned!(site=> #this { .. } => #label,),
                inner: None,
            }
        }
    }
}

fn transparent(this: &TokenStream, fields: &Fields, word: Span, errors: &mut Errors) -> Arm {
    let mut both = fields.members().zip(fields.iter());
    let (Some((member, field)), None) = (both.next(), both.next()) else {
        errors.at(
            word,
            "`transparent` takes the label of the only field, and here is none or more than one: write #[error_type(\"timeout\")]",
        );
        return Arm {
            tokens: TokenStream::new(),
            inner: None,
        };
    };
    Arm {
        tokens: ask(this, &member, &field.ty),
        inner: Some(field.ty.clone()),
    }
}

fn ask(this: &TokenStream, member: &Member, held: &Type) -> TokenStream {
    let site = Span::mixed_site();
    let asked =
        quote_spanned!(site.located_at(held.span())=> ::ragspan::ErrorType::error_type(__inner));
    quote_spanned!(site=> #this { #member: __inner } => #asked,)
}

/// What an attribute says about a label.
enum Label {
    Named(LitStr),
    Transparent(Span),
}

fn label(attributes: &[Attribute], errors: &mut Errors) -> Option<Label> {
    let mut label = None;
    derive::inside(attributes, NAME, EXAMPLE, errors, |input, errors| {
        let span = input.span();
        if label.replace(read_label(input)?).is_some() {
            errors.at(span, "this has a label already: keep one");
        }
        Ok(())
    });
    label
}

fn read_label(input: ParseStream<'_>) -> syn::Result<Label> {
    if let Some(name) = input.parse::<Option<LitStr>>()? {
        let plain = !name.value().is_empty() && !name.value().contains(char::is_control);
        let message = "a label is not empty, and stands on one line: #[error_type(\"timeout\")]";
        return if plain {
            Ok(Label::Named(name))
        } else {
            Err(Error::new(name.span(), message))
        };
    }
    let ahead = input.fork();
    if ahead
        .parse::<Ident>()
        .is_ok_and(|word| word == "transparent")
    {
        return Ok(Label::Transparent(input.parse::<Ident>()?.span()));
    }
    let message = "expected a label or `transparent`: #[error_type(\"timeout\")]";
    Err(Error::new(input.span(), message))
}

fn of_arms(arms: &[Arm]) -> Body {
    let site = Span::mixed_site();
    let tokens = arms.iter().map(|arm| &arm.tokens);
    let matched = if arms.is_empty() {
        quote_spanned!(site=> match *self {})
    } else {
        quote_spanned!(site=> match self { #(#tokens)* })
    };
    let inner = arms.iter().filter_map(|arm| arm.inner.clone());
    let bounds = inner
        .map(|inner| (inner, implemented().to_token_stream()))
        .collect();
    Body {
        items: method(&matched),
        bounds,
    }
}

/// ```text
/// fn error_type(&self) -> &'static str { match self { .. } }
/// ```
fn method(label: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        fn error_type(&self) -> &'static str { #label }
    }
}
