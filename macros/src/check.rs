//! The rules that need more than one argument or the whole function: one function a rule.
//!
//! What can be said while reading one argument is said there, in `values` and `fields`.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Ident, LitStr, ReturnType};

use crate::errors::Errors;
use crate::model::{
    Arguments, Empty, Field, Function, How, Layer, Mode, Name, Opening, RagSpan, Shape, Written,
};
use crate::params::{self, Bound};
use crate::returns::{self, Deferred, Later};
use crate::suggest;
use crate::tail;

/// No span has more fields: `tracing` gives them on in arrays of this length.
const MAX_FIELDS: usize = 32;

/// Holds what was written to the rules, and says what it means.
pub(crate) fn check(written: Written, mode: Mode, errors: &mut Errors) -> Option<RagSpan> {
    let Written {
        mut arguments,
        function,
    } = written;
    let bound = params::bound(&function.signature);
    let deferred = deferred(&function);
    not_const(&function, errors);
    measured_once(&function, errors);
    skipped_exist(&arguments, &bound, errors);
    stream_has_no_value(&arguments, deferred.as_ref(), errors);
    something_is_returned(&arguments, &function, errors);
    name_what_is_empty(&mut arguments, &bound, mode, errors);
    fields_are_unique(&arguments, errors);
    if mode == Mode::Compatible {
        capture(&mut arguments, &bound);
        arguments.layer.get_or_insert(Layer::Known("Api"));
    }
    not_too_many(&arguments, errors);
    let shape = shape(&function, deferred, errors);
    let layer = layer_is_given(&mut arguments, function.signature.ident.span(), errors)?;
    Some(resolve(layer, shape, arguments, function))
}

/// ```text
/// #[rag_span(layer = "data")]
/// const fn limit() -> usize { 10 }
/// ```
fn not_const(function: &Function, errors: &mut Errors) {
    let Some(constness) = &function.signature.constness else {
        return;
    };
    let message = if function.owner.is_some() {
        "a `const fn` runs where nothing can be measured: leave it out with #[rag_span(skip)]"
    } else {
        "a `const fn` runs where nothing can be measured: remove `const` or the attribute"
    };
    errors.at(constness.span, message);
}

/// ```text
/// #[rag_span(layer = "data")]
/// #[rag_span(layer = "retrieval")]
/// fn load() {}
/// ```
fn measured_once(function: &Function, errors: &mut Errors) {
    for attribute in function.attributes.iter().filter(|found| is_ours(found)) {
        errors.at(
            attribute.path().span(),
            "this function is measured already: keep one #[rag_span]",
        );
    }
}

/// Whether this is the attribute itself.
pub(crate) fn is_ours(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|last| last.ident == "rag_span")
}

/// ```text
/// #[rag_span(layer = "data", skip(pasword))]
/// fn login(user: &str, password: &str) {}
/// ```
fn skipped_exist(arguments: &Arguments, bound: &[Bound], errors: &mut Errors) {
    for skipped in &arguments.skip {
        if !bound.iter().any(|bound| bound.name == *skipped) {
            errors.at(skipped.span(), nothing_to_skip(skipped, bound));
        }
    }
}

