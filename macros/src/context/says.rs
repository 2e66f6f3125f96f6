//! What `#[log(..)]` says of one field, and which of its words go together.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Error, Expr, Ident, LitStr, Token};

use super::Form;
use crate::errors::Errors;
use crate::list::at_end_of_item;
use crate::suggest;

/// Every word, in the order of the documentation.
const WORDS: &[&str] = &[
    "skip", "redact", "rename", "hash", "flatten", "display", "debug", "metric", "with",
];

/// Which words cannot stand beside another, and why. Of the rules the first that is broken is told.
const CONFLICTS: &[(&str, &[&str], &str)] = &[
    (
        "skip",
        &[
            "redact", "rename", "hash", "flatten", "display", "debug", "metric", "with",
        ],
        "a skipped field says nothing else: remove this, or `skip`",
    ),
    (
        "redact",
        &["hash", "flatten", "display", "debug", "metric", "with"],
        "a redacted field is not looked at: remove this, or `redact`",
    ),
    (
        "flatten",
        &["rename", "hash", "display", "debug", "metric"],
        "the fields of a flattened context have names and forms of their own: remove this, or `flatten`",
    ),
    (
        "hash",
        &["display", "debug", "metric"],
        "a hash is text, made of what `Display` prints: remove this, or `hash`",
    ),
    (
        "metric",
        &["display", "debug"],
        "a metric is a number and is not printed: remove this, or `metric`",
    ),
    (
        "display",
        &["debug"],
        "a field is printed one way: keep `display` or `debug`",
    ),
];

/// Whether this is a word of a field.
pub(super) fn is_known(word: &Ident) -> bool {
    WORDS.iter().any(|known| word == known)
}

/// What the attributes of one field say.
#[derive(Default)]
pub(super) struct Says {
    words: Vec<(&'static str, Span)>,
    pub(super) rename: Option<LitStr>,
    pub(super) with: Option<Expr>,
}

impl Says {
    /// Reads one word, and the value that some have.
    pub(super) fn read(&mut self, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        if !input.peek(Ident::peek_any) {
            let words = WORDS.join(", ");
            let message = format!("expected one of {words}: #[log(rename = \"user_id\")]");
            return Err(Error::new(input.span(), message));
        }
        let key = Ident::parse_any(input)?;
        let Some(word) = WORDS.iter().find(|known| key == **known) else {
            let message = suggest::unknown("`log` option", &key.to_string(), WORDS);
            return Err(Error::new(key.span(), message));
        };
        if self.has(word) {
            errors.at(key.span(), format!("`{word}` stands twice: keep one"));
        }
        self.words.push((word, key.span()));
        match *word {
            "rename" => self.rename = Some(new_name(&key, input)?),
            "with" => self.with = Some(function(&key, input)?),
            _ if at_end_of_item(input) => {}
            _ => {
                let message = format!("`{word}` takes no value: #[log({word})]");
                return Err(Error::new(key.span(), message));
            }
        }
        Ok(())
    }

    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|(there, _)| *there == word)
    }

    /// ```text
    /// #[log(skip, redact)]
    /// ```
    pub(super) fn agrees(&self, errors: &mut Errors) {
        let broken = |(word, others, message)| {
            let others: &&[&str] = others;
            let beside = self
                .words
                .iter()
                .filter(|(there, _)| others.contains(there));
            let spans: Vec<Span> = beside.map(|(_, span)| *span).collect();
            (self.has(word) && !spans.is_empty()).then_some((spans, message))
        };
        let mut rules = CONFLICTS
            .iter()
            .map(|(word, others, why)| (*word, others, *why));
        if let Some((spans, message)) = rules.find_map(broken) {
            spans.into_iter().for_each(|span| errors.at(span, message));
        }
    }

    /// How the field is recorded; none if it is left out.
    pub(super) fn form(&self) -> Option<Form> {
        let forms = [
            ("redact", Form::Redacted),
            ("hash", Form::Hashed),
            ("flatten", Form::Flattened),
            ("display", Form::Displayed),
            ("debug", Form::Debugged),
            ("metric", Form::Metric),
        ];
        let said = forms.into_iter().find(|(word, _)| self.has(word));
        let form = said.map_or(Form::Plain, |(_, form)| form);
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
            "a name is not empty: rename = \"user_id\"",
        ));
    }
    Ok(name)
}

/// `|user| user.id` or `path::to::function`
fn function(key: &Ident, input: ParseStream<'_>) -> syn::Result<Expr> {
    let equals: Option<Token![=]> = input.parse()?;
    if equals.is_none() || at_end_of_item(input) {
        let message =
            "`with` needs a function of the field: with = |user| user.id, or with = User::id";
        return Err(Error::new(key.span(), message));
    }
    let start = input.span();
    let message = "`with` is a closure of one argument, or a path to a function: with = |user| user.id, or with = User::id";
    let half = |error| {
        if input.is_empty() {
            Error::new(start, message)
        } else {
            error
        }
    };
    let function: Expr = input.parse().map_err(half)?;
    let fits = is_function(&function);
    fits.then_some(function)
        .ok_or_else(|| Error::new(start, message))
}

fn is_function(expression: &Expr) -> bool {
    match expression {
        Expr::Path(_) => true,
        Expr::Closure(closure) => closure.inputs.len() == 1,
        // What a macro has put in is in a group of its own.
        Expr::Group(group) => is_function(&group.expr),
        Expr::Paren(paren) => is_function(&paren.expr),
        _ => false,
    }
}
