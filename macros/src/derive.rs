//! What the derives share: from the item to an `impl`, also where something is wrong with it.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, DeriveInput, Meta, Path, Type, parse_quote_spanned, visit};

use crate::errors::Errors;
use crate::list::list;

/// The body of an `impl`, and what the field types must be able to do for it.
#[derive(Default)]
pub(crate) struct Body {
    pub(crate) items: TokenStream,
    pub(crate) bounds: Vec<(Type, TokenStream)>,
}

/// Derives an implementation; after an error, one that does nothing, so that the uses of the type
/// do not fail too.
pub(crate) fn derive(
    item: TokenStream,
    implemented: &TokenStream,
    work: impl FnOnce(&DeriveInput, &mut Errors) -> Option<Body>,
    fallback: impl FnOnce(&DeriveInput) -> TokenStream,
) -> TokenStream {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    match Errors::collect(|errors| work(&input, errors)) {
        Ok(body) => implementation(&input, implemented, &body),
        Err(reported) => {
            let items = fallback(&input);
            let body = Body {
                items,
                ..Body::default()
            };
            let implementation = implementation(&input, implemented, &body);
            let errors = reported.into_tokens();
            quote!(#errors #implementation)
        }
    }
}

/// ```text
/// impl<T> ::ragspan::LogContext for Context<T> where T: Field { .. }
/// ```
fn implementation(input: &DeriveInput, implemented: &TokenStream, body: &Body) -> TokenStream {
    let mut generics = input.generics.clone();
    for (held, bound) in body
        .bounds
        .iter()
        .filter(|(held, _)| mentions_parameter(input, held))
    {
        let predicate = parse_quote_spanned!(Span::mixed_site()=> #held: #bound);
        generics.make_where_clause().predicates.push(predicate);
    }
    let (parameters, arguments, conditions) = generics.split_for_impl();
    let (name, items) = (&input.ident, &body.items);
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #parameters #implemented for #name #arguments #conditions { #items }
    }
}

/// Only such types need a bound: what others can do, rustc says at the field.
fn mentions_parameter(input: &DeriveInput, held: &Type) -> bool {
    struct Search<'a>(&'a DeriveInput, bool);
    impl<'a> visit::Visit<'a> for Search<'_> {
        fn visit_path(&mut self, path: &'a Path) {
            let first = path.segments.first().map(|first| &first.ident);
            self.1 |= self
                .0
                .generics
                .type_params()
                .any(|parameter| Some(&parameter.ident) == first);
            visit::visit_path(self, path);
        }
    }
    let mut search = Search(input, false);
    visit::Visit::visit_type(&mut search, held);
    search.1
}

/// Walks what stands in the parentheses of the attributes of one name.
pub(crate) fn inside(
    attributes: &[Attribute],
    name: &str,
    example: &str,
    errors: &mut Errors,
    mut item: impl FnMut(ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) {
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident(name))
    {
        let Meta::List(meta) = &attribute.meta else {
            let message = format!("`{name}` takes parentheses: {example}");
            errors.push(syn::Error::new_spanned(attribute, message));
            continue;
        };
        let walk = |input: ParseStream<'_>| {
            list(input, errors, &mut item);
            Ok(())
        };
        let walked = walk.parse2(meta.tokens.clone());
        errors.catch(walked);
    }
}

/// Refuses attributes where they mean nothing.
pub(crate) fn misplaced(attributes: &[Attribute], name: &str, cure: &str, errors: &mut Errors) {
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident(name))
    {
        errors.push(syn::Error::new_spanned(
            attribute,
            format!("#[{name}(..)] {cure}"),
        ));
    }
}
