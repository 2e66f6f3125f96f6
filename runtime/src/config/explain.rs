//! The effective configuration: every key with its value, the source of the value, and its meaning.

use super::keys::{KEYS, KeyInfo};
use super::settings::{LoadedSettings, SettingSlot, ValueSource};

/// A key of the configuration with its effective value and the source of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    path: &'static str,
    value: Option<String>,
    secret: bool,
    in_build: bool,
    source: ValueSource,
    doc: &'static str,
}

impl Setting {
    /// Returns the path of the key, such as `logging.metrics.port`.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// Returns the value; a secret is masked. Returns `None` if the key is not set, or if its variable is missing and
    /// its backend disabled.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Returns true if the value is a secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// Returns true if this build uses the value. Other values are parsed and checked.
    #[must_use]
    pub fn is_in_build(&self) -> bool {
        self.in_build
    }

    /// Returns the source of the value.
    #[must_use]
    pub fn source(&self) -> &ValueSource {
        &self.source
    }

    /// Returns the meaning of the key.
    #[must_use]
    pub fn doc(&self) -> &'static str {
        self.doc
    }
}

/// Returns all keys, in the order of [`KEYS`].
pub(super) fn explain(settings: &LoadedSettings) -> Vec<Setting> {
    let slots = KEYS.iter().zip(&settings.slots);
    slots.map(|(key, slot)| setting(key, slot)).collect()
}

fn setting(key: &KeyInfo, slot: &SettingSlot) -> Setting {
    Setting {
        path: key.path,
        value: slot.shown.clone(),
        secret: key.secret,
        in_build: key.is_in_build(),
        source: slot.source.clone(),
        doc: key.doc,
    }
}
