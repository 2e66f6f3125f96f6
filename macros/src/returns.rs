//! What can be told from the text of a return type, which is little: only what its shape forces.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{
    GenericArgument, PathArguments, ReturnType, Token, Type, TypeInfer, TypeParamBound, TypePath,
};

/// Traits whose values have done nothing yet when they are returned.
const DEFERRED_TRAITS: &[&str] = &["Future", "IntoFuture", "Stream", "TryFuture", "TryStream"];
/// The usual names of such values in a box.
const DEFERRED_TYPES: &[&str] = &["BoxFuture", "LocalBoxFuture", "BoxStream", "LocalBoxStream"];
/// Types that hold what they return in their first argument.
const WRAPPERS: &[&str] = &["Pin", "Box", "Result", "Option"];

/// Where a return type shows that the work comes after the return: a future, a stream.
pub(crate) fn deferred(output: &ReturnType) -> Option<Span> {
    match output {
        ReturnType::Default => None,
        ReturnType::Type(_, returned) => deferred_in(returned),
    }
}

fn deferred_in(returned: &Type) -> Option<Span> {
    match returned {
        Type::ImplTrait(opaque) => opaque.bounds.iter().find_map(deferred_bound),
        Type::TraitObject(object) => object.bounds.iter().find_map(deferred_bound),
        Type::Paren(inner) => deferred_in(&inner.elem),
        Type::Group(inner) => deferred_in(&inner.elem),
        Type::Path(path) => deferred_path(path),
        _ => None,
    }
}

fn deferred_bound(bound: &TypeParamBound) -> Option<Span> {
    let TypeParamBound::Trait(bound) = bound else {
        return None;
    };
    let last = bound.path.segments.last()?;
    DEFERRED_TRAITS
        .iter()
        .any(|name| last.ident == name)
        .then(|| last.ident.span())
}

fn deferred_path(path: &TypePath) -> Option<Span> {
    let last = path.path.segments.last()?;
    if DEFERRED_TYPES.iter().any(|name| last.ident == name) {
        return Some(last.ident.span());
    }
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    let held = arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(held) => Some(held),
        _ => None,
    });
    held.filter(|_| WRAPPERS.iter().any(|name| last.ident == name))
        .and_then(deferred_in)
}

/// Whether the function never returns.
pub(crate) fn never(output: &ReturnType) -> bool {
    matches!(output, ReturnType::Type(_, returned) if matches!(**returned, Type::Never(_)))
}

/// The return type as a closure or a `let` may name it: each `impl Trait` in it is `_`.
pub(crate) struct Nameable {
    pub(crate) returned: Type,
    /// Whether anything had to be replaced.
    pub(crate) erased: bool,
}

impl Nameable {
    pub(crate) fn of(returned: &Type) -> Self {
        let mut named = Self {
            returned: returned.clone(),
            erased: false,
        };
        let mut eraser = Eraser(false);
        eraser.visit_type_mut(&mut named.returned);
        named.erased = eraser.0;
        named
    }

    /// Whether nothing is left to say.
    pub(crate) fn says_nothing(&self) -> bool {
        matches!(self.returned, Type::Infer(_))
    }
}

struct Eraser(bool);

impl VisitMut for Eraser {
    fn visit_type_mut(&mut self, node: &mut Type) {
        if let Type::ImplTrait(opaque) = node {
            let underscore_token = Token![_](opaque.span());
            *node = Type::Infer(TypeInfer {
                attrs: Vec::new(),
                underscore_token,
            });
            self.0 = true;
        } else {
            visit_type_mut(self, node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;

    fn is_deferred(text: &str) -> bool {
        deferred(&syn::parse_str(text).unwrap()).is_some()
    }

    #[test]
    fn futures_and_streams_are_seen() {
        for text in [
            "-> impl Future<Output = u8>",
            "-> impl Send + ::core::future::Future<Output = ()> + 'static",
            "-> Pin<Box<dyn Future<Output = u8> + Send + '_>>",
            "-> ::std::pin::Pin<::std::boxed::Box<dyn Stream<Item = u8>>>",
            "-> Result<Pin<Box<dyn Stream<Item = u8>>>, Error>",
            "-> anyhow::Result<impl TryStream<Ok = u8>>",
            "-> futures::future::BoxFuture<'static, u8>",
            "-> Option<BoxStream<'_, Token>>",
            "-> (impl Future)",
        ] {
            assert!(is_deferred(text), "{text}");
        }
    }

    #[test]
    fn what_only_mentions_them_is_not_one() {
        for text in [
            "",
            "-> ()",
            "-> Result<Vec<Chunk>, Error>",
            "-> Vec<BoxFuture<'static, u8>>",
            "-> Result<u8, Box<dyn Error + Send>>",
            "-> impl Fn(u8) -> BoxFuture<'static, u8>",
            "-> impl Iterator<Item = u8>",
            "-> TcpStream",
            "-> <T as Service>::Future",
        ] {
            assert!(!is_deferred(text), "{text}");
        }
    }

    #[test]
    fn every_impl_trait_is_erased() {
        for (text, expected, erased) in [
            ("impl Iterator<Item = u8>", "_", true),
            (
                "Result<(u8, impl Iterator), Box<dyn Error>>",
                "Result < (u8 , _) , Box < dyn Error > >",
                true,
            ),
            ("Vec<u8>", "Vec < u8 >", false),
        ] {
            let named = Nameable::of(&syn::parse_str(text).unwrap());
            assert_eq!(named.returned.to_token_stream().to_string(), expected);
            assert_eq!(
                (named.erased, named.says_nothing()),
                (erased, expected == "_")
            );
        }
    }
}
