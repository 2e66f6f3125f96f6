//! The value of every key: from the file, the environment or the default, with its source and its problems.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::environment::Environment;
use super::expand::{ExpandError, Expanded, External, expand};
use super::keys::{
    BACKENDS, KEYS, Key, KeyInfo, OptionalKey, SECTIONS, STDOUT_ENABLED, WITHOUT_BACKENDS,
};
use super::kind::{FromValue, KeyKind, KeyValue};
use super::problem::{ANOTHER, Position, Problem, Problems, shown};
use super::walk::FoundKeys;
use super::yaml::{Node, Tree};
use crate::privacy;

/// The source of a value of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueSource {
    /// The default of the key.
    Default,
    /// The configuration file.
    File {
        /// The path of the file; empty for text that was passed without a file.
        file: Arc<Path>,
        /// The line, from 1.
        line: u32,
    },
    /// An environment variable; the first one if the value is composed of several.
    Variable {
        /// The name of the variable.
        name: String,
    },
    /// A file that the configuration file refers to, such as a secret.
    Secret {
        /// The path of the file.
        path: PathBuf,
    },
}

impl fmt::Display for ValueSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File { file, line } if file.as_os_str().is_empty() => write!(out, "line {line}"),
            Self::File { file, line } => write!(out, "{}:{line}", file.display()),
            Self::Variable { name } => write!(out, "env {name}"),
            Self::Secret { path } => write!(out, "file {}", path.display()),
        }
    }
}

/// The effective value of a key.
pub(super) struct SettingSlot {
    /// The value, or the default if the value is not set or its variable is missing in a disabled section. `None` if
    /// there is no default.
    pub(super) value: Option<KeyValue>,
    /// The text of the value with secrets masked. `None` if the value is not set or not known.
    pub(super) shown: Option<String>,
    pub(super) source: ValueSource,
    /// The position of the key in the file.
    pub(super) position: Option<Position>,
}

/// The values of all keys, in the order of [`KEYS`].
pub(super) struct LoadedSettings {
    pub(super) slots: Vec<SettingSlot>,
}

/// Reads values from nodes of the file and from the environment.
pub(super) struct Reader<'a> {
    pub(super) file: Option<Arc<Path>>,
    pub(super) environment: &'a dyn Environment,
}

