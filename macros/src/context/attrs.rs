//! The options of `#[log(..)]` on one field, and the rules on how they combine.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Error, Expr, Ident, LitStr, Token};

use super::Form;
use crate::errors::Errors;
use crate::list::at_end_of_item;
use crate::suggest;

/// All options, in the order of the documentation.
const OPTIONS: &[&str] = &[
    "skip", "redact", "rename", "hash", "flatten", "display", "debug", "metric", "with",
];

/// The options that an option cannot be combined with, and the error message. Only the first broken rule is reported.
const CONFLICTS: &[(&str, &[&str], &str)] = &[
    (
        "skip",
        &[
            "redact", "rename", "hash", "flatten", "display", "debug", "metric", "with",
        ],
        "a skipped field is not recorded: remove this, or `skip`",
    ),
    (
        "redact",
        &["hash", "flatten", "display", "debug", "metric", "with"],
        "the value of a redacted field is not read: remove this, or `redact`",
    ),
    (
        "flatten",
        &["rename", "hash", "display", "debug", "metric"],
        "the fields of a flattened context keep their own names and formats: remove this, or `flatten`",
    ),
    (
        "hash",
        &["display", "debug", "metric"],
        "a hash is computed from the `Display` output: remove this, or `hash`",
    ),
    (
        "metric",
        &["display", "debug"],
        "a metric is a number and is not formatted: remove this, or `metric`",
    ),
    (
        "display",
        &["debug"],
        "a field has one format: keep either `display` or `debug`",
    ),
];

/// Returns `true` if this is the name of an option.
pub(super) fn is_known(name: &Ident) -> bool {
    OPTIONS.iter().any(|known| name == known)
}

/// The options of one field.
#[derive(Default)]
pub(super) struct FieldAttrs {
    options: Vec<(&'static str, Span)>,
    pub(super) rename: Option<LitStr>,
    pub(super) with: Option<Expr>,
}

impl FieldAttrs {
    /// Parses one option and its value, if it has one.
    pub(super) fn read(&mut self, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        if !input.peek(Ident::peek_any) {
            let options = OPTIONS.join(", ");
            let message = format!("expected one of {options}: #[log(rename = \"user_id\")]");
            return Err(Error::new(input.span(), message));
        }
        let key = Ident::parse_any(input)?;
        let Some(option) = OPTIONS.iter().find(|known| key == **known) else {
            let message = suggest::unknown("`log` option", &key.to_string(), OPTIONS);
            return Err(Error::new(key.span(), message));
        };
        if self.has(option) {
            errors.at(key.span(), format!("`{option}` is given twice: keep one"));
        }
        self.options.push((option, key.span()));
        match *option {
            "rename" => self.rename = Some(new_name(&key, input)?),
            "with" => self.with = Some(function(&key, input)?),
            _ if at_end_of_item(input) => {}
            _ => {
                let message = format!("`{option}` takes no value: #[log({option})]");
                return Err(Error::new(key.span(), message));
            }
        }
        Ok(())
    }

    fn has(&self, option: &str) -> bool {
        self.options.iter().any(|(given, _)| *given == option)
    }

    /// ```text
    /// #[log(skip, redact)]
    /// ```
    pub(super) fn reject_conflicts(&self, errors: &mut Errors) {
        let broken = |(option, others, message)| {
            let others: &&[&str] = others;
            let conflicting = self
                .options
                .iter()
                .filter(|(given, _)| others.contains(given));
            let spans: Vec<Span> = conflicting.map(|(_, span)| *span).collect();
            (self.has(option) && !spans.is_empty()).then_some((spans, message))
        };
        let mut rules = CONFLICTS
            .iter()
            .map(|(option, others, message)| (*option, others, *message));
        if let Some((spans, message)) = rules.find_map(broken) {
            spans.into_iter().for_each(|span| errors.at(span, message));
        }
    }

    /// Returns the form in which the field is recorded, or `None` if it is skipped.
    pub(super) fn form(&self) -> Option<Form> {
        let forms = [
            ("redact", Form::Redacted),
            ("hash", Form::Hashed),
            ("flatten", Form::Flattened),
            ("display", Form::Displayed),
            ("debug", Form::Debugged),
            ("metric", Form::Metric),
        ];
        let given = forms.into_iter().find(|(option, _)| self.has(option));
        let form = given.map_or(Form::Plain, |(_, form)| form);
        (!self.has("skip")).then_some(form)
    }
}

fn new_name(key: &Ident, input: ParseStream<'_>) -> syn::Result<LitStr> {
    let equals: Option<Token![=]> = input.parse()?;
    if equals.is_none() || !input.peek(LitStr) {
        return Err(Error::new(
            key.span(),
            "`rename` needs a name: rename = \"user_id\"",
        ));
    }
    let name: LitStr = input.parse()?;
    if name.value().is_empty() {
        return Err(Error::new(
            name.span(),
            "a field name must not be empty: rename = \"user_id\"",
        ));
    }
    Ok(name)
}

/// `|user| user.id` or `path::to::function`
fn function(key: &Ident, input: ParseStream<'_>) -> syn::Result<Expr> {
    let equals: Option<Token![=]> = input.parse()?;
    if equals.is_none() || at_end_of_item(input) {
        let message = "`with` needs a function that takes the field: with = |user| user.id, or with = User::id";
        return Err(Error::new(key.span(), message));
    }
    let start = input.span();
    let message = "`with` must be a closure with one parameter or a path to a function: with = |user| user.id, or with = User::id";
    let incomplete = |error| {
        if input.is_empty() {
            Error::new(start, message)
        } else {
            error
        }
    };
    let function: Expr = input.parse().map_err(incomplete)?;
    is_function(&function)
        .then_some(function)
        .ok_or_else(|| Error::new(start, message))
}

fn is_function(expression: &Expr) -> bool {
    match expression {
        Expr::Path(_) => true,
        Expr::Closure(closure) => closure.inputs.len() == 1,
        // A macro fragment is in an invisible group.
        Expr::Group(group) => is_function(&group.expr),
        Expr::Paren(paren) => is_function(&paren.expr),
        _ => false,
    }
}
