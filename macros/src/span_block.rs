//! Expansion of `span!(..)` from end to end.
//!
//! The macro takes the arguments of the attribute, parsed and checked by the same code, followed by a closure with the
//! block. For the code generator, the closure becomes a [`Function`] with only a return type, if one is declared, and a
//! body.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Error, Expr, LitStr, Pat, ReturnType, Signature, Token, Visibility, token};

use crate::errors::Errors;
use crate::model::{Arguments, CheckedSpan, FieldKind, Function, Pattern, Shape};
use crate::{check, expand, parse, return_type, tail};

/// The parts of the closure.
pub(crate) struct Block {
    pub(crate) asyncness: Option<Token![async]>,
    pub(crate) moves: Option<Token![move]>,
    /// `||` or `|span|`; empty if it is missing.
    pub(crate) bars: TokenStream,
    /// The pattern that binds the span handle.
    pub(crate) parameter: Option<Pattern>,
    pub(crate) output: ReturnType,
    pub(crate) body: Group,
}

/// Returns the instrumented block, or the errors followed by the unchanged block. If instrumentation is off, returns
/// only the block.
pub(crate) fn expand(input: TokenStream, off: bool) -> TokenStream {
    let (arguments, closure) = split(input);
    let mut block = None;
    let checked = Errors::collect(|errors| {
        let arguments = parse_arguments(arguments, errors);
        block = parse_block(closure, errors);
        check(arguments?, block.as_ref()?, errors)
    });
    match (checked, &block) {
        (Ok(span), Some(block)) if off => expand::plain_block(block, span.krate.as_ref()),
        (Ok(span), Some(block)) => expand::block(&span, block),
        (Ok(_), None) => TokenStream::new(),
        (Err(reported), block) => {
            let reported = reported.into_tokens();
            let plain = block.as_ref().map(|block| expand::plain_block(block, None));
            quote!({ #reported #plain })
        }
    }
}

/// Splits the input into the arguments and the closure, which starts with a token that cannot start an argument.
fn split(input: TokenStream) -> (TokenStream, TokenStream) {
    let tokens: Vec<TokenTree> = input.into_iter().collect();
    let starts_closure = |index: usize| {
        let before = index.checked_sub(1).and_then(|before| tokens.get(before));
        before.is_none_or(is_comma) && tokens.get(index).is_some_and(starts_block)
    };
    let start = (0..tokens.len()).find(|index| starts_closure(*index));
    let (arguments, closure) = tokens.split_at(start.unwrap_or(tokens.len()));
    (
        arguments.iter().cloned().collect(),
        closure.iter().cloned().collect(),
    )
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(sign) if sign.as_char() == ',')
}

/// Returns `true` if a closure or a block can start with the token. Looks into the invisible group of a macro fragment.
fn starts_block(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(word) => word == "async" || word == "move",
        TokenTree::Punct(sign) => sign.as_char() == '|',
        TokenTree::Group(group) => match group.delimiter() {
            Delimiter::Brace => true,
            Delimiter::None => {
                let first = group.stream().into_iter().next();
                first.is_some_and(|first| starts_block(&first))
            }
            _ => false,
        },
        TokenTree::Literal(_) => false,
    }
}

