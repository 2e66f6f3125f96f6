//! The arguments of `#[rag_span(..)]` as data: one entry a key, with how its value is read.
//!
//! Duplicates, unknown keys and keys of a later build are handled by whoever walks the table, once
//! for all. A new argument is an entry here and a reader in `values`.

use crate::errors::Errors;
use crate::model::Arguments;
use crate::place::Place;
use crate::suggest;
use crate::values::{context, empty, krate, layer, level, metrics, ok, operation, slow};

/// One argument.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) read: Read,
}

/// Whether an argument can be read yet.
#[derive(Clone, Copy)]
pub(crate) enum Read {
    Now(Reader),
    /// Promised, and refused until it is there.
    Later,
}

type Reader = fn(&mut Arguments, &Place<'_>, &mut Errors) -> syn::Result<()>;

/// Every argument there is.
pub(crate) const KEYS: &[Key] = &[
    now("layer", layer),
    now("operation", operation),
    now("level", level),
    now("context", context),
    now("metrics", metrics),
    now("ok", ok),
    now("slow", slow),
    now("empty", empty),
    now("crate", krate),
    later("err"),
    later("ret"),
    later("outcome"),
    later("inputs"),
    later("output"),
    later("model"),
    later("usage"),
    later("cost"),
    later("documents"),
    later("kind"),
    later("versions"),
    later("context_from"),
    later("target"),
    later("parent"),
    later("follows_from"),
    later("name"),
    later("fields"),
    later("skip"),
    later("skip_all"),
];

const fn now(name: &'static str, read: Reader) -> Key {
    Key {
        name,
        read: Read::Now(read),
    }
}

const fn later(name: &'static str) -> Key {
    Key {
        name,
        read: Read::Later,
    }
}

/// The message for a key that is not in the table.
pub(crate) fn unknown_key(word: &str) -> String {
    let now = |key: &&Key| matches!(key.read, Read::Now(_));
    let promised: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    let known: Vec<&str> = KEYS.iter().filter(now).map(|key| key.name).collect();
    match suggest::nearest(word, &promised) {
        Some(near) if !known.contains(&near) => {
            format!(
                "unknown argument `{word}`, did you mean `{near}`? (it is not in this build yet)"
            )
        }
        _ => suggest::unknown("argument", word, &known),
    }
}
