//! Writes the methods of a `LogContext`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{GenericArgument, Ident, PathArguments, Type};

use super::{Field, Form, Way};
use crate::derive::Names;

/// Both methods, of an item with this name.
pub(super) fn methods(name: &Ident, ways: &[Way], names: &Names) -> TokenStream {
    let (visit, site) = (visit(ways, names), scope_site(name, names));
    quote!(#visit #site)
}

/// What a field's type must be able to do; rustc says of a function's result itself what that cannot do.
pub(super) fn bound(field: &Field, names: &Names) -> Option<(Type, TokenStream)> {
    let site = Span::mixed_site();
    let (root, private) = (names.root(), names.private());
    let (held, word) = match field.form {
        _ if field.with.is_some() => return None,
        Form::Redacted => return None,
        Form::Flattened => {
            return Some((field.held.clone(), quote_spanned!(site=> #root::LogContext)));
        }
        Form::Plain => (&field.held, "ContextField"),
        Form::Metric => (&field.held, "ContextMetric"),
        Form::Hashed => (of_option(&field.held), "ContextHash"),
        Form::Displayed => (of_option(&field.held), "ContextDisplay"),
        Form::Debugged => (of_option(&field.held), "ContextDebug"),
    };
    let word = Ident::new(word, site);
    Some((held.clone(), quote_spanned!(site=> #private::#word)))
}

/// The `T` of an `Option<T>`, and any other type itself.
fn of_option(held: &Type) -> &Type {
    let path = match held {
        Type::Path(path) => path,
        // What a macro has put in is in a group of its own.
        Type::Group(group) => return of_option(&group.elem),
        Type::Paren(paren) => return of_option(&paren.elem),
        _ => return held,
    };
    let last = path.path.segments.last();
    let last = last.filter(|last| last.ident == "Option");
    match last.map(|last| &last.arguments) {
        Some(PathArguments::AngleBracketed(arguments)) => match arguments.args.first() {
            Some(GenericArgument::Type(inner)) => inner,
            _ => held,
        },
        _ => held,
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
fn visit(ways: &[Way], names: &Names) -> TokenStream {
    let site = Span::mixed_site();
    let says_nothing = ways.iter().all(|way| way.fields.is_empty());
    let out = Ident::new(if says_nothing { "_out" } else { "__out" }, site);
    let arms = ways
        .iter()
        .filter(|way| !way.fields.is_empty())
        .map(|way| arm(way, names));
    let arms: Vec<TokenStream> = arms.collect();
    let body = match ways {
        _ if says_nothing => TokenStream::new(),
        [Way { variant: None, .. }] => quote_spanned!(site=> #(#arms)*),
        _ => {
            let rest = (arms.len() < ways.len()).then(|| quote_spanned!(site=> _ => {}));
            quote_spanned!(site=> match self { #(#arms)* #rest })
        }
    };
    let root = names.root();
    quote_spanned! {site=>
        fn visit(&self, #out: &mut #root::scope::ContextVisitor<'_>) { #body }
    }
}

/// ```text
/// Self::User { id: field0, .. } => { out.field("id", context_field(field0)); }
/// ```
fn arm(way: &Way, names: &Names) -> TokenStream {
    let site = Span::mixed_site();
    let told = way.fields.iter().map(|field| told(field, names));
    let Some(variant) = &way.variant else {
        return quote_spanned!(site=> #(#told)*);
    };
    let looked_at = way
        .fields
        .iter()
        .filter(|field| field.form != Form::Redacted);
    let bound = looked_at.map(|Field { member, bound, .. }| quote_spanned!(site=> #member: #bound));
    quote_spanned!(site=> #variant { #(#bound,)* .. } => { #(#told)* })
}

fn told(field: &Field, names: &Names) -> TokenStream {
    let site = Span::mixed_site();
    let out = Ident::new("__out", site);
    let name = &field.name;
    if field.form == Form::Redacted {
        return quote_spanned!(site=> #out.redacted(#name););
    }
    let at = at(field);
    let private = names.private_at(at);
    let value = value(field, names);
    match field.form {
        Form::Flattened => {
            let value = quote_spanned!(at=> #private::context(#value));
            quote_spanned!(site=> #out.nested(#value);)
        }
        Form::Metric => {
            let value = quote_spanned!(at=> #private::context_metric(#value));
            quote_spanned!(site=> #out.number(#name, #value);)
        }
        Form::Hashed => printed(field, names, "hashed", "context_hash"),
        Form::Displayed => printed(field, names, "display", "context_display"),
        Form::Debugged => printed(field, names, "debug", "context_debug"),
        Form::Plain | Form::Redacted => {
            let value = quote_spanned!(at=> #private::context_field(#value));
            quote_spanned!(site=> #out.field(#name, #value);)
        }
    }
}

/// Where the compiler complains of a value's type.
fn at(field: &Field) -> Span {
    let site = Span::mixed_site();
    let with = field.with.as_ref().map(Spanned::span);
    site.located_at(with.unwrap_or_else(|| field.held.span()))
}

/// ```text
/// &with(&self.user, |user| user.id)
/// ```
fn value(field: &Field, names: &Names) -> TokenStream {
    let at = at(field);
    let place = place(field, at);
    let Some(with) = &field.with else {
        return place;
    };
    let private = names.private_at(at);
    quote_spanned!(at=> &#private::with(#place, #with))
}

/// A reference to the field, by tokens that stand where the compiler shall complain of it.
fn place(field: &Field, at: Span) -> TokenStream {
    let member = &field.member;
    match &field.bound {
        Some(bound) => {
            let mut bound = bound.clone();
            bound.set_span(at);
            quote_spanned!(at=> #bound)
        }
        None => quote_spanned!(at=> &self.#member),
    }
}

/// ```text
/// if let Some(value) = OptionalField::new(&self.email).get() { out.hashed("email", context_hash(value)); }
/// ```
fn printed(field: &Field, names: &Names, method: &str, checked: &str) -> TokenStream {
    let (site, at) = (Span::mixed_site(), at(field));
    let out = Ident::new("__out", site);
    let (name, value, private) = (&field.name, value(field, names), names.private_at(at));
    let (method, checked) = (Ident::new(method, site), Ident::new(checked, at));
    let checked = quote_spanned!(at=> #private::#checked(__value));
    let ours = names.private();
    let given = quote_spanned!(at=> #private::OptionalField::new(#value).get());
    quote_spanned! {site=>
        if let #ours::Some(__value) = #given { #out.#method(#name, #checked); }
    }
}

/// The callsite of the scope's span stands in the user's crate, where the user's filters expect it.
///
/// ```text
/// fn scope_callsite(&self) -> &'static ScopeCallsite { static CALLSITE: ScopeCallsite = ScopeCallsite::new(..); &CALLSITE }
/// ```
fn scope_site(name: &Ident, names: &Names) -> TokenStream {
    let site = Span::mixed_site();
    let text = name.unraw().to_string();
    let private = names.private();
    // `line!` tells where its own tokens stand.
    let here = names.private_at(name.span());
    let line = quote_spanned!(name.span()=> #here::line!());
    quote_spanned! {site=>
        fn scope_callsite(&self) -> &'static #private::ScopeCallsite {
            static CALLSITE: #private::ScopeCallsite = #private::ScopeCallsite::new(
                &CALLSITE, #text, #private::module_path!(), #private::file!(), #line,
            );
            &CALLSITE
        }
    }
}