fn nothing_to_skip(skipped: &Ident, bound: &[Bound]) -> String {
    let names: Vec<String> = bound.iter().map(|bound| bound.name.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let near = match suggest::nearest(&skipped.to_string(), &names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => String::from("leave it out"),
    };
    format!("the function has no argument `{skipped}` to skip: {near}")
}

/// ```text
/// #[rag_span(layer = "generation", ok(|tokens| n = tokens.len()))]
/// fn tokens() -> impl Stream<Item = Token> { .. }
/// ```
fn stream_has_no_value(arguments: &Arguments, deferred: Option<&Deferred>, errors: &mut Errors) {
    if deferred.is_none_or(|deferred| deferred.later == Later::Future) {
        return;
    }
    let told_by_value = matches!(arguments.empty, Some(Empty::By(_)));
    for word in ["ok", "ret", "outcome", "empty"] {
        let Some(key) = arguments.key(word) else {
            continue;
        };
        if word != "empty" || told_by_value {
            errors.at(
                key.span(),
                format!(
                    "`{word}` needs a value, and a stream gives items instead: leave it out; \
                     the items are counted, and `empty` alone tells a stream without any"
                ),
            );
        }
    }
}

/// ```text
/// #[rag_span(layer = "api", err)]
/// fn warm() {}
/// ```
fn something_is_returned(arguments: &Arguments, function: &Function, errors: &mut Errors) {
    let output = &function.signature.output;
    let (what, words): (_, &[&str]) = match output {
        ReturnType::Default => ("returns nothing", &["err", "empty"]),
        output if returns::never(output) => {
            ("never returns", &["ok", "err", "ret", "empty", "outcome"])
        }
        ReturnType::Type(..) => return,
    };
    let written = words.iter().filter_map(|word| arguments.key(word));
    for key in written {
        errors.at(
            key.span(),
            format!("`{key}` speaks of the value returned, and this function {what}: leave it out"),
        );
    }
}

/// ```text
/// #[rag_span(layer = "data", fields(top_k, self.limit, http_status))]
/// fn search(&self, top_k: usize) {}
/// ```
///
/// A bare name of `fields(..)` is recorded if it is an argument's; another declares a field for the body to record.
fn name_what_is_empty(arguments: &mut Arguments, bound: &[Bound], mode: Mode, errors: &mut Errors) {
    if mode == Mode::Compatible {
        return;
    }
    let bare = arguments
        .fields
        .iter_mut()
        .filter(|field| field.how == How::Empty);
    for field in bare {
        let Name::Text(name) = &field.name else {
            continue;
        };
        let first = name.split('.').next().unwrap_or_default();
        if !bound.iter().any(|bound| bound.name.unraw() == first) {
            continue;
        }
        if let Some((_, last)) = name.rsplit_once('.') {
            errors.at(
                field.span,
                format!("`{name}` would be declared and stay empty: write `{last} = {name}`"),
            );
        } else {
            field.how = How::Value;
        }
    }
}

/// ```text
/// #[rag_span(layer = "data", context(id), ok(|row| id = row.id))]
/// fn load(id: u64) -> Row { .. }
/// ```
pub(crate) fn fields_are_unique(arguments: &Arguments, errors: &mut Errors) {
    let mut names = HashSet::new();
    for field in all_fields(arguments) {
        let Name::Text(name) = &field.name else {
            continue;
        };
        if !names.insert(name) {
            errors.at(
                field.span,
                format!("the field `{name}` is there already: give one another name"),
            );
        }
    }
}

fn all_fields(arguments: &Arguments) -> impl Iterator<Item = &Field> {
    let on_success = arguments.ok.iter().flat_map(|ok| &ok.fields);
    arguments
        .fields
        .iter()
        .chain(&arguments.context)
        .chain(&arguments.metrics)
        .chain(&arguments.versions)
        .chain(on_success)
}

/// A function with more recorded fields than `tracing` can carry.
pub(crate) fn not_too_many(arguments: &Arguments, errors: &mut Errors) {
    if let Some(field) = all_fields(arguments).nth(MAX_FIELDS) {
        let count = all_fields(arguments).count();
        errors.at(
            field.span,
            format!("{count} fields are more than the {MAX_FIELDS} that a span can carry: leave some out, or record a struct with `?`"),
        );
    }
}

/// `tracing`'s attribute records every argument that was not skipped and has no field of its name.
fn capture(arguments: &mut Arguments, bound: &[Bound]) {
    if arguments.skip_all {
        return;
    }
    let has_field = |bound: &Bound| {
        let is =
            |field: &Field| matches!(&field.name, Name::Text(name) if bound.name.unraw() == name);
        arguments.fields.iter().any(is)
    };
    let captured = bound
        .iter()
        .filter(|bound| !arguments.skip.contains(&bound.name) && !has_field(bound));
    let captured: Vec<Field> = captured.map(captured_field).collect();
    let named = std::mem::replace(&mut arguments.fields, captured);
    arguments.fields.extend(named);
}

fn captured_field(bound: &Bound) -> Field {
    let name = &bound.name;
    Field {
        name: Name::Text(name.unraw().to_string()),
        span: name.span(),
        how: bound.how,
        value: syn::parse_quote!(#name),
    }
}

/// What shows that the work comes after the return: the type, or the last words of the body.
fn deferred(function: &Function) -> Option<Deferred> {
    let output = &function.signature.output;
    returns::deferred(output).or_else(|| {
        let makes_one = function.signature.asyncness.is_none() && tail::boxes_async(&function.body);
        returns::alias(output).filter(|_| makes_one)
    })
}

/// How the body has to run.
fn shape(function: &Function, deferred: Option<Deferred>, errors: &mut Errors) -> Shape {
    if let Some(deferred) = deferred {
        return Shape::Deferred(Box::new(deferred));
    }
    if function.signature.asyncness.is_some() {
        return Shape::Async;
    }
    let track_caller = |attribute: &&Attribute| attribute.path().is_ident("track_caller");
    let Some(tracks) = function.attributes.iter().find(track_caller) else {
        return Shape::Closure;
    };
    if returns_early(function.body.stream()) {
        errors.at(
            tracks.path().span(),
            "a `#[track_caller]` function is measured where it stands, and then `return` and `?` would leave \
             unseen: move the body into a function of its own and annotate that, or remove `#[track_caller]`",
        );
    }
    Shape::InPlace
}

/// Whether a `return` or a `?` stands anywhere in the body.
fn returns_early(body: TokenStream) -> bool {
    body.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "return",
        TokenTree::Punct(sign) => sign.as_char() == '?',
        TokenTree::Group(group) => returns_early(group.stream()),
        TokenTree::Literal(_) => false,
    })
}

