//! What the derives share: from the item to an `impl`, also where something is wrong with it.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, DeriveInput, Ident, Meta, Path, Token, Type, parse_quote_spanned, visit};

use crate::errors::Errors;
use crate::list::list;
use crate::place::Place;
use crate::root::{root, root_at};
use crate::values::path_to_us;

/// The body of an `impl`, and what the field types must be able to do for it.
#[derive(Default)]
pub(crate) struct Body {
    pub(crate) items: TokenStream,
    pub(crate) bounds: Vec<(Type, TokenStream)>,
}

/// Where the crate is found, as `crate = ..` before the item says.
#[derive(Default)]
pub(crate) struct Names {
    krate: Option<Path>,
}

impl Names {
    /// The crate.
    pub(crate) fn root(&self) -> TokenStream {
        root(self.krate.as_ref())
    }

    /// What an expansion may name of it.
    pub(crate) fn private(&self) -> TokenStream {
        let root = self.root();
        quote_spanned!(Span::mixed_site()=> #root::__private)
    }

    /// The crate, named by tokens that stand at a place.
    pub(crate) fn at(&self, span: Span) -> TokenStream {
        root_at(self.krate.as_ref(), span)
    }

    /// What an expansion may name of it, by tokens that stand at a place.
    pub(crate) fn private_at(&self, span: Span) -> TokenStream {
        let root = self.at(span);
        quote_spanned!(span=> #root::__private)
    }

    /// Reads what stands before the item: `crate = ..`, and what `other` takes.
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
            let path = path_to_us(&Place { key, input })?;
            if self.krate.replace(path).is_some() {
                errors.at(key.span(), "`crate` stands twice: keep one");
            }
            Ok(())
        });
    }
}

/// Derives an implementation of a trait of ours; after an error, one that does nothing, so that the uses of the type
/// do not fail too.
pub(crate) fn derive(
    item: TokenStream,
    implemented: &str,
    work: impl FnOnce(&DeriveInput, &mut Names, &mut Errors) -> Option<Body>,
    fallback: impl FnOnce(&DeriveInput, &Names) -> TokenStream,
) -> TokenStream {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut names = Names::default();
    let body = Errors::collect(|errors| work(&input, &mut names, errors));
    let implemented = Ident::new(implemented, Span::mixed_site());
    let root = names.root();
    let implemented = quote_spanned!(Span::mixed_site()=> #root::#implemented);
    match body {
        Ok(body) => implementation(&input, &implemented, &body),
        Err(reported) => {
            let items = fallback(&input, &names);
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

/// Only a type that names a parameter needs one: what others can do, rustc says at the field. For one that names the item
/// itself it would not end.
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
