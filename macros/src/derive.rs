//! Code shared by the derives: parses the item and generates the `impl`, even if the item has errors.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, DeriveInput, Ident, Meta, Path, Token, Type, parse_quote_spanned, visit};

use crate::arg::Arg;
use crate::crate_path::{crate_path, crate_path_at};
use crate::errors::Errors;
use crate::list::list;
use crate::values::crate_path_value;

/// The body of an `impl`, and the bounds on field types that it needs.
#[derive(Default)]
pub(crate) struct Body {
    pub(crate) items: TokenStream,
    pub(crate) bounds: Vec<(Type, TokenStream)>,
}

/// Paths into `ragspan`, which start with the path from `crate = ..` on the item.
#[derive(Default)]
pub(crate) struct CratePaths {
    krate: Option<Path>,
}

impl CratePaths {
    /// Returns the path to the crate.
    pub(crate) fn root(&self) -> TokenStream {
        crate_path(self.krate.as_ref())
    }

    /// Returns the path to the module `__private`, whose items expansions use.
    pub(crate) fn private(&self) -> TokenStream {
        let root = self.root();
        quote_spanned!(Span::mixed_site()=> #root::__private)
    }

    /// Returns the path to the crate with every token located at `span`.
    pub(crate) fn root_at(&self, span: Span) -> TokenStream {
        crate_path_at(self.krate.as_ref(), span)
    }

    /// Returns the path to `__private` with every token located at `span`.
    pub(crate) fn private_at(&self, span: Span) -> TokenStream {
        let root = self.root_at(span);
        quote_spanned!(span=> #root::__private)
    }

    /// Reads the attributes of the item itself: `crate = ..`, and options that `other` parses.
    pub(crate) fn read(
        &mut self,
        attributes: &[Attribute],
        name: &str,
        example: &str,
        errors: &mut Errors,
        mut other: impl FnMut(ParseStream<'_>, &mut Errors) -> syn::Result<()>,
    ) {
        inside(attributes, name, example, errors, |input, errors| {
            if !input.peek(Token![crate]) {
                return other(input, errors);
            }
            let key = &input.call(Ident::parse_any)?;
            let path = crate_path_value(&Arg { key, input })?;
            if self.krate.replace(path).is_some() {
                errors.at(key.span(), "`crate` is given twice: keep one");
            }
            Ok(())
        });
    }
}

/// Derives an implementation of one of this project's traits.
///
/// After an error it generates the methods of `fallback`, so that uses of the type do not fail, too.
pub(crate) fn derive(
    item: TokenStream,
    implemented: &str,
    work: impl FnOnce(&DeriveInput, &mut CratePaths, &mut Errors) -> Option<Body>,
    fallback: impl FnOnce(&DeriveInput, &CratePaths) -> TokenStream,
) -> TokenStream {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut paths = CratePaths::default();
    let body = Errors::collect(|errors| work(&input, &mut paths, errors));
    let implemented = Ident::new(implemented, Span::mixed_site());
    let root = paths.root();
    let implemented = quote_spanned!(Span::mixed_site()=> #root::#implemented);
    match body {
        Ok(body) => implementation(&input, &implemented, &body),
        Err(reported) => {
            let items = fallback(&input, &paths);
            let body = Body {
                items,
                ..Body::default()
            };
            let implementation = implementation(&input, &implemented, &body);
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
    for (held, bound) in &body.bounds {
        if needs_bound(input, held) {
            let predicate = parse_quote_spanned!(Span::mixed_site()=> #held: #bound);
            generics.make_where_clause().predicates.push(predicate);
        }
    }
    let (parameters, arguments, conditions) = generics.split_for_impl();
    let (name, items) = (&input.ident, &body.items);
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #parameters #implemented for #name #arguments #conditions { #items }
    }
}

/// Returns `true` if the field's type needs a bound in the `where` clause.
///
/// Only a type that mentions a type parameter does; rustc checks all others at the field. A bound on a type that
/// mentions the item itself would be cyclic.
fn needs_bound(input: &DeriveInput, held: &Type) -> bool {
    let parameters: Vec<&Ident> = input.generics.type_params().map(|it| &it.ident).collect();
    let own = [&input.ident];
    names_one_of(held, &parameters) && !names_one_of(held, &own)
}

fn names_one_of(held: &Type, names: &[&Ident]) -> bool {
    struct Search<'a>(&'a [&'a Ident], bool);
    impl<'a> visit::Visit<'a> for Search<'_> {
        fn visit_path(&mut self, path: &'a Path) {
            let first = path.segments.first().map(|first| &first.ident);
            self.1 |= first.is_some_and(|first| self.0.contains(&first));
            visit::visit_path(self, path);
        }
    }
    let mut search = Search(names, false);
    visit::Visit::visit_type(&mut search, held);
    search.1
}

/// Parses the lists in the parentheses of all attributes with one name.
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

/// Rejects attributes in a position where they have no meaning.
pub(crate) fn reject_misplaced(
    attributes: &[Attribute],
    name: &str,
    problem: &str,
    errors: &mut Errors,
) {
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident(name))
    {
        errors.push(syn::Error::new_spanned(
            attribute,
            format!("#[{name}(..)] {problem}"),
        ));
    }
}
