//! The checks that need several arguments or the whole function: one function per rule.
//!
//! Errors in a single argument are reported while it is parsed, in `values` and `fields`.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Ident, LitStr, ReturnType};

use crate::errors::Errors;
use crate::model::{
    Arguments, CheckedSpan, EmptyCheck, Field, FieldKind, FieldName, Function, Layer, Mode,
    Opening, ParsedSpan, Shape,
};
use crate::params::{self, Binding};
use crate::return_type::{self, Deferred, DeferredKind};
use crate::suggest;
use crate::tail;

/// The maximum number of fields of a span. `tracing` passes field values in arrays of at most this length.
const MAX_FIELDS: usize = 32;

/// Validates one use of the attribute and resolves it to a [`CheckedSpan`].
pub(crate) fn check(parsed: ParsedSpan, mode: Mode, errors: &mut Errors) -> Option<CheckedSpan> {
    let ParsedSpan {
        mut arguments,
        function,
    } = parsed;
    let bindings = params::bindings(&function.signature);
    let deferred = deferred(&function);
    reject_const_fn(&function, errors);
    reject_second_attribute(&function, errors);
    check_skipped_names(&arguments, &bindings, errors);
    reject_value_arguments_of_stream(&arguments, deferred.as_ref(), errors);
    reject_value_arguments_without_value(&arguments, &function, errors);
    resolve_bare_fields(&mut arguments, &bindings, mode, errors);
    reject_duplicate_fields(&arguments, errors);
    if mode == Mode::Compatible {
        capture_parameters(&mut arguments, &bindings);
        arguments
            .layer
            .get_or_insert(Layer::Known(ragspan_core::Layer::Api));
    }
    reject_too_many_fields(&arguments, errors);
    let shape = shape(&function, deferred, errors);
    let layer = require_layer(&mut arguments, function.signature.ident.span(), errors)?;
    Some(resolve(layer, shape, arguments, function))
}

/// ```text
/// #[rag_span(layer = "data")]
/// const fn limit() -> usize { 10 }
/// ```
fn reject_const_fn(function: &Function, errors: &mut Errors) {
    let Some(constness) = &function.signature.constness else {
        return;
    };
    let message = if function.owner.is_some() {
        "a `const fn` cannot be instrumented, because it may run at compile time: leave it out with #[rag_span(skip)]"
    } else {
        "a `const fn` cannot be instrumented, because it may run at compile time: remove `const` or the attribute"
    };
    errors.at(constness.span, message);
}

/// ```text
/// #[rag_span(layer = "data")]
/// #[rag_span(layer = "retrieval")]
/// fn load() {}
/// ```
fn reject_second_attribute(function: &Function, errors: &mut Errors) {
    for attribute in function
        .attributes
        .iter()
        .filter(|attribute| is_rag_span(attribute))
    {
        errors.at(
            attribute.path().span(),
            "this function already has a #[rag_span]: keep one of the two",
        );
    }
}

/// Returns `true` if the attribute is `#[rag_span]`.
pub(crate) fn is_rag_span(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|last| last.ident == "rag_span")
}

/// ```text
/// #[rag_span(layer = "data", skip(pasword))]
/// fn login(user: &str, password: &str) {}
/// ```
fn check_skipped_names(arguments: &Arguments, bindings: &[Binding], errors: &mut Errors) {
    for skipped in &arguments.skip {
        if !bindings.iter().any(|binding| binding.name == *skipped) {
            errors.at(skipped.span(), unknown_parameter(skipped, bindings));
        }
    }
}

fn unknown_parameter(skipped: &Ident, bindings: &[Binding]) -> String {
    let names: Vec<String> = bindings
        .iter()
        .map(|binding| binding.name.to_string())
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let fix = match suggest::nearest(&skipped.to_string(), &names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => String::from("remove it"),
    };
    format!("the function has no parameter `{skipped}` to skip; {fix}")
}

/// ```text
/// #[rag_span(layer = "generation", ok(|tokens| n = tokens.len()))]
/// fn tokens() -> impl Stream<Item = Token> { .. }
/// ```
fn reject_value_arguments_of_stream(
    arguments: &Arguments,
    deferred: Option<&Deferred>,
    errors: &mut Errors,
) {
    if deferred.is_none_or(|deferred| deferred.kind == DeferredKind::Future) {
        return;
    }
    let empty_reads_value = matches!(arguments.empty, Some(EmptyCheck::Closure(_)));
    for name in ["ok", "ret", "outcome", "empty"] {
        let Some(key) = arguments.key(name) else {
            continue;
        };
        if name != "empty" || empty_reads_value {
            errors.at(
                key.span(),
                format!(
                    "`{name}` reads the returned value, but a stream yields items instead: remove it; \
                     items are counted, and a bare `empty` detects a stream without items"
                ),
            );
        }
    }
}

