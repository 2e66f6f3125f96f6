//! The parameters of the annotated function: their names, and statements that move them into the body.
//!
//! The body runs in a closure or an `async` block, which captures only the variables that it mentions. Other arguments
//! would be dropped in a different order and at a different time than without the attribute. To prevent that, the body
//! starts with statements that move in each argument whose type may need dropping, in order.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::visit::{Visit, visit_pat};
use syn::visit_mut::{VisitMut, visit_pat_mut};
use syn::{
    Attribute, FnArg, Ident, Pat, PatIdent, PatType, Receiver, ReceiverKind, Signature, Type,
};

use crate::model::FieldKind;

/// The names of types that are known not to need dropping.
const PLAIN: &[&str] = &[
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
    "i128", "isize", "f32", "f64",
];

/// The names of further types that `tracing` records as primitive values.
const RECORDED: &[&str] = &[
    "String",
    "NonZeroU8",
    "NonZeroI8",
    "NonZeroU16",
    "NonZeroI16",
    "NonZeroU32",
    "NonZeroI32",
    "NonZeroU64",
    "NonZeroI64",
    "NonZeroU128",
    "NonZeroI128",
    "NonZeroUsize",
    "NonZeroIsize",
    "Wrapping",
];

/// The attributes of a parameter that have the same meaning on a `let`.
const ON_LET: &[&str] = &["cfg", "allow", "expect", "warn", "deny", "forbid"];

/// A name that a parameter binds, and the way `tracing::instrument` would record it.
pub(crate) struct Binding {
    pub(crate) name: Ident,
    pub(crate) kind: FieldKind,
}

/// Returns all names that the parameters bind, in order.
pub(crate) fn bindings(signature: &Signature) -> Vec<Binding> {
    signature.inputs.iter().flat_map(bindings_of).collect()
}

fn bindings_of(argument: &FnArg) -> Vec<Binding> {
    match argument {
        FnArg::Receiver(receiver) => vec![Binding {
            name: Ident::new("self", receiver.self_token.span),
            kind: FieldKind::Debug,
        }],
        FnArg::Typed(argument) => {
            let is_name = matches!(&*argument.pat, Pat::Ident(_) | Pat::Reference(_));
            let kind = if is_name {
                recorded(&argument.ty)
            } else {
                FieldKind::Debug
            };
            let bind = |name| Binding { name, kind };
            names(&argument.pat).into_iter().map(bind).collect()
        }
    }
}

/// Returns the `#[cfg(..)]` attributes.
fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    let is_condition = |attribute: &&Attribute| attribute.path().is_ident("cfg");
    attributes.iter().filter(is_condition).cloned().collect()
}

fn recorded(of: &Type) -> FieldKind {
    let known = |word: &Ident| {
        PLAIN
            .iter()
            .chain(RECORDED)
            .any(|known| word == known && word != "char")
    };
    match of {
        Type::Reference(reference) => recorded(&reference.elem),
        Type::Path(path)
            if path
                .path
                .segments
                .last()
                .is_some_and(|last| known(&last.ident)) =>
        {
            FieldKind::Value
        }
        _ => FieldKind::Debug,
    }
}

/// Returns the names that a pattern binds.
fn names(pattern: &Pat) -> Vec<Ident> {
    struct Names(Vec<Ident>);
    impl<'a> Visit<'a> for Names {
        fn visit_pat(&mut self, pattern: &'a Pat) {
            if let Pat::Ident(binding) = pattern {
                self.0.push(binding.ident.clone());
            }
            visit_pat(self, pattern);
        }
    }
    let mut found = Names(Vec::new());
    found.visit_pat(pattern);
    found.0
}

/// Returns the statements that move the arguments into the body, and changes the signature to match.
///
/// ```text
/// fn f(mut hits: Hits, (a, _): (A, B), n: u8)    becomes    fn f(hits: Hits, __arg1: (A, B), n: u8)
///     and    let mut hits = hits; let __arg1 = __arg1; let (a, _) = __arg1;
/// ```
///
/// Skips an argument that `consumed` mentions, because it may have been moved out before the body starts.
pub(crate) fn take(
    signature: &mut Signature,
    recorded: &[TokenStream],
    consumed: &[TokenStream],
) -> TokenStream {
    let taken = signature.inputs.iter_mut().enumerate();
    taken
        .map(|(index, argument)| match argument {
            FnArg::Receiver(receiver) => take_self(receiver),
            FnArg::Typed(argument) if mentions(consumed, &names(&argument.pat)) => {
                TokenStream::new()
            }
            FnArg::Typed(argument) => take_typed(argument, index, recorded),
        })
        .collect()
}

