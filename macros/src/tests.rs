//! Snapshot tests of whole expansions, and property tests for any input.

use std::fs;
use std::path::PathBuf;

use proc_macro2::{Group, Spacing, TokenStream, TokenTree};
use proptest::prelude::*;

use crate::keys::{KEYS, Support};
use crate::{attribute, context, error_type, span_block};

/// The maximum length of the expansion of an ordinary function, in characters without white space.
const BUDGET: usize = 1_000;

/// Compares an expansion with `snapshots/<name>.rs`. `UPDATE_EXPECT=1` writes the file instead.
fn check(name: &str, expansion: &TokenStream) {
    let text = formatted(expansion);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("snapshots")
        .join(format!("{name}.rs"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == expected,
        "{name} differs; UPDATE_EXPECT=1 accepts it\n{text}"
    );
}

fn formatted(expansion: &TokenStream) -> String {
    let file =
        syn::parse2(expansion.clone()).unwrap_or_else(|error| panic!("{error}: {expansion}"));
    prettyplease::unparse(&file)
}

fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap()
}

fn expanded(arguments: &str, item: &str) -> TokenStream {
    attribute::expand(tokens(arguments), tokens(item))
}

fn length(expansion: &TokenStream) -> usize {
    expansion
        .to_string()
        .chars()
        .filter(|c| !c.is_whitespace())
        .count()
}

const FULL: (&str, &str) = (
    r#"layer = "retrieval", level = "debug", context(top_k, chars = query.len(), ?filter, %id),
       metrics(weight = 0.5), slow = "2s", empty,
       ok(|hits| chunks = hits.len(), metrics.best = hits.first().map(|hit| hit.score))"#,
    "fn search(query: &str, top_k: usize, filter: Filter, id: Id) -> Result<Vec<Chunk>, Error> {
        index().search(query, top_k)
    }",
);

const ORDINARY: &[(&str, &str)] = &[
    (
        r#"layer = "data""#,
        "async fn load(id: u64, name: &str) -> Result<u64, io::Error> { fetch(id, name).await }",
    ),
    (
        r#"layer = "data", context(id, name)"#,
        "async fn load(id: u64, name: &str) -> Result<u64, io::Error> { fetch(id, name).await }",
    ),
    (
        r#"layer = "retrieval", context(top_k), ok(|hits| chunks_retrieved = hits.len())"#,
        "pub fn hybrid_search(query: &str, top_k: usize) -> Result<Vec<Chunk>, SearchError> {
            fuse(bm25(query, top_k)?, vectors(query, top_k)?)
        }",
    ),
    (
        r#"layer = custom("rerank"), slow = "1.5s""#,
        "fn rerank(&self, hits: &mut [Hit]) { hits.sort() }",
    ),
];

/// Returns the attribute's arguments and the function of the README's first example.
fn readme() -> (String, String) {
    let page = include_str!("../../README.md");
    let (_, from) = page.split_once("```rust,ignore\n#[rag_span(").unwrap();
    let (example, _) = from.split_once("\n```").unwrap();
    let (arguments, item) = example.split_once(")]\n").unwrap();
    (arguments.to_owned(), item.to_owned())
}

#[test]
fn the_readmes_example_matches_its_snapshot_and_is_short() {
    let (arguments, item) = readme();
    let expansion = expanded(&arguments, &item);
    check("readme", &expansion);
    let (_, body) = item.split_once('{').unwrap();
    let length = length(&expansion) - length(&tokens(&format!("{{{body}")));
    assert!(length < BUDGET, "{length} characters");
}

/// The page shows the expansion without paths and underscores.
#[test]
fn the_docs_show_the_expansion_of_the_readmes_example() {
    let page = include_str!("../../docs/attribute.md");
    let (_, section) = page.split_once("\n## What it expands to\n").unwrap();
    let (_, from) = section.split_once("```rust,ignore\n").unwrap();
    let (shown, _) = from.split_once("\n```").unwrap();
    let whole = include_str!("../snapshots/readme.rs");
    let short = whole
        .replace("::ragspan::__private::", "")
        .replace("__", "");
    assert_eq!(formatted(&tokens(shown)), formatted(&tokens(&short)));
}