/// What is missing is missing in the attribute, so the whole of it is pointed at; it is the user's token if it resolves as
/// one does.
///
/// ```text
/// #[rag_span]
/// fn load() {}
/// ```
pub(crate) fn layer_is_given(
    arguments: &mut Arguments,
    token: Span,
    errors: &mut Errors,
) -> Option<Layer> {
    let layer = arguments.layer.take();
    // A layer that is written but wrong has been reported where it stands.
    if layer.is_none() && arguments.key("layer").is_none() {
        errors.at(
            Span::call_site().resolved_at(token),
            "`layer` is missing: write layer = \"api\", \"ingestion\", \"data\", \"retrieval\", \
             \"generation\", \"evaluation\" or \"memory\", or layer = custom(\"name\")",
        );
    }
    layer
}

pub(crate) fn resolve(
    layer: Layer,
    shape: Shape,
    arguments: Arguments,
    function: Function,
) -> RagSpan {
    let operation = arguments
        .operation
        .or_else(|| named(arguments.name.as_ref()))
        .unwrap_or_else(|| own_name(&function));
    let mut entry = arguments.context;
    entry.extend(arguments.metrics);
    entry.extend(arguments.versions);
    RagSpan {
        krate: arguments.krate,
        operation,
        name: arguments.name,
        target: arguments.target,
        layer,
        level: arguments.level,
        slow_us: arguments.slow_us,
        opening: Opening {
            parent: arguments.parent,
            follows_from: arguments.follows_from,
            context_from: arguments.context_from,
            fields: arguments.fields,
        },
        entry,
        outcome: arguments.outcome,
        empty: arguments.empty,
        ok: arguments.ok,
        err: arguments.err,
        ret: arguments.ret,
        model: arguments.model,
        usage: arguments.usage,
        cost: arguments.cost,
        documents: arguments.documents,
        kind: arguments.kind,
        shape,
        function,
    }
}

/// A name that was written out, and may be the operation's too.
fn named(name: Option<&Expr>) -> Option<LitStr> {
    syn::parse2(name?.to_token_stream()).ok()
}

