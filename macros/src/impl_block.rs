//! Expansion of `#[rag_span]` on an `impl` block or a trait: instruments every function in it that has a body.
//!
//! The block's arguments apply to each function. A method's own `#[rag_span(..)]` adds arguments or overrides those of
//! the block, and `#[rag_span(skip)]` leaves the method out. All other items are emitted unchanged.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, ItemImpl, ItemTrait, Meta, Signature, Token, Visibility, token};

use crate::errors::Errors;
use crate::keys::KEYS;
use crate::model::{Arguments, Function, Mode, ParsedSpan};
use crate::parse::{add_arguments, braces, function, starts_function};
use crate::{check, expand, return_type};

/// Returns `true` if the item is an `impl` block or a trait.
pub(crate) fn is_impl_block(item: &TokenStream) -> bool {
    let starts_block = |input: ParseStream<'_>| {
        input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        let found = keyword_ahead(input, &["impl", "trait"]);
        input.parse::<TokenStream>()?;
        Ok(found)
    };
    starts_block.parse2(item.clone()).unwrap_or(false)
}

/// Returns `true` if only qualifiers precede one of the wanted keywords.
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

/// Returns the block with its functions instrumented, or the errors followed by the block without its inner
/// `#[rag_span]`s.
pub(crate) fn expand(arguments: &TokenStream, item: TokenStream) -> TokenStream {
    let Some(block) = ImplBlock::of(item.clone()) else {
        return item;
    };
    let instrumented = Errors::collect(|errors| block.instrument(arguments, errors));
    match instrumented {
        Ok(members) => block.with_members(&members),
        Err(reported) => {
            let plain = block.members.iter().map(|member| &member.tokens);
            let plain = block.with_members(&plain.cloned().collect());
            let errors = reported.into_tokens();
            quote!(#errors #plain)
        }
    }
}

/// The parts of an `impl` block or a trait.
struct ImplBlock {
    /// The tokens before the braces.
    header: TokenStream,
    body: Group,
    inner: Vec<Attribute>,
    members: Vec<Member>,
}

/// One item in the braces.
struct Member {
    /// The arguments of the item's own `#[rag_span(..)]`, if it has one.
    own_arguments: Option<TokenStream>,
    has_body: bool,
    /// The item without its own `#[rag_span(..)]`.
    tokens: TokenStream,
}

impl ImplBlock {
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

    fn with_members(&self, members: &TokenStream) -> TokenStream {
        let inner = &self.inner;
        let mut body = Group::new(Delimiter::Brace, quote!(#(#inner)* #members));
        body.set_span(self.body.span());
        let header = &self.header;
        quote!(#header #body)
    }

    /// Returns the name of the implementing type or of the trait.
    fn owner(&self) -> Option<Ident> {
        let header = &self.header;
        let empty = quote!(#header {});
        if let Ok(block) = syn::parse2::<ItemImpl>(empty.clone()) {
            return return_type::type_name(&block.self_ty);
        }
        let block: ItemTrait = syn::parse2(empty).ok()?;
        Some(block.ident)
    }

    fn instrument(&self, arguments: &TokenStream, errors: &mut Errors) -> Option<TokenStream> {
        check_shared_arguments(arguments, self.body.span(), errors)?;
        let owner = self.owner();
        let members = self.members.iter().map(|member| {
            if !member.is_instrumented() {
                return Some(member.tokens.clone());
            }
            member.instrument(arguments, owner.as_ref(), errors)
        });
        // Expands every member before it gives up, so that all errors are reported.
        let members: Vec<Option<TokenStream>> = members.collect();
        members.into_iter().collect()
    }
}

/// Rejects arguments that cannot apply to several functions.
fn check_shared_arguments(arguments: &TokenStream, token: Span, errors: &mut Errors) -> Option<()> {
    let mut shared = Arguments {
        on_impl_block: true,
        ..Arguments::default()
    };
    add_arguments(arguments.clone(), &mut shared, errors)?;
    for key in &shared.keys {
        let known = KEYS.iter().find(|known| key == known.name);
        if known.is_some_and(|known| !known.shared) {
            errors.at(
                key.span(),
                format!(
                    "`{key}` applies to a single function: move it into a #[rag_span(..)] on that method"
                ),
            );
        }
    }
    check::require_layer(&mut shared, token, errors).map(drop)
}

impl Member {
    fn is_instrumented(&self) -> bool {
        let skipped = self
            .own_arguments
            .as_ref()
            .is_some_and(|own| own.to_string() == "skip");
        (self.has_body || self.own_arguments.is_some()) && !skipped
    }

    fn instrument(
        &self,
        shared: &TokenStream,
        owner: Option<&Ident>,
        errors: &mut Errors,
    ) -> Option<TokenStream> {
        let mut arguments = Arguments::default();
        // The errors of the shared arguments were already reported for the block.
        let _reported =
            Errors::collect(|errors| add_arguments(shared.clone(), &mut arguments, errors));
        if let Some(own) = &self.own_arguments {
            add_arguments(own.clone(), &mut arguments, errors)?;
        }
        let parsed = function.parse2(self.tokens.clone());
        let function = Function {
            owner: owner.cloned(),
            ..errors.catch(parsed)?
        };
        let parsed = ParsedSpan {
            arguments,
            function,
        };
        let checked = check::check(parsed, Mode::RagSpan, errors)?;
        Some(expand::expand(&checked))
    }
}

/// Parses one item in the braces.
fn member(input: ParseStream<'_>) -> syn::Result<Member> {
    let mut attributes = input.call(Attribute::parse_outer)?;
    let own_arguments = attributes
        .iter()
        .position(check::is_rag_span)
        .map(|index| content(&attributes.remove(index)));
    let head = quote!(#(#attributes)*);
    let (rest, has_body) = if is_function(input) {
        whole_function(input)?
    } else {
        (other_item(input)?, false)
    };
    Ok(Member {
        own_arguments,
        has_body,
        tokens: quote!(#head #rest),
    })
}

/// Returns the tokens in the parentheses of an attribute.
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

/// Parses a constant, a type or a macro call, up to and including its `;` or its braces.
fn other_item(input: ParseStream<'_>) -> syn::Result<TokenStream> {
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