#[test]
fn every_argument_has_a_row_in_both_tables() {
    for page in [
        include_str!("../../docs/attribute.md"),
        include_str!("lib.rs"),
    ] {
        let rows: Vec<&str> = page.lines().filter_map(first_cell).collect();
        for key in KEYS {
            let has_row = rows
                .iter()
                .any(|row| row.split('`').any(|code| uses(code, key.name)));
            assert_eq!(
                has_row,
                matches!(key.support, Support::Implemented(_)),
                "{}",
                key.name
            );
        }
    }
}

/// Returns the first cell of a row in the table of arguments.
fn first_cell(line: &str) -> Option<&str> {
    let row = line.trim_start_matches("/// ").strip_prefix("| ")?;
    let cell = row.split(" | ").next()?;
    (cell.starts_with('`') || cell.starts_with("[`")).then_some(cell)
}

/// Returns `true` if a piece of code uses the argument.
fn uses(code: &str, argument: &str) -> bool {
    let rest = code.strip_prefix(argument);
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c == '_' || c.is_alphanumeric()))
}

#[test]
fn a_function_with_many_arguments() {
    check("full", &expanded(FULL.0, FULL.1));
}

#[test]
fn an_async_method() {
    check(
        "async_method",
        &expanded(
            r#"layer = custom("rerank"), context(n = self.n), empty = |v: &Answer| v.text.is_empty()"#,
            "/// Docs stay.
             #[inline]
             pub(crate) async unsafe fn r#match<'a, T>(&'a mut self, mut hits: Vec<T>, (a, _): (u8, u8)) -> &'a T
             where T: Ord + 'a { #![allow(unused)] hits.sort(); self.keep(hits, a).await }",
        ),
    );
}

