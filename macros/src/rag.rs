//! The grammar of the RAG arguments: `model`, `usage`, `cost`, `documents`, `kind` and `versions`.

use syn::{Error, Token};

use crate::arg::Arg;
use crate::errors::Errors;
use crate::fields::{FieldGroup, field};
use crate::list::list;
use crate::model::{Arguments, ModelSource, ValueClosure};
use crate::suggest;
use crate::values::value_closure;

/// The kinds of call that tracing backends know, in addition to the layer.
const KINDS: &[&str] = &["embedding", "rerank", "prompt", "tool", "guard", "agent"];

/// `model = MODEL`, or `model = |reply| &reply.model`
pub(crate) fn model(arguments: &mut Arguments, arg: &Arg<'_>, _: &mut Errors) -> syn::Result<()> {
    let example = "model = \"gpt-4o-mini\" or model = |reply| &reply.model";
    let input = arg.value(example)?;
    arguments.model = Some(if input.peek(Token![|]) {
        ModelSource::Closure(value_closure(input, arg.key, example)?)
    } else {
        ModelSource::Expression(input.parse()?)
    });
    Ok(())
}

/// `usage = |reply| reply.usage`; on a stream, the closure takes an item
pub(crate) fn usage(arguments: &mut Arguments, arg: &Arg<'_>, _: &mut Errors) -> syn::Result<()> {
    arguments.usage = Some(closure_arg(arg, "usage = |reply| reply.usage")?);
    Ok(())
}

/// `cost = |reply| reply.dollars`
pub(crate) fn cost(arguments: &mut Arguments, arg: &Arg<'_>, _: &mut Errors) -> syn::Result<()> {
    arguments.cost = Some(closure_arg(arg, "cost = |reply| reply.dollars")?);
    Ok(())
}

/// `documents = |hits| hits.iter().map(|hit| (hit.id.as_str(), hit.score))`
pub(crate) fn documents(
    arguments: &mut Arguments,
    arg: &Arg<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    let example = "documents = |hits| hits.iter().map(|hit| (hit.id.as_str(), hit.score))";
    arguments.documents = Some(closure_arg(arg, example)?);
    Ok(())
}

/// `key = |pattern| expression`
fn closure_arg(arg: &Arg<'_>, example: &str) -> syn::Result<ValueClosure> {
    let input = arg.value(example)?;
    value_closure(input, arg.key, example)
}

/// `kind = "embedding"`
pub(crate) fn kind(arguments: &mut Arguments, arg: &Arg<'_>, _: &mut Errors) -> syn::Result<()> {
    let kind = arg.string("kind = \"embedding\"")?;
    let name = kind.value();
    if !KINDS.contains(&name.as_str()) {
        let message = suggest::unknown("kind", &name, KINDS);
        return Err(Error::new(kind.span(), message));
    }
    arguments.kind = Some(kind);
    Ok(())
}

/// `versions(prompt = "v3", index = INDEX_VERSION)`
pub(crate) fn versions(
    arguments: &mut Arguments,
    arg: &Arg<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    arguments.versions = arg.group("versions(prompt = \"v3\")", |group| {
        let mut versions = Vec::new();
        list(group, errors, |input, _| {
            versions.push(field(input, FieldGroup::Versions)?);
            Ok(())
        });
        Ok(versions)
    })?;
    Ok(())
}
