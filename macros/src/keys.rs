//! The arguments of `#[rag_span(..)]` as data: one entry a key, with how its value is read.
//!
//! Duplicates, conflicts, unknown keys, and keys of a later build are handled by whoever walks the table, once
//! for all. A new argument is an entry here and a reader in `values`.

use crate::errors::Errors;
use crate::inherited::{fields, follows_from, name, parent, skip, skip_all, target};
use crate::later;
use crate::model::Arguments;
use crate::place::Place;
use crate::rag::{cost, documents, kind, model, usage, versions};
use crate::suggest;
use crate::told::{err, ret};
use crate::values::{
    context, context_from, empty, krate, layer, level, metrics, ok, operation, outcome, slow,
};

/// One argument.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) read: Read,
    /// It may stand on a whole `impl` or `trait`, for all methods.
    pub(crate) shared: bool,
    /// It says the same as these, or the opposite.
    pub(crate) conflicts: &'static [&'static str],
}

/// Whether an argument is there yet.
#[derive(Clone, Copy)]
pub(crate) enum Read {
    Now(Reader),
    /// Promised, and refused until it is there, once its form was checked.
    Later(Form),
}

type Reader = fn(&mut Arguments, &Place<'_>, &mut Errors) -> syn::Result<()>;
pub(crate) type Form = fn(&Place<'_>, &mut Errors) -> syn::Result<()>;

/// Every argument there is.
pub(crate) const KEYS: &[Key] = &[
    now("layer", layer).shared(),
    now("operation", operation),
    now("level", level).shared(),
    now("context", context),
    now("metrics", metrics),
    now("ok", ok),
    now("err", err),
    now("ret", ret),
    now("empty", empty).against(&["outcome"]),
    now("outcome", outcome),
    now("slow", slow).shared(),
    now("model", model),
    now("usage", usage),
    now("cost", cost),
    now("documents", documents),
    now("kind", kind).shared(),
    now("versions", versions),
    now("context_from", context_from),
    now("name", name),
    now("target", target).shared(),
    now("parent", parent),
    now("follows_from", follows_from),
    now("fields", fields),
    now("skip", skip).against(&["skip_all"]),
    now("skip_all", skip_all).shared(),
    now("crate", krate).shared(),
    later("inputs", later::values),
    later("output", later::word),
];

const fn now(name: &'static str, read: Reader) -> Key {
    Key {
        name,
        read: Read::Now(read),
        shared: false,
        conflicts: &[],
    }
}

const fn later(name: &'static str, form: Form) -> Key {
    Key {
        name,
        read: Read::Later(form),
        shared: false,
        conflicts: &[],
    }
}

impl Key {
    const fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    const fn against(mut self, conflicts: &'static [&'static str]) -> Self {
        self.conflicts = conflicts;
        self
    }
}

/// The message for a key that is not in the table, or not in that of a block.
pub(crate) fn unknown_key(word: &str, on_block: bool) -> String {
    let fits = KEYS.iter().filter(|key| key.shared || !on_block);
    let now = |key: &&Key| matches!(key.read, Read::Now(_));
    let promised: Vec<&str> = fits.clone().map(|key| key.name).collect();
    let known: Vec<&str> = fits.filter(now).map(|key| key.name).collect();
    match suggest::nearest(word, &promised) {
        Some(near) if !known.contains(&near) => {
            format!(
                "unknown argument `{word}`, did you mean `{near}`? (it is not in this build yet)"
            )
        }
        _ => suggest::unknown("argument", word, &known),
    }
}