#[test]
fn opaque_and_missing_return_types() {
    check(
        "opaque",
        &expanded(
            r#"layer = "api", operation = "all", crate = crate::telemetry"#,
            "fn all(&self) -> Result<impl Iterator<Item = u8> + '_, Box<dyn Error>> { Ok(self.0.iter()) }",
        ),
    );
    check(
        "unit",
        &expanded(r#"layer = "api""#, "async fn warm() { cache().await }"),
    );
    check(
        "never",
        &expanded(
            r#"layer = "api""#,
            "async fn serve() -> ! { loop { accept().await } }",
        ),
    );
}

/// Wraps an expression in a function, so that the snapshot is a valid file.
fn in_function(expression: &TokenStream) -> TokenStream {
    quote::quote!(fn f() { #expression })
}

#[test]
fn a_block() {
    let arguments =
        r#""parsing", layer = "ingestion", context(file), ok(|pages| pages = pages.len())"#;
    let body = "{ let pages = read(file)?; span.record(\"bytes\", pages.bytes()); Ok::<_, ParseError>(pages) }";
    let sync = tokens(&format!("{arguments}, |span| {body}"));
    let asynchronous = tokens(&format!("{arguments}, async move |span| {body}"));
    for (name, block) in [("block", sync), ("async_block", asynchronous)] {
        let expansion = span_block::expand(block, false);
        check(name, &in_function(&expansion));
        let length = length(&expansion) - length(&tokens(body));
        assert!(length < BUDGET, "{name}: {length} characters");
    }
}

#[test]
fn only_the_block_remains_where_instrumentation_is_off() {
    for (block, plain) in [
        (
            "\"a\", layer = \"api\", context(x), move || f(x)",
            ":: ragspan :: __private :: plain_block (move || { f (x) })",
        ),
        (
            "\"a\", layer = \"api\", |span| { f(span) }",
            ":: ragspan :: __private :: plain_block_with (| span | { f (span) })",
        ),
        (
            "\"a\", layer = \"api\", async || f().await",
            "async { f () . await }",
        ),
        (
            "\"a\", layer = \"api\", async move |span: Span| { f(span).await }",
            "async move { let span : Span = :: ragspan :: __private :: Span :: none () ; { f (span) . await } }",
        ),
        (
            "\"a\", layer = \"api\", crate = own::path, || f()",
            "own :: path :: __private :: plain_block (|| { f () })",
        ),
    ] {
        assert_eq!(span_block::expand(tokens(block), true).to_string(), plain);
    }
}

#[test]
fn a_block_with_invalid_arguments_is_still_emitted() {
    for arguments in [
        "",
        "\"a\"",
        "layer = 7",
        "\"a\", layer = \"api\", outpu, 5, ok(||)",
    ] {
        for block in [
            "|| { body(1) }",
            "async |span| body(1)",
            "{ body(1) }",
            "|s| { body(1) }, 7",
        ] {
            let comma = if arguments.is_empty() { "" } else { "," };
            let text = span_block::expand(tokens(&format!("{arguments}{comma} {block}")), false)
                .to_string();
            assert!(
                text.contains("compile_error") && text.contains("body (1)"),
                "{text}"
            );
        }
    }
}

#[test]
fn the_derives() {
    check(
        "log_context",
        &context::expand(tokens(
            r#"struct RequestContext<'a, T> { user_id: String, #[log(redact)] api_key: String,
               #[log(skip)] raw: Vec<u8>, #[log(rename = "plan")] r#type: &'a str, extra: Option<T> }"#,
        )),
    );
    check(
        "log_context_attributes",
        &context::expand(tokens(
            r#"struct Request<T, C> { #[log(hash)] email: Option<T>, #[log(display)] id: Uuid, #[log(debug, rename = "tier")] plan: T,
               #[log(metric)] turn: u32, #[log(flatten)] client: Option<C>, #[log(hash, with = |user| user.id)] user: User }"#,
        )),
    );
    check(
        "log_context_enum",
        &context::expand(tokens(
            r#"#[log(crate = crate::telemetry::ragspan)] enum Caller<C> { User { user_id: String, #[log(skip)] raw: u8, #[log(redact)] key: u8 },
               Service(#[log(flatten)] C, #[log(rename = "hop", metric)] u8), Nobody }"#,
        )),
    );
    check(
        "error_type",
        &error_type::expand(tokens(
            r#"enum SearchError<E> { NoContext, #[error_type("timeout")] Elapsed { after: u8 },
               #[error_type(transparent)] Inner(Box<E>), #[error_type(transparent)] Http { source: HttpError } }"#,
        )),
    );
    check(
        "error_type_struct",
        &error_type::expand(tokens("struct HTTPError(u16);")),
    );
    check(
        "error_type_elsewhere",
        &error_type::expand(tokens(
            r#"#[error_type(crate = telemetry::ragspan)] enum E<T> { #[error_type(level = "warning", fields(code = 0))] Api(u16),
               #[error_type(transparent)] Inner(T) }"#,
        )),
    );
    check(
        "error_type_nothing",
        &error_type::expand(tokens("enum Never {}")),
    );
}

#[test]
fn a_derive_with_errors_still_implements_its_trait() {
    check(
        "log_context_fallback",
        &context::expand(tokens("struct Tuple<T>(T);")),
    );
    check(
        "error_type_fallback",
        &error_type::expand(tokens("enum E { #[error_type(transparent)] Two(u8, u8) }")),
    );
}

#[test]
fn an_ordinary_function_expands_to_less_than_the_budget() {
    for (arguments, item) in ORDINARY {
        let length = length(&expanded(arguments, item));
        assert!(length <= BUDGET, "{length} characters: {item}");
    }
}

/// Other macros would expand to more code, which the budget does not count.
#[test]
fn only_built_in_macros_remain_in_an_expansion() {
    for (arguments, item) in ORDINARY.iter().chain([&FULL]) {
        let called = macros_called(expanded(arguments, item));
        assert_eq!(
            called,
            ["module_path", "file", "line", "option_env", "option_env"],
            "{item}"
        );
    }
}

/// Returns the identifiers before each `!` that is not an operator.
fn macros_called(tokens: TokenStream) -> Vec<String> {
    let mut called = Vec::new();
    let mut word = None;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => word = Some(ident.to_string()),
            TokenTree::Punct(punct) if punct.as_char() == '!' => {
                called.extend(word.take().filter(|_| punct.spacing() == Spacing::Alone));
            }
            TokenTree::Group(group) => {
                word = None;
                called.extend(macros_called(group.stream()));
            }
            _ => word = None,
        }
    }
    called
}

#[test]
fn every_error_is_reported_at_once() {
    let text = expanded(
        r#"layer = "retreival", contxt(x), slow = "2 seconds", output, context(a.b(), b, b), slow = "1s""#,
        "const fn search() -> impl Future<Output = u8> { ready(1) }",
    )
    .to_string();
    for part in [
        "did you mean `retrieval`",
        "did you mean `context`",
        "`2 seconds` is not a duration",
        "`output` is not supported yet",
        "write `b = ` before it",
        "the field `b` is given twice",
        "`slow` is given twice",
        "`const fn`",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("`layer` is missing"), "{text}");
}

#[test]
fn a_body_that_does_not_parse_is_passed_on_to_rustc() {
    let broken = "fn search() -> u8 { let x = ; hits. }";
    let text = expanded(r#"layer = "data""#, broken).to_string();
    assert!(
        text.contains("let x = ; hits .") && text.contains("Call :: open"),
        "{text}"
    );
}

/// Realistic bodies, from which the tests remove tokens.
const BODIES: &[&str] = &[
    "let hits = index().search(query, top_k)?; hits.iter().filter(|hit| hit.score > 0.5).map(Hit::id).collect::<Vec<u64>>()",
    "let mut chunks: Vec<Chunk<'_, u8>> = Vec::with_capacity(top_k); for (rank, hit) in fused.into_iter().enumerate() {
         if seen.insert(hit.id) { chunks.push(Chunk { rank, ..hit.into() }); } else { continue; } } Ok(chunks)",
    "match self.cache.get(&key).await { Some(answer) if !answer.is_empty() => return Ok(answer.clone()), Some(_) | None => {} }
     let reply = tokio::select! { reply = self.client.ask(&prompt[..4_000]) => reply?, () = stop.notified() => return Err(Stopped) };
     tracing::info!(tokens = reply.usage.total, \"answered {}\", reply.id); #[cfg(feature = \"x\")] { self.warm(); } Ok(reply.text)",
    "async move { while let Some(token) = stream.next().await { yield_(token?.to_owned() + \"\\n\").await; } unsafe { *p = 1 } }",
    "#![allow(unused)] const N: usize = 1 << 4; fn inner<T: Into<u8>>(t: T) -> u8 { t.into() } loop { break 'a inner(b'x') as i32; }",
];

/// Removes tokens at any depth: those for which `keep` yields `false`.
fn thinned(body: TokenStream, keep: &mut impl Iterator<Item = bool>) -> TokenStream {
    let mut kept = TokenStream::new();
    for token in body {
        if !keep.next().unwrap_or(true) {
            continue;
        }
        kept.extend([match token {
            TokenTree::Group(group) => {
                Group::new(group.delimiter(), thinned(group.stream(), keep)).into()
            }
            other => other,
        }]);
    }
    kept
}

fn broken_body() -> impl Strategy<Value = TokenStream> {
    let keep = prop::collection::vec(prop::bool::weighted(0.93), 200);
    (prop::sample::select(BODIES), keep)
        .prop_map(|(body, keep)| thinned(tokens(body), &mut keep.into_iter()))
}

/// Returns all tokens, including those in groups and the delimiters of groups.
fn flat(tokens: TokenStream) -> Vec<String> {
    let mut all = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let delimiters = Group::new(group.delimiter(), TokenStream::new()).to_string();
                all.push(delimiters.clone());
                all.extend(flat(group.stream()));
                all.push(delimiters);
            }
            other => all.push(other.to_string()),
        }
    }
    all
}

