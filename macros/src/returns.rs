//! What can be told from the text of a return type, which is little: only what its shape forces.

use syn::spanned::Spanned;
use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{
    GenericArgument, Ident, PathArguments, PathSegment, ReturnType, Token, Type, TypeInfer,
    TypeParamBound,
};

/// Traits whose values have done nothing yet when they are returned.
const FUTURES: &[&str] = &["Future", "IntoFuture", "TryFuture", "FusedFuture"];
const STREAMS: &[&str] = &["Stream", "TryStream", "FusedStream"];
/// The usual names of such values in a pinned box.
const BOXED_FUTURES: &[&str] = &["BoxFuture", "LocalBoxFuture"];
const BOXED_STREAMS: &[&str] = &["BoxStream", "LocalBoxStream"];

/// A return type that shows that the work comes after the return.
pub(crate) struct Deferred {
    pub(crate) later: Later,
    pub(crate) holder: Holder,
    /// What a future gives, or an item of a stream, where the text says it.
    pub(crate) output: Option<Type>,
    /// The type without what may be around it.
    pub(crate) inner: Type,
    pub(crate) around: Option<Around>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Later {
    Future,
    Stream,
}

/// What holds the future or stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Holder {
    /// `impl Future`
    Opaque,
    /// `Pin<Box<..>>`
    Pinned,
    /// `Box<..>`
    Boxed,
}

/// What may be there instead of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Around {
    Result,
    Option,
}

/// Where a return type shows that the work comes after the return: a future, a stream.
pub(crate) fn deferred(output: &ReturnType) -> Option<Deferred> {
    let ReturnType::Type(_, returned) = output else {
        return None;
    };
    let returned = plain(returned);
    if let Some(found) = held(returned, None) {
        return Some(found);
    }
    let last = last_segment(returned)?;
    let around = match last.ident.to_string().as_str() {
        "Result" => Around::Result,
        "Option" => Around::Option,
        _ => return None,
    };
    held(plain(first_type(last)?), Some(around))
}

/// A type whose text does not tell, of a function whose last words make it a boxed future: a name for that, as `Self::Future`.
pub(crate) fn alias(output: &ReturnType) -> Option<Deferred> {
    let ReturnType::Type(_, returned) = output else {
        return None;
    };
    let inner = plain(returned);
    let is_name = matches!(inner, Type::Path(_));
    is_name.then(|| Deferred {
        later: Later::Future,
        holder: Holder::Pinned,
        output: None,
        inner: inner.clone(),
        around: None,
    })
}

/// A type without the parentheses and the invisible groups around it.
fn plain(of: &Type) -> &Type {
    match of {
        Type::Paren(inner) => plain(&inner.elem),
        Type::Group(inner) => plain(&inner.elem),
        other => other,
    }
}

fn held(of: &Type, around: Option<Around>) -> Option<Deferred> {
    let found = |holder, (later, output)| Deferred {
        later,
        holder,
        output,
        inner: of.clone(),
        around,
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

/// What is seen of a future or a stream: which of them, and what it gives.
type Seen = (Later, Option<Type>);

/// `BoxFuture<'a, T>`
fn named(last: &PathSegment) -> Option<Seen> {
    let is = |names: &[&str]| names.iter().any(|name| last.ident == name);
    let later = if is(BOXED_FUTURES) {
        Later::Future
    } else if is(BOXED_STREAMS) {
        Later::Stream
    } else {
        return None;
    };
    Some((later, first_type(last).cloned()))
}

/// `dyn Future<Output = T>` or `impl Future<Output = T>` in a box.
fn content(inside: &Type) -> Option<Seen> {
    match inside {
        Type::ImplTrait(opaque) => bounds(&opaque.bounds),
        Type::TraitObject(object) => bounds(&object.bounds),
        _ => None,
    }
}

fn bounds<'a>(bounds: impl IntoIterator<Item = &'a TypeParamBound>) -> Option<Seen> {
    bounds.into_iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let last = bound.path.segments.last()?;
        let is = |names: &[&str]| names.iter().any(|name| last.ident == name);
        let (later, given) = if is(FUTURES) {
            (Later::Future, "Output")
        } else if is(STREAMS) {
            (Later::Stream, "Item")
        } else {
            return None;
        };
        Some((later, associated(last, given)))
    })
}

/// The type that a bound gives an associated type.
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

/// The name of a type, as far as it has one: of `&Index<T>` it is `Index`.
pub(crate) fn type_name(of: &Type) -> Option<Ident> {
    match plain(of) {
        Type::Reference(reference) => type_name(&reference.elem),
        other => last_segment(other).map(|last| last.ident.clone()),
    }
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

    fn seen(text: &str) -> Option<Deferred> {
        deferred(&syn::parse_str(text).unwrap())
    }

    /// As `later, holder, around, output`.
    fn described(text: &str) -> String {
        let found = seen(text).unwrap();
        let around = found
            .around
            .map_or(String::from("-"), |around| format!("{around:?}"));
        let output = found
            .output
            .map(|given| given.to_token_stream().to_string());
        let (later, holder) = (found.later, found.holder);
        format!(
            "{later:?} {holder:?} {around} {}",
            output.as_deref().unwrap_or("-")
        )
    }

    #[test]
    fn futures_and_streams_are_seen_with_what_holds_them_and_what_they_give() {
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
            assert!(seen(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_type_is_called_by_its_last_word() {
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