impl Reader<'_> {
    /// Reads all values, and adds their problems.
    pub(super) fn read(&self, found: &FoundKeys<'_>, problems: &mut Problems) -> LoadedSettings {
        let slots = KEYS.iter().enumerate();
        let has_backends = found.section(BACKENDS.path).is_some();
        let slots = slots
            .map(|(index, key)| default(index, key, has_backends))
            .collect();
        let mut settings = LoadedSettings { slots };
        // The switches come first, because they decide whether a missing value is a problem.
        for is_switch in [true, false] {
            for (index, key) in KEYS.iter().enumerate() {
                if key.is_switch() == is_switch {
                    self.read_key(index, key, found, &mut settings, problems);
                }
            }
        }
        settings
    }

    fn read_key(
        &self,
        index: usize,
        key: &KeyInfo,
        found: &FoundKeys<'_>,
        settings: &mut LoadedSettings,
        problems: &mut Problems,
    ) {
        let is_enabled = settings.is_enabled(key.section.path);
        let node = found.keys.get(index).copied().flatten();
        let node = node.filter(|(_, node)| !matches!(node.value, Tree::Null));
        let Some((position, node)) = node else {
            if key.required && is_enabled {
                let (name, example) = (key.name(), key.example);
                let message = format!("missing key `{name}`; add `{name}: {example}`");
                let position = found.section(key.section.path);
                problems.add(Problem::new(key.path, position, message));
            }
            return;
        };
        match self.read_node(key, node, is_enabled) {
            Ok(read) => {
                if let Some(slot) = settings.slots.get_mut(index) {
                    self.fill(slot, key, node.position, read);
                    slot.position = Some(position);
                }
            }
            Err(mistakes) => {
                for (position, message) in mistakes {
                    problems.add(Problem::new(key.path, Some(position), message));
                }
            }
        }
    }

    fn fill(&self, slot: &mut SettingSlot, key: &KeyInfo, position: Position, read: ReadValue) {
        slot.source = match read.external.into_iter().next() {
            Some(External::Variable(name)) => ValueSource::Variable { name },
            Some(External::File(path)) => ValueSource::Secret { path },
            None => ValueSource::File {
                file: self.file.clone().unwrap_or_else(|| Path::new("").into()),
                line: position.line,
            },
        };
        slot.shown = read.value.is_some().then(|| masked(key, &read.text));
        slot.value = read.value.or(slot.value.take());
    }

    fn read_node(
        &self,
        key: &KeyInfo,
        node: &Node,
        is_enabled: bool,
    ) -> Result<ReadValue, Vec<Mistake>> {
        match (&node.value, key.kind) {
            (Tree::List(items), kind) if kind.is_list() => {
                check_count(node, items.len())?;
                let items = items.iter().map(|item| (None, item));
                self.read_items(key, items, is_enabled, ['[', ']'])
            }
            (Tree::Scalar(text), KeyKind::ChoicesOrOff(_)) if text.trim() == "off" => {
                Ok(ReadValue {
                    text: "off".to_owned(),
                    external: vec![],
                    value: Some(KeyValue::Texts(vec![])),
                })
            }
            (Tree::Map(entries), kind) if kind.is_map() => {
                check_count(node, entries.len())?;
                let items = entries
                    .iter()
                    .map(|entry| (Some(entry.key.as_str()), &entry.value));
                self.read_items(key, items, is_enabled, ['{', '}'])
            }
            (Tree::Scalar(text), kind) if !kind.is_list() && !kind.is_map() => self
                .read_scalar(key, node, text, is_enabled)
                .map_err(|mistake| vec![mistake]),
            _ => {
                let (expected, found) = (key.kind.expected(), described(key, node));
                let message = format!("expected {expected}, found {found}");
                Err(vec![(node.position, message)])
            }
        }
    }

    /// Reads all items, or returns the mistakes of all items.
    fn read_items<'n>(
        &self,
        key: &KeyInfo,
        items: impl Iterator<Item = (Option<&'n str>, &'n Node)>,
        is_enabled: bool,
        [open, close]: [char; 2],
    ) -> Result<ReadValue, Vec<Mistake>> {
        let (mut texts, mut external, mut mistakes) = (vec![], vec![], vec![]);
        for (name, node) in items {
            match self.read_item(key, name, node, is_enabled) {
                Ok(read) => {
                    external.extend(read.external);
                    texts.push(match name {
                        Some(name) => format!("{name}: {}", read.text),
                        None => read.text,
                    });
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(ReadValue {
            text: format!("{open}{}{close}", texts.join(", ")),
            external,
            value: Some(KeyValue::Texts(texts)),
        })
    }

    fn read_item(
        &self,
        key: &KeyInfo,
        name: Option<&str>,
        node: &Node,
        is_enabled: bool,
    ) -> Result<ReadValue, Mistake> {
        let pattern = name.filter(|_| matches!(key.kind, KeyKind::Patterns));
        if let Some(Err(error)) = pattern.map(privacy::check_name) {
            return Err((node.position, error.to_string()));
        }
        let Tree::Scalar(text) = &node.value else {
            let (expected, found) = (key.kind.expected(), node.kind());
            let message = format!("expected {expected}, found {found} in it");
            return Err((node.position, message));
        };
        self.read_scalar(key, node, text, is_enabled)
    }

    fn read_scalar(
        &self,
        key: &KeyInfo,
        node: &Node,
        text: &str,
        is_enabled: bool,
    ) -> Result<ReadValue, Mistake> {
        let Expanded { text, external } = match expand(text, self.environment) {
            Ok(expanded) => expanded,
            Err(error) if error.is_missing() && !is_enabled => {
                return Ok(ReadValue::missing(text, &error));
            }
            Err(error) => return Err((node.position, error.to_string())),
        };
        match key.kind.read(&text) {
            Ok(value) => Ok(ReadValue {
                text,
                external,
                value: Some(value),
            }),
            Err(detail) => {
                // A variable may hold a secret that was put into the wrong key, so no detail of its value is shown.
                let (expected, found) = (key.kind.expected(), described(key, node));
                let is_shown = external.is_empty() && found != ANOTHER;
                let detail = Some(detail).filter(|detail| !detail.is_empty() && is_shown);
                let detail = detail.map_or_else(String::new, |detail| format!("; {detail}"));
                let message = format!("expected {expected}, found {found}{detail}");
                Err((node.position, message))
            }
        }
    }
}

/// Returns the default of a key; a file without the section of backends keeps those that run without a file.
fn default(index: usize, key: &KeyInfo, has_backends: bool) -> SettingSlot {
    let overrides = WITHOUT_BACKENDS.iter().filter(|_| !has_backends);
    let mut overrides = overrides.filter(|(key, _)| key.index() == index);
    let text = overrides.next().map_or(key.default, |(_, text)| text);
    let value = key.kind.read_default(text);
    SettingSlot {
        shown: value.is_some().then(|| text.to_owned()),
        value,
        source: ValueSource::Default,
        position: None,
    }
}

/// The position and the message of a problem.
type Mistake = (Position, String);

/// The maximum number of items of a list or mapping; each may read 64 KiB from the environment.
const MAX_ITEMS: usize = 100;

fn check_count(node: &Node, count: usize) -> Result<(), Vec<Mistake>> {
    if count > MAX_ITEMS {
        let message = format!("more than {MAX_ITEMS} items; shorten it");
        return Err(vec![(node.position, message)]);
    }
    Ok(())
}

struct ReadValue {
    text: String,
    external: Vec<External>,
    value: Option<KeyValue>,
}

impl ReadValue {
    /// Returns the unknown value of a disabled section whose variable or file is missing.
    fn missing(text: &str, error: &ExpandError) -> Self {
        let external = match error {
            ExpandError::Missing(name) => Some(External::Variable(name.clone())),
            ExpandError::Unreadable { path, .. } => Some(External::File(path.clone())),
            _ => None,
        };
        Self {
            text: text.to_owned(),
            external: external.into_iter().collect(),
            value: None,
        }
    }
}

/// Describes an invalid value as it is written in the file, without secrets.
fn described(key: &KeyInfo, node: &Node) -> String {
    match &node.value {
        Tree::Scalar(text) if key.secret || !key.kind.may_quote(text) => ANOTHER.to_owned(),
        _ => node.kind(),
    }
}

/// Replaces a secret.
const MASK: &str = "********";

fn masked(key: &KeyInfo, text: &str) -> String {
    if key.secret {
        return MASK.to_owned();
    }
    // The user information of a URL may have a password.
    let url = text
        .split_once("://")
        .filter(|_| matches!(key.kind, KeyKind::Url(_)));
    match url.and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, host)) => format!("{scheme}://{MASK}@{}", shown(host)),
        None => text.to_owned(),
    }
}