/// Items that can contain a body.
const ITEMS: &[&str] = &[
    "fn search(&self, top_k: usize) -> Result<Vec<u64>, Error> { BODY }",
    "pub async fn search(self, mut query: Query<'_>) { BODY }",
    "fn search() -> impl Future<Output = u8> + use<> { BODY }",
    "fn search() -> BoxStream<'static, Token> { BODY }",
    "impl<T> Search for Index<T> { const N: usize = 1; fn search(&self) -> u8 { BODY } fn other(&self) { 1 } }",
    "trait Search: Sized { type Hit; fn needed(&self); async fn search(self) -> Option<u8> { BODY } }",
];

/// Replaces `BODY` in the item.
fn insert_body(item: TokenStream, body: &TokenStream) -> TokenStream {
    let replaced = item.into_iter().map(|token| match token {
        TokenTree::Group(group) if group.stream().to_string() == "BODY" => {
            Group::new(group.delimiter(), body.clone()).into()
        }
        TokenTree::Group(group) => {
            Group::new(group.delimiter(), insert_body(group.stream(), body)).into()
        }
        other => other,
    });
    replaced.collect()
}

#[test]
fn a_malformed_inner_attribute_is_passed_on_to_rustc() {
    let text = expanded(r#"layer = "data""#, "fn search() { #!allow search() }").to_string();
    assert!(
        text.contains("allow search ()") && text.contains("Call :: open"),
        "{text}"
    );
}

#[test]
fn an_item_that_cannot_be_instrumented_is_emitted_unchanged() {
    for (item, part) in [
        ("struct Index { n : u8 }", "put it on a `fn`"),
        ("fn load () ;", "without a body"),
        ("const LIMIT : u8 = 1 ;", "put it on a `fn`"),
        ("fn ( ) { }", "expected identifier"),
    ] {
        let item_tokens = tokens(item);
        let text = attribute::expand(tokens(r#"layer = "data""#), item_tokens.clone()).to_string();
        assert!(text.contains(part), "{item}: {text}");
        assert!(text.ends_with(&item_tokens.to_string()), "{item}: {text}");
    }
}

#[test]
fn an_item_is_unchanged_where_instrumentation_is_off() {
    let block = "impl A { #[rag_span(skip)] fn f () {} #[rag_span(context(x))] fn g (x : u8) {} }";
    for item in ORDINARY
        .iter()
        .map(|(_, item)| *item)
        .chain([FULL.1, block, "struct S ;", "fn ("])
    {
        let Ok(item) = item.parse::<TokenStream>() else {
            continue;
        };
        let off = attribute::expand_or_keep(tokens("layer = 1, what"), item.clone(), true);
        assert_eq!(off.to_string(), item.to_string());
        let on = attribute::expand_or_keep(tokens("layer = \"api\""), item.clone(), false);
        assert_ne!(on.to_string(), item.to_string());
    }
}

/// Generates identifiers and punctuation of the grammar, so that random lists of them pass the first checks.
fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "layer",
        "=",
        "\"data\"",
        "custom",
        "(",
        ")",
        ",",
        "operation",
        "level",
        "2",
        "context",
        "metrics",
        "ok",
        "|",
        "||",
        "hits",
        "?",
        "%",
        ".",
        "x",
        "slow",
        "\"2s\"",
        "empty",
        "crate",
        "::",
        "err",
        "outcome",
        "self",
        "r#fn",
        "{",
        "}",
        "[",
        "]",
        "'a",
        "#",
        "!",
        "==",
        "&",
        "fn",
        "-",
        ">",
        ":",
        ";",
        "impl",
        "Future",
        "<",
        "const",
        "async",
        "flatten",
        "with",
        "metric",
        "rename",
        "unsafe",
        "extern",
        "default",
    ]);
    prop_oneof![8 => known.prop_map(String::from), 1 => "\\PC{0,3}"]
}

