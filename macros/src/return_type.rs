//! Detection of futures and streams by the tokens of a return type. Type aliases and generic types are not resolved.

use syn::spanned::Spanned;
use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{
    GenericArgument, Ident, PathArguments, PathSegment, ReturnType, Token, Type, TypeInfer,
    TypeParamBound,
};

/// The traits of values that do their work after they are returned.
const FUTURES: &[&str] = &["Future", "IntoFuture", "TryFuture", "FusedFuture"];
const STREAMS: &[&str] = &["Stream", "TryStream", "FusedStream"];
/// The usual aliases for such values in a pinned box.
const BOXED_FUTURES: &[&str] = &["BoxFuture", "LocalBoxFuture"];
const BOXED_STREAMS: &[&str] = &["BoxStream", "LocalBoxStream"];

/// A return type whose value does its work after the function returns: a future or a stream.
pub(crate) struct Deferred {
    pub(crate) kind: DeferredKind,
    pub(crate) holder: Holder,
    /// The output of the future or the item of the stream, if the type names it.
    pub(crate) output: Option<Type>,
    /// The type of the future or stream, without the `Result` or `Option` that contains it.
    pub(crate) inner: Type,
    pub(crate) wrapper: Option<Wrapper>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum DeferredKind {
    Future,
    Stream,
}

/// The type that contains the future or stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Holder {
    /// `impl Future`
    Opaque,
    /// `Pin<Box<..>>`
    Pinned,
    /// `Box<..>`
    Boxed,
}

/// The type that contains an optional future or stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wrapper {
    Result,
    Option,
}

/// Detects a return type that names a future or a stream.
pub(crate) fn deferred(output: &ReturnType) -> Option<Deferred> {
    let ReturnType::Type(_, returned) = output else {
        return None;
    };
    let returned = plain(returned);
    if let Some(found) = held(returned, None) {
        return Some(found);
    }
    let last = last_segment(returned)?;
    let wrapper = match last.ident.to_string().as_str() {
        "Result" => Wrapper::Result,
        "Option" => Wrapper::Option,
        _ => return None,
    };
    held(plain(first_type(last)?), Some(wrapper))
}

/// Treats a named type, such as `Self::Future`, as an alias of a boxed future.
///
/// For functions whose body ends with `Box::pin(async ..)`, and whose return type alone does not show the future.
pub(crate) fn alias(output: &ReturnType) -> Option<Deferred> {
    let ReturnType::Type(_, returned) = output else {
        return None;
    };
    let inner = plain(returned);
    let is_name = matches!(inner, Type::Path(_));
    is_name.then(|| Deferred {
        kind: DeferredKind::Future,
        holder: Holder::Pinned,
        output: None,
        inner: inner.clone(),
        wrapper: None,
    })
}

/// Removes parentheses and invisible groups that enclose a type.
fn plain(of: &Type) -> &Type {
    match of {
        Type::Paren(inner) => plain(&inner.elem),
        Type::Group(inner) => plain(&inner.elem),
        other => other,
    }
}

fn held(of: &Type, wrapper: Option<Wrapper>) -> Option<Deferred> {
    let found = |holder, (kind, output)| Deferred {
        kind,
        holder,
        output,
        inner: of.clone(),
        wrapper,
    };
    if let Type::ImplTrait(opaque) = of {
        return bounds(&opaque.bounds).map(|seen| found(Holder::Opaque, seen));
    }
    let last = last_segment(of)?;
    if let Some(seen) = named(last) {
        return Some(found(Holder::Pinned, seen));
    }
    let inside = plain(first_type(last)?);
    if last.ident == "Box" {
        return content(inside).map(|seen| found(Holder::Boxed, seen));
    }
    let boxed = last_segment(inside).filter(|boxed| last.ident == "Pin" && boxed.ident == "Box")?;
    content(plain(first_type(boxed)?)).map(|seen| found(Holder::Pinned, seen))
}

/// The kind of a deferred value, and its output or item type if the tokens name it.
type KindAndOutput = (DeferredKind, Option<Type>);

/// `BoxFuture<'a, T>`
fn named(last: &PathSegment) -> Option<KindAndOutput> {
    let is = |names: &[&str]| names.iter().any(|name| last.ident == name);
    let kind = if is(BOXED_FUTURES) {
        DeferredKind::Future
    } else if is(BOXED_STREAMS) {
        DeferredKind::Stream
    } else {
        return None;
    };
    Some((kind, first_type(last).cloned()))
}

/// `dyn Future<Output = T>` or `impl Future<Output = T>`, the content of a box
fn content(inside: &Type) -> Option<KindAndOutput> {
    match inside {
        Type::ImplTrait(opaque) => bounds(&opaque.bounds),
        Type::TraitObject(object) => bounds(&object.bounds),
        _ => None,
    }
}

