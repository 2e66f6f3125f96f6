//! `#[derive(LogContext)]`: records the fields of a struct or of an enum's variant as the context of a request.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Expr, Fields, Ident, Member, Type};

use crate::derive::{self, Body, CratePaths};
use crate::errors::Errors;

mod attrs;
mod write;

use attrs::{FieldAttrs, is_known};

/// The attribute of the derive.
const NAME: &str = "log";

/// Derives `LogContext`.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    derive::derive(item, "LogContext", body, |input, paths| {
        write::methods(&input.ident, &[], paths)
    })
}

fn body(input: &DeriveInput, paths: &mut CratePaths, errors: &mut Errors) -> Option<Body> {
    let example = "#[log(crate = path::to::ragspan)]";
    paths.read(&input.attrs, NAME, example, errors, |input, _| {
        Err(not_on_the_type(input))
    });
    let variants = variants(input, errors)?;
    let fields = variants.iter().flat_map(|variant| &variant.fields);
    Some(Body {
        items: write::methods(&input.ident, &variants, paths),
        bounds: fields
            .filter_map(|field| write::bound(field, paths))
            .collect(),
    })
}

/// Returns the error for an option other than `crate` on the struct or enum itself.
fn not_on_the_type(input: ParseStream<'_>) -> Error {
    let span = input.span();
    let option = input.call(Ident::parse_any).ok();
    Error::new(
        span,
        match option.filter(is_known) {
            Some(option) => {
                format!(
                    "`{option}` belongs on a field; the type itself takes only #[log(crate = path::to::ragspan)]"
                )
            }
            None => "expected `crate`: #[log(crate = path::to::ragspan)]".to_owned(),
        },
    )
}

/// The recorded fields of a struct or of one enum variant.
struct VariantFields {
    /// `Self::Variant`, or `None` for a struct.
    variant: Option<TokenStream>,
    fields: Vec<ContextField>,
}

/// One field that is recorded in the context.
struct ContextField {
    member: Member,
    /// The variable that the variant's pattern binds. A field of a struct is read from `self` instead.
    binding: Option<Ident>,
    ty: Type,
    name: String,
    span: Span,
    form: Form,
    with: Option<Expr>,
}

/// The form in which a field is recorded.
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

fn variants(input: &DeriveInput, errors: &mut Errors) -> Option<Vec<VariantFields>> {
    match &input.data {
        Data::Struct(data) => {
            let fields = fields(&data.fields, errors, |_| None);
            let variant = None;
            Some(vec![VariantFields { variant, fields }])
        }
        Data::Enum(data) => {
            let variants = data.variants.iter();
            Some(
                variants
                    .map(|variant| variant_fields(variant, errors))
                    .collect(),
            )
        }
        Data::Union(_) => {
            let message = "`LogContext` cannot be derived for a union: use a struct or an enum";
            errors.at(input.ident.span(), message);
            None
        }
    }
}

fn variant_fields(variant: &syn::Variant, errors: &mut Errors) -> VariantFields {
    let problem = "belongs on a field, not on a variant";
    derive::reject_misplaced(&variant.attrs, NAME, problem, errors);
    let mixed_site = Span::mixed_site();
    let name = &variant.ident;
    VariantFields {
        variant: Some(quote_spanned!(mixed_site=> Self::#name)),
        fields: fields(&variant.fields, errors, |index| {
            Some(format_ident!("__field{index}", span = mixed_site))
        }),
    }
}

fn fields(
    fields: &Fields,
    errors: &mut Errors,
    binding: impl Fn(usize) -> Option<Ident>,
) -> Vec<ContextField> {
    let mut recorded = Vec::new();
    for (index, (member, field)) in fields.members().zip(fields).enumerate() {
        recorded.extend(recorded_field(field, member, binding(index), errors));
    }
    reject_duplicate_names(&recorded, errors);
    recorded
}

/// Reads the attributes of one field. Returns `None` if the field is skipped.
fn recorded_field(
    field: &syn::Field,
    member: Member,
    binding: Option<Ident>,
    errors: &mut Errors,
) -> Option<ContextField> {
    let mut attrs = FieldAttrs::default();
    let example = "#[log(redact)]";
    derive::inside(&field.attrs, NAME, example, errors, |input, errors| {
        attrs.read(input, errors)
    });
    attrs.reject_conflicts(errors);
    let form = attrs.form()?;
    let (name, span) = match (&attrs.rename, &member) {
        (Some(name), _) => (name.value(), name.span()),
        (None, Member::Named(name)) => (name.unraw().to_string(), name.span()),
        (None, Member::Unnamed(_)) => {
            if form != Form::Flattened {
                let message = "an unnamed field needs a name: #[log(rename = \"user_id\")], or #[log(flatten)] if it is a context itself";
                errors.at(field.ty.span(), message);
            }
            (String::new(), field.ty.span())
        }
    };
    Some(ContextField {
        member,
        binding,
        ty: field.ty.clone(),
        name,
        span,
        form,
        with: attrs.with,
    })
}

/// Rejects two fields with the same name.
///
/// A metric may have the name of another field, because metrics are a separate object of the record.
///
/// ```text
/// struct Context { user_id: String, #[log(rename = "user_id")] owner: String }
/// ```
fn reject_duplicate_names(fields: &[ContextField], errors: &mut Errors) {
    let mut names = HashSet::new();
    let named = fields
        .iter()
        .filter(|field| field.form != Form::Flattened && !field.name.is_empty());
    for ContextField {
        name, span, form, ..
    } in named
    {
        if !names.insert((name, *form == Form::Metric)) {
            errors.at(
                *span,
                format!("the name `{name}` is given twice: change one of the two with #[log(rename = \"..\")]"),
            );
        }
    }
}
