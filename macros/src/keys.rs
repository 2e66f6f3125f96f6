//! The table of the arguments of `#[rag_span(..)]`: one row per key, with the function that parses it.
//!
//! The code that walks the table handles duplicates, conflicts, unknown keys and planned keys for all arguments. To
//! add an argument, add a row to it and a parser to `values`.

use crate::arg::Arg;
use crate::err_ret::{err, ret};
use crate::errors::Errors;
use crate::model::Arguments;
use crate::planned::{inputs, output};
use crate::rag::{cost, documents, kind, model, usage, versions};
use crate::suggest;
use crate::tracing_args::{fields, follows_from, name, parent, skip, skip_all, target};
use crate::values::{
    context, context_from, empty, krate, layer, level, metrics, ok, operation, outcome, slow,
};

/// One argument.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) support: Support,
    /// `true` if the argument is allowed on a whole `impl` block or trait, where it applies to all methods.
    pub(crate) shared: bool,
    /// The arguments that it cannot be combined with.
    pub(crate) conflicts: &'static [&'static str],
}

/// The parser of an argument, and whether the argument is implemented.
#[derive(Clone, Copy)]
pub(crate) enum Support {
    Implemented(Parser),
    /// Reserved for a later version: validated by the parser, then rejected.
    Planned(PlannedParser),
}

type Parser = fn(&mut Arguments, &Arg<'_>, &mut Errors) -> syn::Result<()>;
pub(crate) type PlannedParser = fn(&Arg<'_>, &mut Errors) -> syn::Result<()>;

/// All arguments.
pub(crate) const KEYS: &[Key] = &[
    key("layer", layer).shared(),
    key("operation", operation),
    key("level", level).shared(),
    key("context", context),
    key("metrics", metrics),
    key("ok", ok),
    key("err", err),
    key("ret", ret),
    key("empty", empty).conflicts_with(&["outcome"]),
    key("outcome", outcome),
    key("slow", slow).shared(),
    key("model", model),
    key("usage", usage),
    key("cost", cost),
    key("documents", documents),
    key("kind", kind).shared(),
    key("versions", versions),
    key("context_from", context_from),
    key("name", name),
    key("target", target).shared(),
    key("parent", parent),
    key("follows_from", follows_from),
    key("fields", fields),
    key("skip", skip).conflicts_with(&["skip_all"]),
    key("skip_all", skip_all).shared(),
    key("crate", krate).shared(),
    planned("inputs", inputs),
    planned("output", output),
];

const fn key(name: &'static str, parser: Parser) -> Key {
    Key {
        name,
        support: Support::Implemented(parser),
        shared: false,
        conflicts: &[],
    }
}

const fn planned(name: &'static str, parser: PlannedParser) -> Key {
    Key {
        name,
        support: Support::Planned(parser),
        shared: false,
        conflicts: &[],
    }
}

impl Key {
    const fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    const fn conflicts_with(mut self, conflicts: &'static [&'static str]) -> Self {
        self.conflicts = conflicts;
        self
    }
}

/// Returns the message for an unknown key. On an `impl` block or trait it suggests only shared arguments.
pub(crate) fn unknown_key(word: &str, on_impl_block: bool) -> String {
    let allowed = KEYS.iter().filter(|key| key.shared || !on_impl_block);
    let implemented = |key: &&Key| matches!(key.support, Support::Implemented(_));
    let all: Vec<&str> = allowed.clone().map(|key| key.name).collect();
    let known: Vec<&str> = allowed.filter(implemented).map(|key| key.name).collect();
    match suggest::nearest(word, &all) {
        Some(near) if !known.contains(&near) => {
            format!("unknown argument `{word}`; did you mean `{near}`? (it is not supported yet)")
        }
        _ => suggest::unknown("argument", word, &known),
    }
}