impl LoadedSettings {
    /// Returns the value of a key that has a default.
    pub(super) fn get<T: FromValue + ?Sized>(&self, key: Key<T>) -> &T {
        // The tests of `keys` prove that every default can be parsed, and that the key has its type.
        self.value(key.index())
            .unwrap_or_else(|| unreachable!("`{}` has a default", key.info().path))
    }

    /// Returns the value of a key without a default.
    pub(super) fn get_optional<T: FromValue + ?Sized>(&self, key: OptionalKey<T>) -> Option<&T> {
        self.value(key.index())
    }

    /// Returns the value of a flag.
    pub(super) fn is_true(&self, key: Key<bool>) -> bool {
        *self.get(key)
    }

    fn value<T: FromValue + ?Sized>(&self, index: usize) -> Option<&T> {
        T::from_value(self.slots.get(index)?.value.as_ref()?)
    }

    /// Returns the position of the key in the file, if it is set there.
    pub(super) fn position(&self, key: &KeyInfo) -> Option<Position> {
        let index = KEYS.iter().position(|known| known.path == key.path)?;
        self.slots.get(index)?.position
    }

    /// Returns the source of a key's value.
    pub(super) fn source(&self, key: &KeyInfo) -> Option<&ValueSource> {
        let index = KEYS.iter().position(|known| known.path == key.path)?;
        self.slots.get(index).map(|slot| &slot.source)
    }

    /// Returns true if the configuration sets the key, and false if the key has its default.
    pub(super) fn is_set<T>(&self, key: Key<T>) -> bool {
        let slot = self.slots.get(key.index());
        slot.is_some_and(|slot| slot.source != ValueSource::Default)
    }

    /// Shows that records go to standard output, unless the file switches it off and so shows another value.
    pub(super) fn show_fallback(&mut self) {
        let slot = self.slots.get_mut(STDOUT_ENABLED.index());
        if let Some(slot) = slot.filter(|slot| slot.source == ValueSource::Default) {
            slot.shown = Some(true.to_string());
        }
    }

    /// Returns true if the section and all enclosing sections are enabled.
    pub(super) fn is_enabled(&self, section: &str) -> bool {
        let enclosing = SECTIONS.iter().filter(|known| {
            let rest = section.strip_prefix(known.path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        let mut switches = enclosing.filter_map(|known| known.switch());
        switches.all(|index| self.value(index) == Some(&true))
    }
}