fn own_name(function: &Function) -> LitStr {
    let name = &function.signature.ident;
    let text = match &function.owner {
        Some(owner) => format!("{}::{}", owner.unraw(), name.unraw()),
        None => name.unraw().to_string(),
    };
    LitStr::new(&text, name.span())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    /// What the rules say of an annotated function.
    fn said(arguments: &str, item: &str) -> String {
        let (arguments, item) = (arguments.parse().unwrap(), item.parse().unwrap());
        let checked =
            Errors::collect(|errors| check(parse(arguments, item, errors)?, Mode::Ours, errors));
        checked
            .err()
            .map_or_else(String::new, |reported| reported.into_tokens().to_string())
    }

    const LAYER: &str = "layer = \"data\"";

    #[test]
    fn each_rule_speaks_only_where_it_is_broken() {
        assert_eq!(said(LAYER, "async fn f() -> Vec<u8> { g() }"), "");
        for (more, item, part) in [
            ("", "const fn f() {}", "remove `const`"),
            (
                "",
                "#[inline] #[ragspan::rag_span(layer = \"api\")] fn f() {}",
                "measured already",
            ),
            (", skip(b)", "fn f(a: u8) {}", "no argument `b`"),
            (
                ", ok(|t| n = 1)",
                "fn f() -> impl Stream<Item = u8> {}",
                "gives items instead",
            ),
            (
                ", empty = |t| t",
                "fn f() -> BoxStream<'static, u8> {}",
                "gives items instead",
            ),
            (", err", "fn f() {}", "returns nothing"),
            (", ret", "fn f() -> ! {}", "never returns"),
            (", fields(a.b)", "fn f(a: A) {}", "write `b = a.b`"),
            (
                "",
                "#[track_caller] fn f() -> Option<u8> { g()?; None }",
                "leave unseen",
            ),
        ] {
            let text = said(&format!("{LAYER}{more}"), item);
            assert_eq!(
                (text.contains(part), text.matches("compile_error").count()),
                (true, 1),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_right_beside_it_is_let_through() {
        for (more, item) in [
            (", skip(a, b)", "fn f((a, b): (u8, u8)) {}"),
            (", ok(|t| n = 1)", "fn f() -> impl Future<Output = u8> {}"),
            (", empty", "fn f() -> impl Stream<Item = u8> {}"),
            (", fields(a, later, other.later)", "fn f(a: u8) {}"),
            ("", "#[track_caller] fn f() -> Option<u8> { None }"),
            (", skip(self)", "fn f(&self) {}"),
        ] {
            assert_eq!(said(&format!("{LAYER}{more}"), item), "");
        }
    }

    #[test]
    fn no_span_has_more_fields_than_it_can_carry() {
        let fields = |count: usize| {
            let names: Vec<String> = (0..count).map(|n| format!("f{n} = {n}")).collect();
            said(
                &format!("{LAYER}, context({})", names.join(", ")),
                "fn f() {}",
            )
        };
        assert_eq!(fields(32), "");
        assert!(fields(33).contains("33 fields"));
    }

    #[test]
    fn a_field_is_recorded_under_one_name_once() {
        for (fields, twice) in [
            ("context(a, b), metrics(a, b), ok(|v| c = v)", None),
            ("context(a, a = 1)", Some("`a`")),
            ("context(metrics.a = 1), metrics(a)", Some("`metrics.a`")),
            ("context(r#type), ok(|v| type = v)", Some("`type`")),
            ("metrics(a), ok(|v| metrics.a = v)", Some("`metrics.a`")),
        ] {
            let text = said(&format!("{LAYER}, {fields}"), "fn f() {}");
            let found =
                twice.is_none_or(|name| text.contains(&format!("the field {name} is there")));
            assert!(
                found && text.is_empty() == twice.is_none(),
                "{fields}: {text}"
            );
        }
    }

    #[test]
    fn a_layer_is_missed_only_where_none_is_written() {
        assert!(said("", "fn f() {}").contains("`layer` is missing"));
        assert!(said("context(a)", "fn f() {}").contains("`layer` is missing"));
        assert!(!said("layer = 1", "fn f() {}").contains("is missing"));
    }
}