/// ```text
/// #[rag_span(layer = "api", err)]
/// fn warm() {}
/// ```
fn reject_value_arguments_without_value(
    arguments: &Arguments,
    function: &Function,
    errors: &mut Errors,
) {
    let output = &function.signature.output;
    let (reason, names): (_, &[&str]) = match output {
        ReturnType::Default => ("returns nothing", &["err", "empty"]),
        output if return_type::never(output) => {
            ("never returns", &["ok", "err", "ret", "empty", "outcome"])
        }
        ReturnType::Type(..) => return,
    };
    for key in names.iter().filter_map(|name| arguments.key(name)) {
        errors.at(
            key.span(),
            format!("`{key}` reads the returned value, but this function {reason}: remove it"),
        );
    }
}

/// ```text
/// #[rag_span(layer = "data", fields(top_k, self.limit, http_status))]
/// fn search(&self, top_k: usize) {}
/// ```
///
/// Records a bare name in `fields(..)` if it is a parameter. Any other bare name declares a field for the body to
/// record.
fn resolve_bare_fields(
    arguments: &mut Arguments,
    bindings: &[Binding],
    mode: Mode,
    errors: &mut Errors,
) {
    if mode == Mode::Compatible {
        return;
    }
    let bare = arguments
        .fields
        .iter_mut()
        .filter(|field| field.kind == FieldKind::Empty);
    for field in bare {
        let FieldName::Text(name) = &field.name else {
            continue;
        };
        let first = name.split('.').next().unwrap_or_default();
        if !bindings.iter().any(|binding| binding.name.unraw() == first) {
            continue;
        }
        if let Some((_, last)) = name.rsplit_once('.') {
            errors.at(
                field.span,
                format!("`{name}` would declare an empty field: write `{last} = {name}` to record the value"),
            );
        } else {
            field.kind = FieldKind::Value;
        }
    }
}

/// ```text
/// #[rag_span(layer = "data", context(id), ok(|row| id = row.id))]
/// fn load(id: u64) -> Row { .. }
/// ```
pub(crate) fn reject_duplicate_fields(arguments: &Arguments, errors: &mut Errors) {
    let mut names = HashSet::new();
    for field in all_fields(arguments) {
        let FieldName::Text(name) = &field.name else {
            continue;
        };
        if !names.insert(name) {
            errors.at(
                field.span,
                format!("the field `{name}` is given twice: rename one of the two"),
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

/// Rejects a function with more recorded fields than `tracing` supports.
pub(crate) fn reject_too_many_fields(arguments: &Arguments, errors: &mut Errors) {
    if let Some(field) = all_fields(arguments).nth(MAX_FIELDS) {
        let count = all_fields(arguments).count();
        errors.at(
            field.span,
            format!("{count} fields exceed the maximum of {MAX_FIELDS} per span: remove some, or record a struct with `?`"),
        );
    }
}

/// Adds a field for every parameter that is not skipped and has no field of its name, as `tracing::instrument` does.
fn capture_parameters(arguments: &mut Arguments, bindings: &[Binding]) {
    if arguments.skip_all {
        return;
    }
    let has_field = |binding: &Binding| {
        let is = |field: &Field| matches!(&field.name, FieldName::Text(name) if binding.name.unraw() == name);
        arguments.fields.iter().any(is)
    };
    let captured = bindings
        .iter()
        .filter(|binding| !arguments.skip.contains(&binding.name) && !has_field(binding));
    let captured: Vec<Field> = captured.map(captured_field).collect();
    let named = std::mem::replace(&mut arguments.fields, captured);
    arguments.fields.extend(named);
}

fn captured_field(binding: &Binding) -> Field {
    let name = &binding.name;
    Field {
        name: FieldName::Text(name.unraw().to_string()),
        span: name.span(),
        kind: binding.kind,
        value: syn::parse_quote!(#name),
    }
}

/// Detects a returned future or stream by the return type, or a boxed future by the last tokens of the body.
fn deferred(function: &Function) -> Option<Deferred> {
    let output = &function.signature.output;
    return_type::deferred(output).or_else(|| {
        let returns_boxed_async =
            function.signature.asyncness.is_none() && tail::boxes_async(&function.body);
        return_type::alias(output).filter(|_| returns_boxed_async)
    })
}

/// Chooses the construct that the body is moved into.
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
            "a `#[track_caller]` function cannot use `return` or `?`, which would bypass the instrumentation: \
             move the body into another function and annotate that, or remove `#[track_caller]`",
        );
    }
    Shape::Inline
}

/// Returns `true` if the body contains a `return` or a `?`.
fn returns_early(body: TokenStream) -> bool {
    body.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "return",
        TokenTree::Punct(sign) => sign.as_char() == '?',
        TokenTree::Group(group) => returns_early(group.stream()),
        TokenTree::Literal(_) => false,
    })
}