fn bounds<'a>(bounds: impl IntoIterator<Item = &'a TypeParamBound>) -> Option<KindAndOutput> {
    bounds.into_iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let last = bound.path.segments.last()?;
        let is = |names: &[&str]| names.iter().any(|name| last.ident == name);
        let (kind, given) = if is(FUTURES) {
            (DeferredKind::Future, "Output")
        } else if is(STREAMS) {
            (DeferredKind::Stream, "Item")
        } else {
            return None;
        };
        Some((kind, associated(last, given)))
    })
}

/// Returns the type that a bound assigns to an associated type.
fn associated(last: &PathSegment, name: &str) -> Option<Type> {
    arguments(last).find_map(|argument| match argument {
        GenericArgument::AssocType(given) if given.ident == name => Some(given.ty.clone()),
        _ => None,
    })
}

fn first_type(segment: &PathSegment) -> Option<&Type> {
    arguments(segment).find_map(|argument| match argument {
        GenericArgument::Type(held) => Some(held),
        _ => None,
    })
}

fn arguments(segment: &PathSegment) -> impl Iterator<Item = &GenericArgument> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten()
}

fn last_segment(of: &Type) -> Option<&PathSegment> {
    match of {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Returns the last identifier of a type's path: `Index` for `&Index<T>`.
pub(crate) fn type_name(of: &Type) -> Option<Ident> {
    match plain(of) {
        Type::Reference(reference) => type_name(&reference.elem),
        other => last_segment(other).map(|last| last.ident.clone()),
    }
}

/// Returns `true` if the return type is `!`.
pub(crate) fn never(output: &ReturnType) -> bool {
    matches!(output, ReturnType::Type(_, returned) if matches!(**returned, Type::Never(_)))
}

/// The return type in a form that a closure or a `let` can name: each `impl Trait` is replaced by `_`.
pub(crate) struct Nameable {
    pub(crate) returned: Type,
    /// `true` if the type contained an `impl Trait`.
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

    /// Returns `true` if the whole type is `_`.
    pub(crate) fn is_inferred(&self) -> bool {
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

    fn seen(text: &str) -> Option<Deferred> {
        deferred(&syn::parse_str(text).unwrap())
    }

    /// Formats the detected type as `kind holder wrapper output`.
    fn described(text: &str) -> String {
        let found = seen(text).unwrap();
        let wrapper = found
            .wrapper
            .map_or(String::from("-"), |wrapper| format!("{wrapper:?}"));
        let output = found
            .output
            .map(|given| given.to_token_stream().to_string());
        let (kind, holder) = (found.kind, found.holder);
        format!(
            "{kind:?} {holder:?} {wrapper} {}",
            output.as_deref().unwrap_or("-")
        )
    }

    #[test]
    fn futures_and_streams_are_detected_with_holder_wrapper_and_output() {
        for (text, description) in [
            ("impl Future<Output = u8>", "Future Opaque - u8"),
            (
                "impl Send + ::core::future::Future<Output = ()> + 'static",
                "Future Opaque - ()",
            ),
            ("impl use<'_> + Stream<Item = u8>", "Stream Opaque - u8"),
            (
                "Pin<Box<dyn Future<Output = u8> + Send + '_>>",
                "Future Pinned - u8",
            ),
            (
                "::std::pin::Pin<::std::boxed::Box<dyn Stream<Item = u8>>>",
                "Stream Pinned - u8",
            ),
            ("Box<dyn Stream<Item = u8> + Unpin>", "Stream Boxed - u8"),
            (
                "Result<Pin<Box<dyn Stream<Item = u8>>>, Error>",
                "Stream Pinned Result u8",
            ),
            (
                "anyhow::Result<impl TryStream<Ok = u8>>",
                "Stream Opaque Result -",
            ),
            (
                "futures::future::BoxFuture<'static, u8>",
                "Future Pinned - u8",
            ),
            ("Option<BoxStream<'_, Token>>", "Stream Pinned Option Token"),
            ("(impl Future)", "Future Opaque - -"),
        ] {
            assert_eq!(described(&format!("-> {text}")), description, "{text}");
        }
    }

    #[test]
    fn a_type_that_only_mentions_a_future_is_not_deferred() {
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
            assert!(seen(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_name_of_a_type_is_its_last_identifier() {
        for (text, name) in [
            ("Index", "Index"),
            ("&mut a::b::Index<T>", "Index"),
            ("(u8, u8)", ""),
        ] {
            let found = type_name(&syn::parse_str(text).unwrap());
            assert_eq!(found.map_or(String::new(), |name| name.to_string()), name);
        }
    }

    #[test]
    fn every_impl_trait_is_replaced_by_an_underscore() {
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
                (named.erased, named.is_inferred()),
                (erased, expected == "_")
            );
        }
    }
}
