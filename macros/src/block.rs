//! `#[rag_span]` on a whole `impl` block or trait: every function in it that has a body is measured.
//!
//! What stands on the block holds for each, and a method's own `#[rag_span(..)]` adds to it or says otherwise;
//! `#[rag_span(skip)]` leaves a method out. Everything that is no such function is passed on as it stands.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, ItemImpl, ItemTrait, Meta, Signature, Token, Visibility, token};

use crate::errors::Errors;
use crate::keys::KEYS;
use crate::model::{Arguments, Function, Mode, Written};
use crate::parse::{add_arguments, braces, function, starts_function};
use crate::{check, expand, returns};

/// Whether the item is an `impl` or a trait.
pub(crate) fn is_block(item: &TokenStream) -> bool {
    let starts_block = |input: ParseStream<'_>| {
        input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        let found = keyword_ahead(input, &["impl", "trait"]);
        input.parse::<TokenStream>()?;
        Ok(found)
    };
    starts_block.parse2(item.clone()).unwrap_or(false)
}

/// Whether one of these words comes behind nothing but qualifiers.
fn keyword_ahead(input: ParseStream<'_>, wanted: &[&str]) -> bool {
    let ahead = input.fork();
    while let Ok(word) = ahead.call(Ident::parse_any) {
        match word.to_string().as_str() {
            word if wanted.contains(&word) => return true,
            "unsafe" | "auto" | "default" => {}
            "const" if !wanted.contains(&"const") => {}
            _ => return false,
        }
    }
    false
}