fn some_tokens() -> impl Strategy<Value = TokenStream> {
    prop::collection::vec(piece(), 0..24)
        .prop_filter_map("must be tokens", |pieces| pieces.join(" ").parse().ok())
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 1_000_000, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn no_arguments_lose_the_function(arguments in some_tokens()) {
        let text = attribute::expand(arguments, tokens(FULL.1)).to_string();
        prop_assert!(text.contains("index () . search (query , top_k)"), "{}", text);
    }

    #[test]
    fn no_arguments_lose_the_block(arguments in some_tokens(), after in some_tokens()) {
        let block = quote::quote!("work", layer = "data", #arguments, |span| { index().search(span) });
        let text = span_block::expand(block, false).to_string();
        prop_assert!(text.contains("index () . search (span)") || text.contains("compile_error"), "{}", text);
        let block = quote::quote!("work", layer = "data", || { index().search() } #after);
        let text = span_block::expand(block, false).to_string();
        prop_assert!(text.contains("index () . search ()") || text.contains("compile_error"), "{}", text);
    }

    #[test]
    fn no_token_of_a_block_is_lost(body in broken_body(), is_async in prop::bool::ANY) {
        let asyncness = is_async.then(|| tokens("async"));
        // A body that only creates a future is rejected and emitted unchanged.
        let written = span_block::expand(quote::quote!("work", layer = "data", #asyncness move |span| { #body }), false);
        let text = written.to_string();
        prop_assert!(text.contains("Call :: open") || text.contains("only the creation of the future"), "{}", text);
        let mut written = flat(written).into_iter();
        let lost = flat(body).into_iter().find(|wanted| !written.any(|token| token == *wanted));
        prop_assert!(lost.is_none(), "{:?} in {}", lost, text);
    }

    #[test]
    fn no_token_of_a_body_is_lost(body in broken_body(), item in prop::sample::select(ITEMS)) {
        let item = insert_body(tokens(item), &body);
        let written = attribute::expand(tokens(r#"layer = "data""#), item);
        let text = written.to_string();
        prop_assert!(text.contains("Call :: open") && !text.contains("compile_error"), "{}", text);
        // Only the order is compared: inner attributes move to the start of the function, and an `async` block gets a
        // type hint.
        let mut written = flat(written).into_iter();
        let lost = flat(body).into_iter().find(|wanted| !written.any(|token| token == *wanted));
        prop_assert!(lost.is_none(), "{:?} in {}", lost, text);
    }

    #[test]
    fn no_item_is_lost(item in some_tokens()) {
        let unchanged = item.to_string();
        let text = attribute::expand(tokens(FULL.0), item).to_string();
        prop_assert!(text.ends_with(&unchanged) || text.contains("Call :: open"), "{}", text);
    }

    #[test]
    fn no_derive_panics(item in some_tokens(), attribute in some_tokens()) {
        context::expand(item.clone());
        error_type::expand(item);
        let on_field = quote::quote!(struct A { #[log(#attribute)] a: u8 });
        prop_assert!(context::expand(on_field).to_string().contains("LogContext"));
        let on_enum = quote::quote!(#[log(#attribute)] enum A { B(#[log(#attribute)] u8) });
        prop_assert!(context::expand(on_enum).to_string().contains("LogContext"));
        let on_variant = quote::quote!(enum A { #[error_type(#attribute)] B(u8) });
        prop_assert!(error_type::expand(on_variant).to_string().contains("ErrorType"));
    }
}
