//! The effective configuration: every key with its value, its origin, and what it means.

use super::keys::{KEYS, Key, SECTIONS};
use super::settings::{Settings, Slot, ValueSource};

/// A key of the configuration with the value that it has, and where that comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    path: &'static str,
    value: Option<String>,
    secret: bool,
    built: bool,
    origin: ValueSource,
    doc: &'static str,
}

impl Setting {
    /// The keys that lead to it, such as `logging.metrics.port`.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// Its value; a secret is masked. None where it is not set, and where its variable is missing and its
    /// backend disabled.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Whether it holds a secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// Whether it does something in this build; what does not is read and checked.
    #[must_use]
    pub fn is_in_build(&self) -> bool {
        self.built
    }

    /// Where the value comes from.
    #[must_use]
    pub fn origin(&self) -> &ValueSource {
        &self.origin
    }

    /// What the key means.
    #[must_use]
    pub fn doc(&self) -> &'static str {
        self.doc
    }
}

/// All keys, in the order of the list.
pub(super) fn explain(settings: &Settings) -> Vec<Setting> {
    let slots = KEYS.iter().zip(&settings.slots);
    slots.map(|(key, slot)| setting(key, slot)).collect()
}

fn setting(key: &Key, slot: &Slot) -> Setting {
    let mut sections = SECTIONS.iter();
    let section = sections.find(|section| section.path == key.section());
    Setting {
        path: key.path,
        value: slot.shown.clone(),
        secret: key.secret,
        built: key.built.is_in() && section.is_some_and(|section| section.built.is_in()),
        origin: slot.origin.clone(),
        doc: key.doc,
    }
}
