//! The value of every key: from the file, the environment or the list's default, with its origin and its problems.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::expand::{self, Expanded, From, expand};
use super::keys::{self, KEYS, Key, Needed, SECTIONS, WITHOUT_FILE};
use super::kind::{Kind, Value};
use super::problem::{Mark, Problem, Problems, shown};
use super::walk::Found;
use super::world::World;
use super::yaml::{Node, Tree};
use crate::pipeline::Levels;
use crate::privacy;

/// Where a value of the configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueSource {
    /// Nobody set it.
    Default,
    /// It stands in the file.
    File {
        /// The file; empty for text that was given without one.
        file: Arc<Path>,
        /// The line, from 1.
        line: u32,
    },
    /// A variable of the environment; the first, where several were put together.
    Variable {
        /// Its name.
        name: String,
    },
    /// A file that the configuration names, such as a secret.
    Secret {
        /// The file.
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

/// The value of a key.
pub(super) struct Slot {
    /// None where it is not set and has no default, or where its variable is missing and not needed.
    pub(super) value: Option<Value>,
    /// As it may be shown.
    pub(super) shown: Option<String>,
    pub(super) origin: ValueSource,
    pub(super) at: Option<Mark>,
}

/// The values of all keys, as [`KEYS`].
pub(super) struct Settings {
    pub(super) slots: Vec<Slot>,
}

/// What values are read from, beside the tree.
pub(super) struct Reader<'a> {
    pub(super) file: Option<Arc<Path>>,
    pub(super) world: &'a dyn World,
}

impl Reader<'_> {
    /// Reads all values; what is wrong is added to the problems.
    pub(super) fn read(&self, found: &Found<'_>, problems: &mut Problems) -> Settings {
        let slots = KEYS.iter().map(|key| self.default(key)).collect();
        let mut settings = Settings { slots };
        // The switches first: they say whether what is missing matters.
        for switches in [true, false] {
            for (index, key) in KEYS.iter().enumerate() {
                if (key.name() == "enabled") == switches {
                    self.slot(index, key, found, &mut settings, problems);
                }
            }
        }
        settings
    }

    fn default(&self, key: &Key) -> Slot {
        let other = WITHOUT_FILE.iter().filter(|_| self.file.is_none());
        let mut other = other.filter(|(path, _)| *path == key.path);
        let text = other.next().map_or(key.default, |(_, text)| text);
        let value = key.kind.read_default(text);
        Slot {
            shown: value.is_some().then(|| text.to_owned()),
            value,
            origin: ValueSource::Default,
            at: None,
        }
    }

    fn slot(
        &self,
        index: usize,
        key: &Key,
        found: &Found<'_>,
        settings: &mut Settings,
        problems: &mut Problems,
    ) {
        let is_on = settings.is_on(key.section());
        let here = found.keys.get(index).copied().flatten();
        let here = here.filter(|(_, node)| !matches!(node.value, Tree::Null));
        let Some((at, node)) = here else {
            if key.needed == Needed::Yes && is_on {
                let message = format!("it is missing: add `{}: {}`", key.name(), key.example);
                problems.add(Problem::new(
                    key.path,
                    found.section(key.section()),
                    message,
                ));
            }
            return;
        };
        match self.value(key, node, is_on) {
            Ok(read) => {
                let slot = self.filled(key, node.at, read);
                if let Some(place) = settings.slots.get_mut(index) {
                    *place = Slot {
                        at: Some(at),
                        ..slot
                    };
                }
            }
            Err(wrong) => wrong
                .into_iter()
                .for_each(|(at, message)| problems.add(Problem::new(key.path, Some(at), message))),
        }
    }

    fn filled(&self, key: &Key, at: Mark, read: Read) -> Slot {
        let line = ValueSource::File {
            file: self.file.clone().unwrap_or_else(|| Path::new("").into()),
            line: at.line,
        };
        let origin = read
            .from
            .into_iter()
            .next()
            .map_or(line, |from| match from {
                From::Variable(name) => ValueSource::Variable { name },
                From::File(path) => ValueSource::Secret { path },
            });
        let shown = read.value.is_some().then(|| masked(key, &read.text));
        Slot {
            value: read.value,
            shown,
            origin,
            at: Some(at),
        }
    }

    fn value(&self, key: &Key, node: &Node, is_on: bool) -> Result<Read, Vec<Wrong>> {
        match (&node.value, key.kind) {
            (Tree::List(items), kind) if kind.is_list() => {
                if items.len() > MOST_ITEMS {
                    return Err(vec![(node.at, TOO_MANY.to_owned())]);
                }
                let items = items.iter().map(|item| (None, item));
                self.several(key, items, is_on, ['[', ']'])
            }
            (Tree::Scalar(text), Kind::WordsOrOff(_)) if text.trim() == "off" => Ok(Read {
                text: "off".to_owned(),
                from: vec![],
                value: Some(Value::Texts(vec![])),
            }),
            (Tree::Map(entries), Kind::Pairs | Kind::Patterns) => {
                if entries.len() > MOST_ITEMS {
                    return Err(vec![(node.at, TOO_MANY.to_owned())]);
                }
                let items = entries
                    .iter()
                    .map(|entry| (Some(entry.key.as_str()), &entry.value));
                self.several(key, items, is_on, ['{', '}'])
            }
            (Tree::Scalar(text), kind)
                if !kind.is_list() && !matches!(kind, Kind::Pairs | Kind::Patterns) =>
            {
                self.scalar(key, node, text, is_on)
                    .map_err(|wrong| vec![wrong])
            }
            _ => {
                let message = format!(
                    "expected {}, found {}",
                    key.kind.expected(),
                    hidden(key, node)
                );
                Err(vec![(node.at, message)])
            }
        }
    }

    /// All that is wrong with any of the items, or all of them.
    fn several<'n>(
        &self,
        key: &Key,
        items: impl Iterator<Item = (Option<&'n str>, &'n Node)>,
        is_on: bool,
        [open, close]: [char; 2],
    ) -> Result<Read, Vec<Wrong>> {
        let (mut texts, mut from, mut wrong) = (vec![], vec![], vec![]);
        for (name, node) in items {
            let pattern = name.filter(|_| matches!(key.kind, Kind::Patterns));
            if let Some(Err(error)) = pattern.map(privacy::check_name) {
                wrong.push((node.at, error.to_string()));
                continue;
            }
            let read = match &node.value {
                Tree::Scalar(text) => self.scalar(key, node, text, is_on),
                _ => Err((
                    node.at,
                    format!(
                        "expected {}, found {} in it",
                        key.kind.expected(),
                        node.kind()
                    ),
                )),
            };
            match read {
                Ok(read) => {
                    from.extend(read.from);
                    texts.push(
                        name.map_or(read.text.clone(), |name| format!("{name}: {}", read.text)),
                    );
                }
                Err(one) => wrong.push(one),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let text = format!("{open}{}{close}", texts.join(", "));
        Ok(Read {
            text,
            from,
            value: Some(Value::Texts(texts)),
        })
    }

    fn scalar(&self, key: &Key, node: &Node, text: &str, is_on: bool) -> Result<Read, Wrong> {
        let Expanded { text: whole, from } = match expand(text, self.world) {
            Ok(expanded) => expanded,
            Err(error) if error.is_missing() && !is_on => return Ok(Read::missing(text, &error)),
            Err(error) => return Err((node.at, error.to_string())),
        };
        match key.kind.read(&whole) {
            Ok(value) => Ok(Read {
                text: whole,
                from,
                value: Some(value),
            }),
            Err(detail) => {
                // What a variable holds may be a secret in the wrong place.
                let detail = Some(detail).filter(|detail| !detail.is_empty() && from.is_empty());
                let detail = detail.map_or_else(String::new, |detail| format!("; {detail}"));
                let (expected, found) = (key.kind.expected(), hidden(key, node));
                Err((
                    node.at,
                    format!("expected {expected}, found {found}{detail}"),
                ))
            }
        }
    }
}

type Wrong = (Mark, String);

/// A list has at most so many items; each may bring 64 KiB from outside.
const MOST_ITEMS: usize = 100;
const TOO_MANY: &str = "there are more than 100 items, which no configuration needs: shorten it";

struct Read {
    text: String,
    from: Vec<From>,
    value: Option<Value>,
}

impl Read {
    /// What is not known, and need not be.
    fn missing(text: &str, error: &expand::ExpandError) -> Self {
        let from = match error {
            expand::ExpandError::Missing(name) => Some(From::Variable(name.clone())),
            expand::ExpandError::Unreadable { path, .. } => Some(From::File(path.clone())),
            _ => None,
        };
        Self {
            text: text.to_owned(),
            from: from.into_iter().collect(),
            value: None,
        }
    }
}

/// What was found, as it may be shown: as the file says it, and nothing of a secret.
fn hidden(key: &Key, node: &Node) -> String {
    match &node.value {
        Tree::Scalar(_) if key.secret => "something else".to_owned(),
        _ => node.kind(),
    }
}

/// What stands in place of a secret.
const MASK: &str = "********";

fn masked(key: &Key, text: &str) -> String {
    if key.secret {
        return MASK.to_owned();
    }
    // Whoever writes a password into an address does not want it shown.
    let address = text
        .split_once("://")
        .filter(|_| matches!(key.kind, Kind::Url(_)));
    match address.and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, host)) => format!("{scheme}://{MASK}@{}", shown(host)),
        None => text.to_owned(),
    }
}

