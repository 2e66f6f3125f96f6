//! `#[derive(LogContext)]`: the fields of a struct, or of an enum's variant, as the context of a request.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Expr, Fields, Ident, Member, Type};

use crate::derive::{self, Body, Names};
use crate::errors::Errors;

mod says;
mod write;

use says::{Says, is_known};

/// The attribute of the derive.
const NAME: &str = "log";

/// Derives `LogContext`.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    derive::derive(item, "LogContext", body, |input, names| {
        write::methods(&input.ident, &[], names)
    })
}

fn body(input: &DeriveInput, names: &mut Names, errors: &mut Errors) -> Option<Body> {
    let example = "#[log(crate = path::to::ragspan)]";
    names.read(&input.attrs, NAME, example, errors, |input, _| {
        Err(not_here(input))
    });
    let ways = ways(input, errors)?;
    let fields = ways.iter().flat_map(|way| &way.fields);
    Some(Body {
        items: write::methods(&input.ident, &ways, names),
        bounds: fields
            .filter_map(|field| write::bound(field, names))
            .collect(),
    })
}

/// What stands before the item and is no `crate = ..`.
fn not_here(input: ParseStream<'_>) -> Error {
    let span = input.span();
    let word = input.call(Ident::parse_any).ok();
    Error::new(
        span,
        match word.filter(is_known) {
            Some(word) => {
                format!(
                    "`{word}` belongs on a field: before the item stands only #[log(crate = path::to::ragspan)]"
                )
            }
            None => "expected `crate`: #[log(crate = path::to::ragspan)]".to_owned(),
        },
    )
}

/// A struct, or one variant of an enum, and what is recorded of it.
struct Way {
    /// `Self::Variant`; a struct has none.
    variant: Option<TokenStream>,
    fields: Vec<Field>,
}

/// One field, as it goes into the context.
struct Field {
    member: Member,
    /// What the variant's pattern binds it to; a field of a struct is read from `self`.
    bound: Option<Ident>,
    held: Type,
    name: String,
    span: Span,
    form: Form,
    with: Option<Expr>,
}

/// How a field is recorded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Redacted,
    Hashed,
    Flattened,
    Displayed,
    Debugged,
    Metric,
}

fn ways(input: &DeriveInput, errors: &mut Errors) -> Option<Vec<Way>> {
    match &input.data {
        Data::Struct(data) => {
            let fields = fields(&data.fields, errors, |_| None);
            let variant = None;
            Some(vec![Way { variant, fields }])
        }
        Data::Enum(data) => {
            let variants = data.variants.iter();
            Some(
                variants
                    .map(|variant| of_variant(variant, errors))
                    .collect(),
            )
        }
        Data::Union(_) => {
            let message = "a union has no field that is known to be there: derive LogContext on a struct or an enum";
            errors.at(input.ident.span(), message);
            None
        }
    }
}

fn of_variant(variant: &syn::Variant, errors: &mut Errors) -> Way {
    let cure = "belongs on a field, not on the variant";
    derive::misplaced(&variant.attrs, NAME, cure, errors);
    let site = Span::mixed_site();
    let name = &variant.ident;
    Way {
        variant: Some(quote_spanned!(site=> Self::#name)),
        fields: fields(&variant.fields, errors, |index| {
            Some(format_ident!("__field{index}", span = site))
        }),
    }
}

fn fields(
    fields: &Fields,
    errors: &mut Errors,
    bound: impl Fn(usize) -> Option<Ident>,
) -> Vec<Field> {
    let mut read_ones = Vec::new();
    for (index, (member, field)) in fields.members().zip(fields).enumerate() {
        read_ones.extend(read(field, member, bound(index), errors));
    }
    names_are_unique(&read_ones, errors);
    read_ones
}

/// One field; none if it is left out.
fn read(
    field: &syn::Field,
    member: Member,
    bound: Option<Ident>,
    errors: &mut Errors,
) -> Option<Field> {
    let mut says = Says::default();
    let example = "#[log(redact)]";
    derive::inside(&field.attrs, NAME, example, errors, |input, errors| {
        says.read(input, errors)
    });
    says.agrees(errors);
    let form = says.form()?;
    let (name, span) = match (&says.rename, &member) {
        (Some(name), _) => (name.value(), name.span()),
        (None, Member::Named(name)) => (name.unraw().to_string(), name.span()),
        (None, Member::Unnamed(_)) => {
            if form != Form::Flattened {
                let message = "a field without a name needs one: #[log(rename = \"user_id\")], or #[log(flatten)] where it is a context itself";
                errors.at(field.ty.span(), message);
            }
            (String::new(), field.ty.span())
        }
    };
    Some(Field {
        member,
        bound,
        held: field.ty.clone(),
        name,
        span,
        form,
        with: says.with,
    })
}

/// A metric and another field may have the same name: they stand in different places.
///
/// ```text
/// struct Context { user_id: String, #[log(rename = "user_id")] owner: String }
/// ```
fn names_are_unique(fields: &[Field], errors: &mut Errors) {
    let mut names = HashSet::new();
    let named = fields
        .iter()
        .filter(|field| field.form != Form::Flattened && !field.name.is_empty());
    for Field {
        name, span, form, ..
    } in named
    {
        if !names.insert((name, *form == Form::Metric)) {
            errors.at(
                *span,
                format!("the name `{name}` is there already: give one of the two another, #[log(rename = \"..\")]"),
            );
        }
    }
}
