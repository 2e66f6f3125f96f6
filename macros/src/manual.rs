//! `span!(..)` from end to end: a block that is measured as a function is.
//!
//! The arguments are those of the attribute, read and held to the same rules. The block is a closure behind them, from which a
//! [`Function`] is made that has nothing but what a block has: what it returns, if that is written, and its body.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Error, Expr, LitStr, Pat, ReturnType, Signature, Token, Visibility, token};

use crate::errors::Errors;
use crate::model::{Arguments, Function, How, Pattern, RagSpan, Shape};
use crate::{check, expand, parse, returns, tail};

/// The closure, as it was written.
pub(crate) struct Block {
    pub(crate) asyncness: Option<Token![async]>,
    pub(crate) moves: Option<Token![move]>,
    /// `||` or `|span|`; empty where it was forgotten.
    pub(crate) bars: TokenStream,
    /// The name of the handle.
    pub(crate) parameter: Option<Pattern>,
    pub(crate) output: ReturnType,
    pub(crate) body: Group,
}

/// Writes the measured block, or what is wrong beside the block as it was; where instrumentation is off, the block alone.
pub(crate) fn expand(input: TokenStream, off: bool) -> TokenStream {
    let (arguments, closure) = split(input);
    let mut block = None;
    let checked = Errors::collect(|errors| {
        let arguments = arguments_of(arguments, errors);
        block = read(closure, errors);
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

/// The arguments, and the closure behind them, which begins where no argument can.
fn split(input: TokenStream) -> (TokenStream, TokenStream) {
    let tokens: Vec<TokenTree> = input.into_iter().collect();
    let begins = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        before.is_none_or(is_comma) && tokens.get(at).is_some_and(starts_block)
    };
    let at = (0..tokens.len()).find(|at| begins(*at));
    let (before, behind) = tokens.split_at(at.unwrap_or(tokens.len()));
    (
        before.iter().cloned().collect(),
        behind.iter().cloned().collect(),
    )
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(sign) if sign.as_char() == ',')
}

/// Also where a macro has passed it on as one fragment.
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

/// The arguments of the attribute, where the first string is the operation's name.
fn arguments_of(tokens: TokenStream, errors: &mut Errors) -> Option<Arguments> {
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

/// Reads the closure, as far as it can be read.
fn read(tokens: TokenStream, errors: &mut Errors) -> Option<Block> {
    if tokens.is_empty() {
        let message = "the block is missing: it is a closure behind the arguments, \
                       as in span!(\"parsing\", layer = \"ingestion\", || { .. })";
        errors.at(Span::call_site(), message);
        return None;
    }
    let tokens = ungrouped(tokens);
    let read = (|input: ParseStream<'_>| closure(input, errors)).parse2(tokens);
    errors.catch(read)
}

/// The closure without the invisible group that a fragment of a macro is.
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
        let message = "nothing may follow the block: move this before it";
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
            "the block is a closure: write `||` before it, or `|span|` to record values in it";
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
        let message = "a block is given one value, its span: |span| { .. }";
        return Err(Error::new(input.span(), message));
    }
    let last: Token![|] = input.parse()?;
    let of = ascribed.as_ref().map(|of| quote!(: #of));
    let bars = quote!(#first #pattern #of #last);
    Ok((bars, Some(Pattern { pattern, ascribed })))
}

/// The braces, whatever is in them; an expression is put into some.
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
            "the closure has no block: write `|| { .. }`",
        ));
    }
    let expression: Expr = input.parse()?;
    // No lint looks at braces that nobody wrote.
    let span = Span::mixed_site().located_at(expression.span());
    let mut body = Group::new(Delimiter::Brace, expression.into_token_stream());
    body.set_span(span);
    Ok(body)
}

/// Holds what was written to the rules, and says what it means.
fn check(mut arguments: Arguments, block: &Block, errors: &mut Errors) -> Option<RagSpan> {
    nothing_of_functions(&arguments, errors);
    not_deferred(block, errors);
    not_endless(block, errors);
    // As in the macros of `tracing`: a name alone is that of a value, and there are no arguments that it could miss.
    let bare = |field: &&mut crate::model::Field| field.how == How::Empty;
    for field in arguments.fields.iter_mut().filter(bare) {
        field.how = How::Value;
    }
    check::fields_are_unique(&arguments, errors);
    check::not_too_many(&arguments, errors);
    operation_is_given(&arguments, errors);
    let at = arguments
        .operation
        .as_ref()
        .map_or_else(Span::call_site, LitStr::span);
    let layer = check::layer_is_given(&mut arguments, at, errors)?;
    let shape = match block.asyncness {
        Some(_) => Shape::Async,
        None => Shape::Closure,
    };
    let function = function(block, at);
    Some(check::resolve(layer, shape, arguments, function))
}

/// ```text
/// span!("parsing", layer = "ingestion", skip(password), || { .. })
/// ```
fn nothing_of_functions(arguments: &Arguments, errors: &mut Errors) {
    for (word, why) in [
        ("name", "a block has one name, its operation"),
        ("skip", "a block records only what is named"),
        ("skip_all", "a block records only what is named"),
    ] {
        if let Some(key) = arguments.key(word) {
            let message = format!("`{word}` speaks of a function, and {why}: leave it out");
            errors.at(key.span(), message);
        }
    }
}

/// ```text
/// span!("rerank", layer = "retrieval", |span| async move { .. })
/// ```
fn not_deferred(block: &Block, errors: &mut Errors) {
    if block.asyncness.is_none() && tail::bare(&block.body).is_some() {
        let first = block.body.stream().into_iter().next();
        let message = "this would measure the making of the future and not its work: \
                       write `async move |span| { .. }`";
        errors.at(
            first.map_or(block.body.span(), |first| first.span()),
            message,
        );
    } else if returns::deferred(&block.output).is_some() {
        let message = "what runs after the block would not be measured: write `async |span| { .. }` for a future, \
                       and a function of its own under #[rag_span] for a stream";
        errors.push(Error::new_spanned(&block.output, message));
    }
}

/// ```text
/// span!("serve", layer = "api", async || -> ! { .. })
/// ```
fn not_endless(block: &Block, errors: &mut Errors) {
    if returns::never(&block.output) {
        let message = "a block that never ends has no value to name: leave `-> !` out";
        errors.push(Error::new_spanned(&block.output, message));
    }
}

/// ```text
/// span!(layer = "ingestion", || { .. })
/// ```
fn operation_is_given(arguments: &Arguments, errors: &mut Errors) {
    if arguments.key("operation").is_none() {
        let message = "the operation is missing: it comes first, \
                       as in span!(\"parsing\", layer = \"ingestion\", || { .. })";
        errors.at(Span::call_site(), message);
    }
}

/// What the generators need to know of a function. It stands where the operation is named, and its `fn` where the closure begins,
/// for an edition is told from there.
fn function(block: &Block, at: Span) -> Function {
    let (asyncness, output) = (block.asyncness, &block.output);
    let name = Ident::new("__block", at);
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