impl Settings {
    pub(super) fn slot(&self, path: &str) -> Option<&Slot> {
        self.slots.get(keys::index(path)?)
    }

    /// Whether the section and all above it are switched on.
    pub(super) fn is_on(&self, section: &str) -> bool {
        let above = SECTIONS.iter().filter(|known| known.switched);
        let mut above = above.filter(|known| {
            let below = section.strip_prefix(known.path);
            below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        above.all(|known| self.flag(&format!("{}.enabled", known.path)))
    }

    pub(super) fn flag(&self, path: &str) -> bool {
        matches!(self.value(path), Some(Value::Flag(true)))
    }

    pub(super) fn whole(&self, path: &str) -> u64 {
        match self.value(path) {
            Some(Value::Whole(number)) => *number,
            _ => 0,
        }
    }

    pub(super) fn text(&self, path: &str) -> String {
        match self.value(path) {
            Some(Value::Text(text)) => text.clone(),
            _ => String::new(),
        }
    }

    pub(super) fn texts(&self, path: &str) -> &[String] {
        match self.value(path) {
            Some(Value::Texts(texts)) => texts,
            _ => &[],
        }
    }

    pub(super) fn address(&self, path: &str) -> Option<IpAddr> {
        match self.value(path) {
            Some(Value::Address(address)) => Some(*address),
            _ => None,
        }
    }

    pub(super) fn levels(&self, path: &str) -> Option<&Levels> {
        match self.value(path) {
            Some(Value::Levels(levels)) => Some(levels),
            _ => None,
        }
    }

    fn value(&self, path: &str) -> Option<&Value> {
        self.slot(path)?.value.as_ref()
    }
}