/// Parses the arguments of the attribute. A leading string is the operation.
fn parse_arguments(tokens: TokenStream, errors: &mut Errors) -> Option<Arguments> {
    let with_key = |input: ParseStream<'_>| {
        let name: Option<LitStr> = input.peek(LitStr).then(|| input.parse()).transpose()?;
        let rest: TokenStream = input.parse()?;
        let named = name.map(|name| quote_spanned!(name.span()=> operation = #name));
        Ok(quote!(#named #rest))
    };
    let tokens = errors.catch(with_key.parse2(tokens))?;
    let mut arguments = Arguments::default();
    parse::add_arguments(tokens, &mut arguments, errors)?;
    Some(arguments)
}

/// Parses the closure.
fn parse_block(tokens: TokenStream, errors: &mut Errors) -> Option<Block> {
    if tokens.is_empty() {
        let message = "the block is missing: pass a closure as the last argument, \
                       as in span!(\"parsing\", layer = \"ingestion\", || { .. })";
        errors.at(Span::call_site(), message);
        return None;
    }
    let tokens = ungrouped(tokens);
    let parsed = (|input: ParseStream<'_>| closure(input, errors)).parse2(tokens);
    errors.catch(parsed)
}

/// Removes the invisible group of a macro fragment.
fn ungrouped(tokens: TokenStream) -> TokenStream {
    let mut walk = tokens.clone().into_iter();
    match (walk.next(), walk.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => {
            ungrouped(group.stream())
        }
        _ => tokens,
    }
}

fn closure(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Block> {
    let (asyncness, moves) = (input.parse()?, input.parse()?);
    let (bars, parameter) = bars(input, errors)?;
    let output: ReturnType = input.parse()?;
    let body = body(input, bars.span())?;
    input.parse::<Option<Token![,]>>()?;
    let rest: TokenStream = input.parse()?;
    if !rest.is_empty() {
        let message = "the block must be the last argument: move this before it";
        errors.push(Error::new_spanned(rest, message));
    }
    Ok(Block {
        asyncness,
        moves,
        bars,
        parameter,
        output,
        body,
    })
}

/// `||` or `|span|`
fn bars(
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> syn::Result<(TokenStream, Option<Pattern>)> {
    if input.peek(token::Brace) {
        let message =
            "the block must be a closure: write `||` before it, or `|span|` to record values in it";
        errors.at(input.span(), message);
        return Ok((TokenStream::new(), None));
    }
    if let Some(bars) = input.parse::<Option<Token![||]>>()? {
        return Ok((bars.to_token_stream(), None));
    }
    let first: Token![|] = input.parse()?;
    if let Some(last) = input.parse::<Option<Token![|]>>()? {
        return Ok((quote!(#first #last), None));
    }
    let pattern = Pat::parse_single(input)?;
    let colon: Option<Token![:]> = input.parse()?;
    let ascribed = colon.map(|_| input.parse()).transpose()?;
    input.parse::<Option<Token![,]>>()?;
    if !input.peek(Token![|]) {
        let message = "the block takes one parameter, the span: |span| { .. }";
        return Err(Error::new(input.span(), message));
    }
    let last: Token![|] = input.parse()?;
    let annotation = ascribed.as_ref().map(|ascribed| quote!(: #ascribed));
    let bars = quote!(#first #pattern #annotation #last);
    Ok((bars, Some(Pattern { pattern, ascribed })))
}

/// Returns the braces with their unparsed content, or puts an expression into braces.
fn body(input: ParseStream<'_>, bars: Span) -> syn::Result<Group> {
    let ahead = input.fork();
    let first: Option<TokenTree> = ahead.parse().ok();
    let braces = first.and_then(parse::braces);
    if let Some(braces) = braces.filter(|_| ahead.is_empty() || ahead.peek(Token![,])) {
        input.parse::<TokenTree>()?;
        return Ok(braces);
    }
    if input.is_empty() {
        return Err(Error::new(
            bars,
            "the closure has no body: write `|| { .. }`",
        ));
    }
    let expression: Expr = input.parse()?;
    // With this span, lints ignore the braces.
    let span = Span::mixed_site().located_at(expression.span());
    let mut body = Group::new(Delimiter::Brace, expression.into_token_stream());
    body.set_span(span);
    Ok(body)
}

/// Validates the arguments and the block, and resolves them to a [`CheckedSpan`].
fn check(mut arguments: Arguments, block: &Block, errors: &mut Errors) -> Option<CheckedSpan> {
    reject_function_arguments(&arguments, errors);
    reject_returned_future(block, errors);
    reject_never_type(block, errors);
    // A bare name is a variable, as in the macros of `tracing`.
    let bare = |field: &&mut crate::model::Field| field.kind == FieldKind::Empty;
    for field in arguments.fields.iter_mut().filter(bare) {
        field.kind = FieldKind::Value;
    }
    check::reject_duplicate_fields(&arguments, errors);
    check::reject_too_many_fields(&arguments, errors);
    require_operation(&arguments, errors);
    let operation_span = arguments
        .operation
        .as_ref()
        .map_or_else(Span::call_site, LitStr::span);
    let layer = check::require_layer(&mut arguments, operation_span, errors)?;
    let shape = match block.asyncness {
        Some(_) => Shape::Async,
        None => Shape::Closure,
    };
    let function = function(block, operation_span);
    Some(check::resolve(layer, shape, arguments, function))
}

/// ```text
/// span!("parsing", layer = "ingestion", skip(password), || { .. })
/// ```
fn reject_function_arguments(arguments: &Arguments, errors: &mut Errors) {
    for (name, reason) in [
        ("name", "the operation is the name of a block"),
        ("skip", "a block records only fields that it names"),
        ("skip_all", "a block records only fields that it names"),
    ] {
        if let Some(key) = arguments.key(name) {
            let message = format!("`{name}` applies only to functions, and {reason}: remove it");
            errors.at(key.span(), message);
        }
    }
}

/// ```text
/// span!("rerank", layer = "retrieval", |span| async move { .. })
/// ```
fn reject_returned_future(block: &Block, errors: &mut Errors) {
    if block.asyncness.is_none() && tail::bare(&block.body).is_some() {
        let first = block.body.stream().into_iter().next();
        let message = "this would measure only the creation of the future, not its execution: \
                       write `async move |span| { .. }`";
        errors.at(
            first.map_or(block.body.span(), |first| first.span()),
            message,
        );
    } else if return_type::deferred(&block.output).is_some() {
        let message = "work that runs after the block would not be measured: write `async |span| { .. }` for a future, \
                       or move a stream into a function with #[rag_span]";
        errors.push(Error::new_spanned(&block.output, message));
    }
}

/// ```text
/// span!("serve", layer = "api", async || -> ! { .. })
/// ```
fn reject_never_type(block: &Block, errors: &mut Errors) {
    if return_type::never(&block.output) {
        let message = "a block cannot have the return type `!`: remove `-> !`";
        errors.push(Error::new_spanned(&block.output, message));
    }
}

/// ```text
/// span!(layer = "ingestion", || { .. })
/// ```
fn require_operation(arguments: &Arguments, errors: &mut Errors) {
    if arguments.key("operation").is_none() {
        let message = "the operation is missing: pass it as the first argument, \
                       as in span!(\"parsing\", layer = \"ingestion\", || { .. })";
        errors.at(Span::call_site(), message);
    }
}

/// Returns the block as a function for the code generator.
///
/// The name has the span of the operation. The `fn` token has the span of the closure, which determines the edition.
fn function(block: &Block, operation_span: Span) -> Function {
    let (asyncness, output) = (block.asyncness, &block.output);
    let name = Ident::new("__block", operation_span);
    let mut signature: Signature = syn::parse_quote!(#asyncness fn #name() #output);
    signature.fn_token.span = block.bars.span();
    Function {
        attributes: Vec::new(),
        visibility: Visibility::Inherited,
        default: None,
        signature,
        inner: Vec::new(),
        body: block.body.clone(),
        owner: None,
    }
}
