//! The grammar of the words of RAG: a model's name, its tokens and their cost, documents, kinds and versions.

use syn::{Error, Token};

use crate::errors::Errors;
use crate::fields::{List, field};
use crate::list::list;
use crate::model::{Arguments, Judged, ModelBy};
use crate::place::Place;
use crate::suggest;
use crate::values::judged;

/// What a call is to the tracing backends, beside its layer.
const KINDS: &[&str] = &["embedding", "rerank", "prompt", "tool", "guard", "agent"];

/// `model = MODEL`, or `model = |reply| &reply.model`
pub(crate) fn model(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    let example = "model = \"gpt-4o-mini\" or model = |reply| &reply.model";
    let input = place.value(example)?;
    arguments.model = Some(if input.peek(Token![|]) {
        ModelBy::Value(judged(input, place.key, example)?)
    } else {
        ModelBy::Given(input.parse()?)
    });
    Ok(())
}

/// `usage = |reply| reply.usage`; on a stream, of an item
pub(crate) fn usage(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    arguments.usage = Some(told(place, "usage = |reply| reply.usage")?);
    Ok(())
}

/// `cost = |reply| reply.dollars`
pub(crate) fn cost(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    arguments.cost = Some(told(place, "cost = |reply| reply.dollars")?);
    Ok(())
}

/// `documents = |hits| hits.iter().map(|hit| (hit.id.as_str(), hit.score))`
pub(crate) fn documents(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    let example = "documents = |hits| hits.iter().map(|hit| (hit.id.as_str(), hit.score))";
    arguments.documents = Some(told(place, example)?);
    Ok(())
}

fn told(place: &Place<'_>, example: &str) -> syn::Result<Judged> {
    let input = place.value(example)?;
    judged(input, place.key, example)
}

/// `kind = "embedding"`
pub(crate) fn kind(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    let written = place.string("kind = \"embedding\"")?;
    let word = written.value();
    if !KINDS.contains(&word.as_str()) {
        let message = suggest::unknown("kind", &word, KINDS);
        return Err(Error::new(written.span(), message));
    }
    arguments.kind = Some(written);
    Ok(())
}

/// `versions(prompt = "v3", index = INDEX_VERSION)`
pub(crate) fn versions(
    arguments: &mut Arguments,
    place: &Place<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    arguments.versions = place.group("versions(prompt = \"v3\")", |group| {
        let mut versions = Vec::new();
        list(group, errors, |input, _| {
            versions.push(field(input, List::Versions)?);
            Ok(())
        });
        Ok(versions)
    })?;
    Ok(())
}