/// Takes the layer, or reports that it is missing. The error points at the whole attribute.
///
/// `token` is a token of the user's. With its hygiene, the error counts as located in user code.
///
/// ```text
/// #[rag_span]
/// fn load() {}
/// ```
pub(crate) fn require_layer(
    arguments: &mut Arguments,
    token: Span,
    errors: &mut Errors,
) -> Option<Layer> {
    let layer = arguments.layer.take();
    // An invalid layer was already reported by its parser.
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
) -> CheckedSpan {
    let operation = arguments
        .operation
        .or_else(|| string_literal(arguments.name.as_ref()))
        .unwrap_or_else(|| function_name(&function));
    let mut call_fields = arguments.context;
    call_fields.extend(arguments.metrics);
    call_fields.extend(arguments.versions);
    CheckedSpan {
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
        call_fields,
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

/// Returns the span's name if it is a string literal, which is then also the operation.
fn string_literal(name: Option<&Expr>) -> Option<LitStr> {
    syn::parse2(name?.to_token_stream()).ok()
}

/// Returns the default operation: the function's name, with its type or trait if that is annotated.
fn function_name(function: &Function) -> LitStr {
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

    /// Returns the errors for an annotated function.
    fn errors(arguments: &str, item: &str) -> String {
        let (arguments, item) = (arguments.parse().unwrap(), item.parse().unwrap());
        let checked =
            Errors::collect(|errors| check(parse(arguments, item, errors)?, Mode::RagSpan, errors));
        checked
            .err()
            .map_or_else(String::new, |reported| reported.into_tokens().to_string())
    }

    const LAYER: &str = "layer = \"data\"";

    #[test]
    fn each_broken_rule_reports_one_error() {
        assert_eq!(errors(LAYER, "async fn f() -> Vec<u8> { g() }"), "");
        for (more, item, part) in [
            ("", "const fn f() {}", "remove `const`"),
            (
                "",
                "#[inline] #[ragspan::rag_span(layer = \"api\")] fn f() {}",
                "already has a #[rag_span]",
            ),
            (", skip(b)", "fn f(a: u8) {}", "no parameter `b`"),
            (
                ", ok(|t| n = 1)",
                "fn f() -> impl Stream<Item = u8> {}",
                "yields items instead",
            ),
            (
                ", empty = |t| t",
                "fn f() -> BoxStream<'static, u8> {}",
                "yields items instead",
            ),
            (", err", "fn f() {}", "returns nothing"),
            (", ret", "fn f() -> ! {}", "never returns"),
            (", fields(a.b)", "fn f(a: A) {}", "write `b = a.b`"),
            (
                "",
                "#[track_caller] fn f() -> Option<u8> { g()?; None }",
                "bypass the instrumentation",
            ),
        ] {
            let text = errors(&format!("{LAYER}{more}"), item);
            assert_eq!(
                (text.contains(part), text.matches("compile_error").count()),
                (true, 1),
                "{text}"
            );
        }
    }

    #[test]
    fn valid_arguments_report_no_error() {
        for (more, item) in [
            (", skip(a, b)", "fn f((a, b): (u8, u8)) {}"),
            (", ok(|t| n = 1)", "fn f() -> impl Future<Output = u8> {}"),
            (", empty", "fn f() -> impl Stream<Item = u8> {}"),
            (", fields(a, later, other.later)", "fn f(a: u8) {}"),
            ("", "#[track_caller] fn f() -> Option<u8> { None }"),
            (", skip(self)", "fn f(&self) {}"),
        ] {
            assert_eq!(errors(&format!("{LAYER}{more}"), item), "");
        }
    }

    #[test]
    fn more_than_32_fields_are_rejected() {
        let fields = |count: usize| {
            let names: Vec<String> = (0..count).map(|n| format!("f{n} = {n}")).collect();
            errors(
                &format!("{LAYER}, context({})", names.join(", ")),
                "fn f() {}",
            )
        };
        assert_eq!(fields(32), "");
        assert!(fields(33).contains("33 fields"));
    }

    #[test]
    fn a_field_name_that_is_given_twice_is_rejected() {
        for (fields, twice) in [
            ("context(a, b), metrics(a, b), ok(|v| c = v)", None),
            ("context(a, a = 1)", Some("`a`")),
            ("context(metrics.a = 1), metrics(a)", Some("`metrics.a`")),
            ("context(r#type), ok(|v| type = v)", Some("`type`")),
            ("metrics(a), ok(|v| metrics.a = v)", Some("`metrics.a`")),
        ] {
            let text = errors(&format!("{LAYER}, {fields}"), "fn f() {}");
            let found =
                twice.is_none_or(|name| text.contains(&format!("the field {name} is given twice")));
            assert!(
                found && text.is_empty() == twice.is_none(),
                "{fields}: {text}"
            );
        }
    }

    #[test]
    fn a_missing_layer_is_reported_and_an_invalid_one_is_not_missing() {
        assert!(errors("", "fn f() {}").contains("`layer` is missing"));
        assert!(errors("context(a)", "fn f() {}").contains("`layer` is missing"));
        assert!(!errors("layer = 1", "fn f() {}").contains("is missing"));
    }
}
