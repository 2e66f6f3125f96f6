//! The arguments of the annotated function: their names, and how a body that runs elsewhere takes them with it.
//!
//! A closure or an `async` block owns what it mentions and leaves the rest behind, which would drop arguments in another
//! order and at another time. So the body begins by taking each argument that may have something to drop, in order.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::visit::{Visit, visit_pat};
use syn::visit_mut::{VisitMut, visit_pat_mut};
use syn::{
    Attribute, FnArg, Ident, Pat, PatIdent, PatType, Receiver, ReceiverKind, Signature, Type,
};

use crate::model::How;

/// Types that are known to have nothing to drop, by their last word.
const PLAIN: &[&str] = &[
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
    "i128", "isize", "f32", "f64",
];

/// Other types that `tracing` records as they are.
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

/// Attributes of an argument that mean the same on a `let`.
const ON_LET: &[&str] = &["cfg", "allow", "expect", "warn", "deny", "forbid"];

/// A name that an argument binds, and how `tracing` would record it.
pub(crate) struct Bound {
    pub(crate) name: Ident,
    pub(crate) how: How,
}

/// Every name that the arguments bind, in order.
pub(crate) fn bound(signature: &Signature) -> Vec<Bound> {
    signature.inputs.iter().flat_map(bound_by).collect()
}

fn bound_by(argument: &FnArg) -> Vec<Bound> {
    match argument {
        FnArg::Receiver(receiver) => vec![Bound {
            name: Ident::new("self", receiver.self_token.span),
            how: How::Debug,
        }],
        FnArg::Typed(argument) => {
            let is_name = matches!(&*argument.pat, Pat::Ident(_) | Pat::Reference(_));
            let how = if is_name {
                recorded(&argument.ty)
            } else {
                How::Debug
            };
            let bind = |name| Bound { name, how };
            names(&argument.pat).into_iter().map(bind).collect()
        }
    }
}

/// The conditions under which an argument is there at all.
fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    let is_condition = |attribute: &&Attribute| attribute.path().is_ident("cfg");
    attributes.iter().filter(is_condition).cloned().collect()
}

fn recorded(of: &Type) -> How {
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
            How::Value
        }
        _ => How::Debug,
    }
}

/// The names that a pattern binds.
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

/// Gives the statements with which the body takes its arguments, and changes the signature to match.
///
/// ```text
/// fn f(mut hits: Hits, (a, _): (A, B), n: u8)    becomes    fn f(hits: Hits, __arg1: (A, B), n: u8)
///     and    let mut hits = hits; let __arg1 = __arg1; let (a, _) = __arg1;
/// ```
///
/// An argument that `consumed` mentions may be gone by then, and is left alone.
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
    if leaves_nothing(&argument.pat) || mentions(recorded, &names) {
        let conditions = conditions(&argument.attrs);
        return take_names(&conditions, &mut argument.pat, recorded);
    }
    take_whole(argument, index)
}

/// `let mut hits = hits;`; to record an argument is to use it.
fn take_name(
    attributes: &[Attribute],
    binding: &mut PatIdent,
    recorded: &[TokenStream],
) -> TokenStream {
    let site = Span::mixed_site();
    let mutability = binding.mutability.take();
    let name = &binding.ident;
    let used = mentions(recorded, std::slice::from_ref(name))
        .then(|| quote_spanned!(site=> #[allow(unused_variables)]));
    // To take it with us is no use of it.
    let unused = name.to_string().starts_with('_');
    let unused = unused.then(|| quote_spanned!(site=> #[allow(clippy::used_underscore_binding)]));
    quote_spanned!(site=> #(#attributes)* #used #unused let #mutability #name = #name;)
}

/// The same for each name in a pattern.
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
    let site = Span::mixed_site();
    let whole = format_ident!("__arg{index}", span = site);
    let renamed: Pat = syn::parse_quote!(#whole);
    let pattern = std::mem::replace(&mut *argument.pat, renamed);
    let attributes = split_attributes(&mut argument.attrs);
    let conditions = conditions(&attributes);
    let bind = match &pattern {
        Pat::Wild(_) => TokenStream::new(),
        pattern => quote_spanned!(site=> #(#attributes)* let #pattern = #whole;),
    };
    let mutability = borrows_mutably(&pattern).then(|| quote_spanned!(site=> mut));
    quote_spanned!(site=> #(#conditions)* let #mutability #whole = #whole; #bind)
}

/// Whether there is a `ref mut` in the pattern.
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

/// The attributes for the `let`; those that speak of unused names leave the argument, which is used now.
fn split_attributes(attributes: &mut Vec<Attribute>) -> Vec<Attribute> {
    let on_let = |attribute: &&Attribute| {
        let path = attribute.path();
        ON_LET.iter().any(|name| path.is_ident(name))
    };
    let moved = attributes.iter().filter(on_let).cloned().collect();
    attributes.retain(|attribute| !attribute.path().is_ident("expect"));
    moved
}

/// Whether every part of what the pattern takes apart gets a name.
fn leaves_nothing(pattern: &Pat) -> bool {
    match pattern {
        Pat::Ident(binding) => binding.by_ref.is_none() && binding.subpat.is_none(),
        Pat::Tuple(tuple) => tuple.elems.iter().all(leaves_nothing),
        Pat::TupleStruct(tuple) => tuple.elems.iter().all(leaves_nothing),
        Pat::Struct(fields) => {
            fields.rest.is_none() && fields.fields.iter().all(|field| leaves_nothing(&field.pat))
        }
        Pat::Paren(inner) => leaves_nothing(&inner.pat),
        Pat::Type(inner) => leaves_nothing(&inner.pat),
        _ => false,
    }
}

/// Whether the type has nothing to drop, as far as its text tells.
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

/// Whether one of the names stands among the tokens.
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
    fn what_has_nothing_to_drop_stays() {
        for signature in [
            "fn f(&self, query: &str, top_k: usize)",
            "fn f(&mut self, pair: (u8, &T), list: [f64; 3], p: *const u8)",
            "fn f(f: fn(u8) -> u8)",
        ] {
            check(signature, "", signature, "");
        }
    }

    #[test]
    fn what_may_is_taken_in_order() {
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
    fn what_changes_is_taken_where_it_changes() {
        check("fn f(mut n: u8)", "", "fn f(n: u8)", "let mut n = n;");
        check(
            "fn f((mut a, b): P)",
            "",
            "fn f((a, b): P)",
            "let mut a = a; let b = b;",
        );
    }

    #[test]
    fn a_pattern_that_leaves_something_is_taken_as_a_whole() {
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
    fn what_is_borrowed_mutably_is_taken_as_mutable() {
        check(
            "fn f(ref a: A, ref mut b: B)",
            "",
            "fn f(__arg0: A, __arg1: B)",
            "let __arg0 = __arg0; let ref a = __arg0; let mut __arg1 = __arg1; let ref mut b = __arg1;",
        );
    }

    #[test]
    fn attributes_follow_the_name() {
        check(
            "fn f(#[cfg(x)] a: A, #[expect(unused)] b: B, #[case] c: C)",
            "",
            "fn f(#[cfg(x)] a: A, b: B, #[case] c: C)",
            "#[cfg(x)] let a = a; #[expect(unused)] let b = b; let c = c;",
        );
    }
}