fn take_self(receiver: &Receiver) -> TokenStream {
    let stays = match &receiver.kind {
        ReceiverKind::Reference(..) => true,
        ReceiverKind::Typed(_, of) => is_plain(of),
        _ => false,
    };
    if stays {
        return TokenStream::new();
    }
    let this = &receiver.self_token;
    quote_spanned!(Span::mixed_site()=> let _ = &#this;)
}

fn take_typed(argument: &mut PatType, index: usize, recorded: &[TokenStream]) -> TokenStream {
    if let Pat::Ident(binding) = &mut *argument.pat
        && binding.by_ref.is_none()
        && binding.subpat.is_none()
    {
        let stays = binding.mutability.is_none() && is_plain(&argument.ty);
        return if stays {
            TokenStream::new()
        } else {
            let let_attributes = split_attributes(&mut argument.attrs);
            take_name(&let_attributes, binding, recorded)
        };
    }
    let names = names(&argument.pat);
    if binds_everything(&argument.pat) || mentions(recorded, &names) {
        let conditions = conditions(&argument.attrs);
        return take_names(&conditions, &mut argument.pat, recorded);
    }
    take_whole(argument, index)
}

/// `let mut hits = hits;`. A recorded argument counts as used.
fn take_name(
    attributes: &[Attribute],
    binding: &mut PatIdent,
    recorded: &[TokenStream],
) -> TokenStream {
    let mixed_site = Span::mixed_site();
    let mutability = binding.mutability.take();
    let name = &binding.ident;
    let used = mentions(recorded, std::slice::from_ref(name))
        .then(|| quote_spanned!(mixed_site=> #[allow(unused_variables)]));
    // The added `let` must not count as a use of a name with an underscore.
    let unused = name.to_string().starts_with('_');
    let unused =
        unused.then(|| quote_spanned!(mixed_site=> #[allow(clippy::used_underscore_binding)]));
    quote_spanned!(mixed_site=> #(#attributes)* #used #unused let #mutability #name = #name;)
}

/// Like [`take_name`], for each name in a pattern.
fn take_names(
    attributes: &[Attribute],
    pattern: &mut Pat,
    recorded: &[TokenStream],
) -> TokenStream {
    struct Take<'a>(&'a [Attribute], &'a [TokenStream], TokenStream);
    impl VisitMut for Take<'_> {
        fn visit_pat_mut(&mut self, pattern: &mut Pat) {
            if let Pat::Ident(binding) = pattern
                && binding.by_ref.is_none()
            {
                self.2.extend(take_name(self.0, binding, self.1));
            }
            visit_pat_mut(self, pattern);
        }
    }
    let mut take = Take(attributes, recorded, TokenStream::new());
    take.visit_pat_mut(pattern);
    take.2
}

/// `let __arg1 = __arg1; let (a, _) = __arg1;`
fn take_whole(argument: &mut PatType, index: usize) -> TokenStream {
    let mixed_site = Span::mixed_site();
    let whole = format_ident!("__arg{index}", span = mixed_site);
    let renamed: Pat = syn::parse_quote!(#whole);
    let pattern = std::mem::replace(&mut *argument.pat, renamed);
    let attributes = split_attributes(&mut argument.attrs);
    let conditions = conditions(&attributes);
    let bind = match &pattern {
        Pat::Wild(_) => TokenStream::new(),
        pattern => quote_spanned!(mixed_site=> #(#attributes)* let #pattern = #whole;),
    };
    let mutability = borrows_mutably(&pattern).then(|| quote_spanned!(mixed_site=> mut));
    quote_spanned!(mixed_site=> #(#conditions)* let #mutability #whole = #whole; #bind)
}

/// Returns `true` if the pattern contains `ref mut`.
fn borrows_mutably(pattern: &Pat) -> bool {
    struct Search(bool);
    impl<'a> Visit<'a> for Search {
        fn visit_pat(&mut self, pattern: &'a Pat) {
            if let Pat::Ident(binding) = pattern {
                self.0 |= binding.by_ref.is_some() && binding.mutability.is_some();
            }
            visit_pat(self, pattern);
        }
    }
    let mut search = Search(false);
    search.visit_pat(pattern);
    search.0
}

/// Returns the attributes for the `let`. Removes `#[expect(..)]` from the parameter, which is used now.
fn split_attributes(attributes: &mut Vec<Attribute>) -> Vec<Attribute> {
    let on_let = |attribute: &&Attribute| {
        let path = attribute.path();
        ON_LET.iter().any(|name| path.is_ident(name))
    };
    let moved = attributes.iter().filter(on_let).cloned().collect();
    attributes.retain(|attribute| !attribute.path().is_ident("expect"));
    moved
}

/// Returns `true` if the pattern binds every part of the value by move.
fn binds_everything(pattern: &Pat) -> bool {
    match pattern {
        Pat::Ident(binding) => binding.by_ref.is_none() && binding.subpat.is_none(),
        Pat::Tuple(tuple) => tuple.elems.iter().all(binds_everything),
        Pat::TupleStruct(tuple) => tuple.elems.iter().all(binds_everything),
        Pat::Struct(fields) => {
            fields.rest.is_none()
                && fields
                    .fields
                    .iter()
                    .all(|field| binds_everything(&field.pat))
        }
        Pat::Paren(inner) => binds_everything(&inner.pat),
        Pat::Type(inner) => binds_everything(&inner.pat),
        _ => false,
    }
}

/// Returns `true` if the type's tokens show that it does not need dropping.
fn is_plain(of: &Type) -> bool {
    match of {
        Type::Reference(_) | Type::Ptr(_) | Type::FnPtr(_) | Type::Never(_) => true,
        Type::Group(inner) => is_plain(&inner.elem),
        Type::Paren(inner) => is_plain(&inner.elem),
        Type::Array(array) => is_plain(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().all(is_plain),
        Type::Path(path) => path
            .path
            .get_ident()
            .is_some_and(|word| PLAIN.iter().any(|plain| word == plain)),
        _ => false,
    }
}

/// Returns `true` if the tokens contain one of the names.
fn mentions(tokens: &[TokenStream], names: &[Ident]) -> bool {
    fn has(tokens: TokenStream, names: &[Ident]) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(word) => names.contains(&word),
            TokenTree::Group(group) => has(group.stream(), names),
            _ => false,
        })
    }
    tokens
        .iter()
        .any(|tokens| has(tokens.to_token_stream(), names))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn check(signature: &str, recorded: &str, changed: &str, taken: &str) {
        let mut read: Signature = syn::parse_str(signature).unwrap();
        let recorded = [recorded.parse().unwrap()];
        let tokens = take(&mut read, &recorded, &[]);
        let flat = |tokens: TokenStream| tokens.to_string().replace([' ', '\n'], "");
        assert_eq!(flat(quote!(#read)), changed.replace(' ', ""), "{signature}");
        assert_eq!(flat(tokens), taken.replace(' ', ""), "{signature}");
    }

    #[test]
    fn arguments_without_drop_are_not_moved() {
        for signature in [
            "fn f(&self, query: &str, top_k: usize)",
            "fn f(&mut self, pair: (u8, &T), list: [f64; 3], p: *const u8)",
            "fn f(f: fn(u8) -> u8)",
        ] {
            check(signature, "", signature, "");
        }
    }

    #[test]
    fn arguments_that_may_need_drop_are_moved_in_order() {
        check(
            "fn f(a: A, b: u8, c: C)",
            "",
            "fn f(a: A, b: u8, c: C)",
            "let a = a; let c = c;",
        );
        check(
            "fn f(self, a: &A)",
            "",
            "fn f(self, a: &A)",
            "let _ = &self;",
        );
    }

    #[test]
    fn mutable_bindings_are_declared_in_the_body() {
        check("fn f(mut n: u8)", "", "fn f(n: u8)", "let mut n = n;");
        check(
            "fn f((mut a, b): P)",
            "",
            "fn f((a, b): P)",
            "let mut a = a; let b = b;",
        );
    }

    #[test]
    fn an_argument_whose_pattern_ignores_parts_is_moved_as_a_whole() {
        check(
            "fn f((a, _): P, _: G)",
            "",
            "fn f(__arg0: P, __arg1: G)",
            "let __arg0 = __arg0; let (a, _) = __arg0; let __arg1 = __arg1;",
        );
        check(
            "fn f((a, _): P)",
            "a.len()",
            "fn f((a, _): P)",
            "#[allow(unused_variables)] let a = a;",
        );
    }

    #[test]
    fn an_argument_borrowed_by_ref_mut_is_moved_into_a_mutable_binding() {
        check(
            "fn f(ref a: A, ref mut b: B)",
            "",
            "fn f(__arg0: A, __arg1: B)",
            "let __arg0 = __arg0; let ref a = __arg0; let mut __arg1 = __arg1; let ref mut b = __arg1;",
        );
    }

    #[test]
    fn attributes_move_to_the_let_with_the_name() {
        check(
            "fn f(#[cfg(x)] a: A, #[expect(unused)] b: B, #[case] c: C)",
            "",
            "fn f(#[cfg(x)] a: A, b: B, #[case] c: C)",
            "#[cfg(x)] let a = a; #[expect(unused)] let b = b; let c = c;",
        );
    }
}
