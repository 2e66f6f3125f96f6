//! Code generation of the methods of `LogContext`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{GenericArgument, Ident, PathArguments, Type};

use super::{ContextField, Form, VariantFields};
use crate::derive::CratePaths;

/// Generates the methods for an item with this name.
pub(super) fn methods(name: &Ident, variants: &[VariantFields], paths: &CratePaths) -> TokenStream {
    let visit = visit(variants, paths);
    let scope_callsite = scope_callsite(name, paths);
    quote!(#visit #scope_callsite)
}

/// Returns the bound that a field's type needs. The result of a `with` function gets none; rustc checks it at its use.
pub(super) fn bound(field: &ContextField, paths: &CratePaths) -> Option<(Type, TokenStream)> {
    let mixed_site = Span::mixed_site();
    let (root, private) = (paths.root(), paths.private());
    let (ty, bound) = match field.form {
        _ if field.with.is_some() => return None,
        Form::Redacted => return None,
        Form::Flattened => {
            return Some((
                field.ty.clone(),
                quote_spanned!(mixed_site=> #root::LogContext),
            ));
        }
        Form::Plain => (&field.ty, "ContextField"),
        Form::Metric => (&field.ty, "ContextMetric"),
        Form::Hashed => (option_content(&field.ty), "ContextHash"),
        Form::Displayed => (option_content(&field.ty), "ContextDisplay"),
        Form::Debugged => (option_content(&field.ty), "ContextDebug"),
    };
    let bound = Ident::new(bound, mixed_site);
    Some((ty.clone(), quote_spanned!(mixed_site=> #private::#bound)))
}

/// Returns the `T` of an `Option<T>`, and any other type unchanged.
fn option_content(ty: &Type) -> &Type {
    let path = match ty {
        Type::Path(path) => path,
        // A macro fragment is in an invisible group.
        Type::Group(group) => return option_content(&group.elem),
        Type::Paren(paren) => return option_content(&paren.elem),
        _ => return ty,
    };
    let last = path.path.segments.last();
    let last = last.filter(|last| last.ident == "Option");
    match last.map(|last| &last.arguments) {
        Some(PathArguments::AngleBracketed(arguments)) => match arguments.args.first() {
            Some(GenericArgument::Type(inner)) => inner,
            _ => ty,
        },
        _ => ty,
    }
}

/// ```text
/// fn visit(&self, out: &mut ::ragspan::scope::ContextVisitor<'_>) {
///     out.field("user_id", context_field(&self.user_id));
///     if let Some(value) = OptionalField::new(&self.email).get() { out.hashed("email", context_hash(value)); }
///     out.nested(context(&self.client));
/// }
/// fn visit(&self, out: &mut ::ragspan::scope::ContextVisitor<'_>) {
///     match self { Self::User { id: field0, .. } => { .. } _ => {} }
/// }
/// ```
fn visit(variants: &[VariantFields], paths: &CratePaths) -> TokenStream {
    let mixed_site = Span::mixed_site();
    let is_empty = variants.iter().all(|variant| variant.fields.is_empty());
    let out = Ident::new(if is_empty { "_out" } else { "__out" }, mixed_site);
    let arms = variants
        .iter()
        .filter(|variant| !variant.fields.is_empty())
        .map(|variant| arm(variant, paths));
    let arms: Vec<TokenStream> = arms.collect();
    let body = match variants {
        _ if is_empty => TokenStream::new(),
        [VariantFields { variant: None, .. }] => quote_spanned!(mixed_site=> #(#arms)*),
        _ => {
            let rest = (arms.len() < variants.len()).then(|| quote_spanned!(mixed_site=> _ => {}));
            quote_spanned!(mixed_site=> match self { #(#arms)* #rest })
        }
    };
    let root = paths.root();
    quote_spanned! {mixed_site=>
        fn visit(&self, #out: &mut #root::scope::ContextVisitor<'_>) { #body }
    }
}

/// ```text
/// Self::User { id: field0, .. } => { out.field("id", context_field(field0)); }
/// ```
fn arm(variant: &VariantFields, paths: &CratePaths) -> TokenStream {
    let mixed_site = Span::mixed_site();
    let recorded = variant.fields.iter().map(|field| record(field, paths));
    let Some(path) = &variant.variant else {
        return quote_spanned!(mixed_site=> #(#recorded)*);
    };
    let bindings = variant.fields.iter().map(
        |ContextField {
             member, binding, ..
         }| quote_spanned!(mixed_site=> #member: #binding),
    );
    quote_spanned!(mixed_site=> #path { #(#bindings,)* .. } => { #(#recorded)* })
}

/// Generates the call that records one field.
fn record(field: &ContextField, paths: &CratePaths) -> TokenStream {
    let mixed_site = Span::mixed_site();
    let out = Ident::new("__out", mixed_site);
    let name = &field.name;
    if field.form == Form::Redacted {
        // The reference keeps rustc from warning that nothing reads the field.
        let reference = reference(field, mixed_site);
        return quote_spanned!(mixed_site=> let _ = #reference; #out.redacted(#name););
    }
    let at = error_span(field);
    let private = paths.private_at(at);
    let value = value(field, paths);
    match field.form {
        Form::Flattened => {
            let value = quote_spanned!(at=> #private::context(#value));
            quote_spanned!(mixed_site=> #out.nested(#value);)
        }
        Form::Metric => {
            let value = quote_spanned!(at=> #private::context_metric(#value));
            quote_spanned!(mixed_site=> #out.number(#name, #value);)
        }
        Form::Hashed => record_formatted(field, paths, "hashed", "context_hash"),
        Form::Displayed => record_formatted(field, paths, "display", "context_display"),
        Form::Debugged => record_formatted(field, paths, "debug", "context_debug"),
        Form::Plain | Form::Redacted => {
            let value = quote_spanned!(at=> #private::context_field(#value));
            quote_spanned!(mixed_site=> #out.field(#name, #value);)
        }
    }
}

/// Returns the span at which rustc reports a wrong type of the value.
fn error_span(field: &ContextField) -> Span {
    let mixed_site = Span::mixed_site();
    let with = field.with.as_ref().map(Spanned::span);
    mixed_site.located_at(with.unwrap_or_else(|| field.ty.span()))
}

/// ```text
/// &with(&self.user, |user| user.id)
/// ```
fn value(field: &ContextField, paths: &CratePaths) -> TokenStream {
    let at = error_span(field);
    let reference = reference(field, at);
    let Some(with) = &field.with else {
        return reference;
    };
    let private = paths.private_at(at);
    quote_spanned!(at=> &#private::with(#reference, #with))
}

/// Returns a reference to the field, with all tokens located at `at`.
fn reference(field: &ContextField, at: Span) -> TokenStream {
    let member = &field.member;
    match &field.binding {
        Some(binding) => {
            let mut binding = binding.clone();
            binding.set_span(at);
            quote_spanned!(at=> #binding)
        }
        None => quote_spanned!(at=> &self.#member),
    }
}

/// ```text
/// if let Some(value) = OptionalField::new(&self.email).get() { out.hashed("email", context_hash(value)); }
/// ```
fn record_formatted(
    field: &ContextField,
    paths: &CratePaths,
    method: &str,
    checked: &str,
) -> TokenStream {
    let (mixed_site, at) = (Span::mixed_site(), error_span(field));
    let out = Ident::new("__out", mixed_site);
    let (name, value, private) = (&field.name, value(field, paths), paths.private_at(at));
    let (method, checked) = (Ident::new(method, mixed_site), Ident::new(checked, at));
    let checked = quote_spanned!(at=> #private::#checked(__value));
    let given = quote_spanned!(at=> #private::OptionalField::new(#value).get());
    let private = paths.private();
    quote_spanned! {mixed_site=>
        if let #private::Some(__value) = #given { #out.#method(#name, #checked); }
    }
}

/// Generates the callsite of the scope's span. It is in the user's crate, so that the user's filters apply to it.
///
/// ```text
/// fn scope_callsite(&self) -> &'static ScopeCallsite { static CALLSITE: ScopeCallsite = ScopeCallsite::new(..); &CALLSITE }
/// ```
fn scope_callsite(name: &Ident, paths: &CratePaths) -> TokenStream {
    let mixed_site = Span::mixed_site();
    let text = name.unraw().to_string();
    let private = paths.private();
    // `line!` expands to the line of its own tokens.
    let private_at_name = paths.private_at(name.span());
    let line = quote_spanned!(name.span()=> #private_at_name::line!());
    quote_spanned! {mixed_site=>
        fn scope_callsite(&self) -> &'static #private::ScopeCallsite {
            static CALLSITE: #private::ScopeCallsite = #private::ScopeCallsite::new(
                &CALLSITE, #text, #private::module_path!(), #private::file!(), #line,
            );
            &CALLSITE
        }
    }
}
