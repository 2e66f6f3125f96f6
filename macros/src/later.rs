//! The forms of the arguments that come with a later build: what is wrong in one is said today, and the rest is refused.

use syn::parse::ParseStream;
use syn::{Error, Expr, LitStr};

use crate::errors::Errors;
use crate::fields::{List, field};
use crate::list::list;
use crate::place::Place;
use crate::suggest;
use crate::values::judged as judged_value;

/// What a call is to the tracing backends, beside its layer.
const KINDS: &[&str] = &["embedding", "rerank", "prompt", "tool", "guard", "agent"];

/// `inputs(query, ?filter)`
pub(crate) fn values(place: &Place<'_>, errors: &mut Errors) -> syn::Result<()> {
    place.group("inputs(query)", |group| {
        read_fields(group, errors);
        Ok(())
    })
}

/// `versions(prompt = PROMPT_VERSION)`
pub(crate) fn named(place: &Place<'_>, errors: &mut Errors) -> syn::Result<()> {
    place.group("versions(prompt = \"v3\")", |group| {
        read_fields(group, errors);
        Ok(())
    })
}

fn read_fields(group: ParseStream<'_>, errors: &mut Errors) {
    list(group, errors, |input, _| {
        field(input, List::Context).map(drop)
    });
}

/// `output`
pub(crate) fn word(place: &Place<'_>, _: &mut Errors) -> syn::Result<()> {
    if place.stands_alone() {
        return Ok(());
    }
    Err(place.wants("takes no value", "output"))
}

/// `model = MODEL`
pub(crate) fn expression(place: &Place<'_>, _: &mut Errors) -> syn::Result<()> {
    let input = place.value("model = \"gpt-4o-mini\"")?;
    input.parse::<Expr>().map(drop)
}

/// `usage = |answer| answer.usage`
pub(crate) fn judged(place: &Place<'_>, _: &mut Errors) -> syn::Result<()> {
    let example = format!("{} = |value| value.{}()", place.key, place.key);
    let input = place.value(&example)?;
    judged_value(input, place.key, &example).map(drop)
}

/// `kind = "embedding"`
pub(crate) fn kind(place: &Place<'_>, _: &mut Errors) -> syn::Result<()> {
    let written: LitStr = place.string("kind = \"embedding\"")?;
    let word = written.value();
    if KINDS.contains(&word.as_str()) {
        return Ok(());
    }
    let message = suggest::unknown("kind", &word, KINDS);
    Err(Error::new(written.span(), message))
}