/// Writes the block with its functions measured, or what is wrong beside the block as it was.
pub(crate) fn expand(arguments: &TokenStream, item: TokenStream) -> TokenStream {
    let Some(block) = Block::of(item.clone()) else {
        return item;
    };
    let measured = Errors::collect(|errors| block.measured(arguments, errors));
    match measured {
        Ok(inside) => block.around(&inside),
        Err(reported) => {
            let plain = block.members.iter().map(|member| &member.tokens);
            let plain = block.around(&plain.cloned().collect());
            let errors = reported.into_tokens();
            quote!(#errors #plain)
        }
    }
}

/// An `impl` or a trait, taken apart.
struct Block {
    /// What stands before the braces.
    header: TokenStream,
    body: Group,
    inner: Vec<Attribute>,
    members: Vec<Member>,
}

/// One thing in the braces.
struct Member {
    /// The content of its own attribute, if it has one.
    own: Option<TokenStream>,
    has_body: bool,
    /// The thing without its own attribute.
    tokens: TokenStream,
}

impl Block {
    fn of(item: TokenStream) -> Option<Self> {
        let mut header: Vec<TokenTree> = item.into_iter().collect();
        let Some(TokenTree::Group(body)) = header.pop() else {
            return None;
        };
        let read = |input: ParseStream<'_>| {
            let inner = input.call(Attribute::parse_inner)?;
            let mut members = Vec::new();
            while !input.is_empty() {
                members.push(member(input)?);
            }
            Ok((inner, members))
        };
        let is_braced = body.delimiter() == Delimiter::Brace;
        let (inner, members) = read.parse2(body.stream()).ok().filter(|_| is_braced)?;
        Some(Self {
            header: header.into_iter().collect(),
            body,
            inner,
            members,
        })
    }

    fn around(&self, inside: &TokenStream) -> TokenStream {
        let inner = &self.inner;
        let mut body = Group::new(Delimiter::Brace, quote!(#(#inner)* #inside));
        body.set_span(self.body.span());
        let header = &self.header;
        quote!(#header #body)
    }

    /// The name of the type, or of the trait.
    fn owner(&self) -> Option<Ident> {
        let header = &self.header;
        let empty = quote!(#header {});
        if let Ok(block) = syn::parse2::<ItemImpl>(empty.clone()) {
            return returns::type_name(&block.self_ty);
        }
        let block: ItemTrait = syn::parse2(empty).ok()?;
        Some(block.ident)
    }

    fn measured(&self, arguments: &TokenStream, errors: &mut Errors) -> Option<TokenStream> {
        shared_only(arguments, self.body.span(), errors)?;
        let owner = self.owner();
        let written = self.members.iter().map(|member| {
            if !member.is_measured() {
                return Some(member.tokens.clone());
            }
            member.measured(arguments, owner.as_ref(), errors)
        });
        // Every member is looked at, so that all errors are seen.
        let written: Vec<Option<TokenStream>> = written.collect();
        written.into_iter().collect()
    }
}

/// What stands on the block must hold for every function in it.
fn shared_only(arguments: &TokenStream, token: Span, errors: &mut Errors) -> Option<()> {
    let mut shared = Arguments {
        on_block: true,
        ..Arguments::default()
    };
    add_arguments(arguments.clone(), &mut shared, errors)?;
    for key in &shared.keys {
        let known = KEYS.iter().find(|known| key == known.name);
        if known.is_some_and(|known| !known.shared) {
            errors.at(
                key.span(),
                format!(
                    "`{key}` speaks of one function: move it into a #[rag_span(..)] on that method"
                ),
            );
        }
    }
    check::layer_is_given(&mut shared, token, errors).map(drop)
}

impl Member {
    fn is_measured(&self) -> bool {
        let skipped = self
            .own
            .as_ref()
            .is_some_and(|own| own.to_string() == "skip");
        (self.has_body || self.own.is_some()) && !skipped
    }

    fn measured(
        &self,
        shared: &TokenStream,
        owner: Option<&Ident>,
        errors: &mut Errors,
    ) -> Option<TokenStream> {
        let mut arguments = Arguments::default();
        // What is wrong with these was reported for the block.
        let _known =
            Errors::collect(|errors| add_arguments(shared.clone(), &mut arguments, errors));
        if let Some(own) = &self.own {
            add_arguments(own.clone(), &mut arguments, errors)?;
        }
        let parsed = function.parse2(self.tokens.clone());
        let function = Function {
            owner: owner.cloned(),
            ..errors.catch(parsed)?
        };
        let written = Written {
            arguments,
            function,
        };
        let checked = check::check(written, Mode::Ours, errors)?;
        Some(expand::expand(&checked))
    }
}

/// Reads one thing in the braces.
fn member(input: ParseStream<'_>) -> syn::Result<Member> {
    let mut attributes = input.call(Attribute::parse_outer)?;
    let own = attributes
        .iter()
        .position(check::is_ours)
        .map(|at| content(&attributes.remove(at)));
    let head = quote!(#(#attributes)*);
    let (rest, has_body) = if is_function(input) {
        whole_function(input)?
    } else {
        (other(input)?, false)
    };
    Ok(Member {
        own,
        has_body,
        tokens: quote!(#head #rest),
    })
}

/// What stands in the parentheses of an attribute.
fn content(attribute: &Attribute) -> TokenStream {
    match &attribute.meta {
        Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    }
}

fn is_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    let visibility: syn::Result<Visibility> = ahead.parse();
    let _default: syn::Result<Option<Token![default]>> = ahead.parse();
    visibility.is_ok() && starts_function(&ahead)
}

fn whole_function(input: ParseStream<'_>) -> syn::Result<(TokenStream, bool)> {
    let visibility: Visibility = input.parse()?;
    let default: Option<Token![default]> = input.parse()?;
    let signature: Signature = input.parse()?;
    let end: TokenTree = input.parse()?;
    let has_body = braces(end.clone()).is_some();
    Ok((quote!(#visibility #default #signature #end), has_body))
}

/// A constant, a type, or a call of a macro: up to its `;` or its braces.
fn other(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let ends_with_braces = !keyword_ahead(input, &["const", "type", "static"]);
    let mut tokens = TokenStream::new();
    loop {
        let ends = input.peek(Token![;]) || ends_with_braces && input.peek(token::Brace);
        input.parse::<TokenTree>()?.to_tokens(&mut tokens);
        if ends {
            return Ok(tokens);
        }
    }
}
