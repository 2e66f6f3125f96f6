//! Finds the file, reads it, and makes the settings of `start` of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Config;
use super::check::{HASH_KEY, check};
use super::explain::explain;
use super::keys::{self, BACKENDS, RECORDS};
use super::kind::Value;
use super::notes::{notes, runs};
use super::problem::{ConfigError, Mark, Problem, Problems};
use super::settings::{Reader, Settings, ValueSource};
use super::walk::find;
use super::world::World;
use super::yaml::{self, MAX_BYTES};
use crate::context::headers::Policy;
use crate::pipeline::Levels;
use crate::prices::Prices;
use crate::privacy::Redaction;
use crate::sink::{FileSettings, Format, SqliteSettings};

/// Where a file is looked for, after what `RAGSPAN_CONFIG` names.
const PLACES: [&str; 2] = ["ragspan.yaml", "logging_config.yaml"];

/// Reads the first file that there is; without one, what stands in the list of keys.
pub(super) fn load(world: &dyn World) -> Result<Config, ConfigError> {
    let named = world
        .variable("RAGSPAN_CONFIG")
        .filter(|path| !path.is_empty());
    let file = named.map(PathBuf::from).or_else(|| {
        let mut places = PLACES.iter().map(Path::new);
        places.find(|place| world.exists(place)).map(Path::to_owned)
    });
    match file {
        Some(path) => from_file(&path, world),
        None => build(None, None, world),
    }
}

/// Reads this file.
pub(super) fn from_file(path: &Path, world: &dyn World) -> Result<Config, ConfigError> {
    let read = world.read(path, MAX_BYTES + 1);
    let bytes = read.map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    if bytes.len() > MAX_BYTES {
        return Err(only(yaml::too_large(), path));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => build(Some(text), Some(path), world),
        Err(error) => Err(only(no_text(&bytes, error.valid_up_to()), path)),
    }
}

fn no_text(bytes: &[u8], until: usize) -> Problem {
    let before = bytes.get(..until).unwrap_or_default();
    let lines = before.iter().filter(|byte| **byte == b'\n').count();
    let at = Mark {
        line: u32::try_from(lines + 1).unwrap_or(u32::MAX),
        column: 1,
    };
    Problem::new(
        "",
        Some(at),
        "this line is no UTF-8: save the file as UTF-8",
    )
}

fn only(problem: Problem, path: &Path) -> ConfigError {
    let mut problems = Problems::default();
    problems.add(problem);
    ConfigError::Invalid(problems.of(Some(path.to_owned())))
}

/// Makes a configuration of this text, or of none.
pub(super) fn build(
    text: Option<&str>,
    path: Option<&Path>,
    world: &dyn World,
) -> Result<Config, ConfigError> {
    let mut problems = Problems::default();
    let root = match yaml::read(text.unwrap_or_default(), &mut problems) {
        Ok(root) => root,
        Err(problem) => {
            problems.end_with(problem);
            return Err(ConfigError::Invalid(problems.of(path.map(Path::to_owned))));
        }
    };
    let found = find(root.as_ref(), &mut problems);
    let file = text.map(|_| Arc::from(path.unwrap_or(Path::new(""))));
    let mut settings = Reader { file, world }.read(&found, &mut problems);
    check(&settings, &mut problems);
    let mut noted = vec![];
    levels(&mut settings, world, &mut problems, &mut noted);
    let prices = prices(&settings, world, &mut problems);
    if !problems.is_empty() {
        return Err(ConfigError::Invalid(problems.of(path.map(Path::to_owned))));
    }
    noted.extend(notes(&settings, &found));
    let mut config = apply(&settings);
    config.prices = Arc::new(prices);
    config.settings = explain(&settings);
    config.notes = noted;
    config.source = path.map(Path::to_owned);
    Ok(config)
}

const LEVEL: &str = "logging.structured_logging.level";

/// Lets the environment override the levels.
fn levels(
    settings: &mut Settings,
    world: &dyn World,
    problems: &mut Problems,
    noted: &mut Vec<String>,
) {
    let base = settings.levels(LEVEL).and_then(Levels::base);
    let set = |name| world.variable(name).filter(|text| !text.trim().is_empty());
    if let Some(text) = set("RAGSPAN_LOG") {
        match Levels::parse(&text, base) {
            Ok(levels) => put(settings, levels, "RAGSPAN_LOG"),
            Err(error) => problems.add(Problem::new("RAGSPAN_LOG", None, error.to_string())),
        }
    } else if let Some(text) = set("RUST_LOG") {
        // It was written for other readers too, so what only they know is left to them.
        let (levels, left_out) = Levels::from_rust_log(&text, base);
        put(settings, levels, "RUST_LOG");
        let left_out = left_out.into_iter();
        noted.extend(left_out.map(|directive| {
            let directive = super::problem::shown(&directive);
            format!("RUST_LOG: `{directive}` is left out: it names no target and level; RAGSPAN_LOG goes before it")
        }));
    }
}

fn put(settings: &mut Settings, levels: Levels, name: &str) {
    let slot = keys::index(LEVEL).and_then(|index| settings.slots.get_mut(index));
    if let Some(slot) = slot {
        slot.shown = Some(levels.to_string());
        slot.value = Some(Value::Levels(levels));
        slot.origin = ValueSource::Variable {
            name: name.to_owned(),
        };
    }
}

const PRICES: &str = "logging.prices";

/// Reads the table of prices, if one is named: a bill that is silently empty helps nobody.
fn prices(settings: &Settings, world: &dyn World, problems: &mut Problems) -> Prices {
    let path = settings.text(PRICES);
    if path.is_empty() {
        return Prices::default();
    }
    match world.read(Path::new(&path), Prices::MAX_BYTES + 1) {
        Ok(bytes) => match Prices::from_bytes(&bytes) {
            Ok(prices) => return prices,
            Err(error) => wrong_prices(settings, format!("{path}: {error}"), problems),
        },
        Err(error) => {
            let message =
                format!("cannot read {path} ({error}): check that it exists and may be read");
            wrong_prices(settings, message, problems);
        }
    }
    Prices::default()
}

fn wrong_prices(settings: &Settings, message: String, problems: &mut Problems) {
    let at = settings.slot(PRICES).and_then(|slot| slot.at);
    problems.add(Problem::new(PRICES, at, message));
}

fn apply(settings: &Settings) -> Config {
    let service = |name| settings.text(&format!("logging.service.{name}"));
    let config = Config {
        levels: settings.levels(LEVEL).cloned().unwrap_or(Levels::OFF),
        queue: usize::try_from(settings.whole("logging.structured_logging.queue_size"))
            .unwrap_or(1),
        metrics: listener(settings),
        counts: settings.flag("logging.metrics.enabled"),
        strict: settings.flag("logging.strict"),
        ..Config::default().service(service("name"), service("version"), service("environment"))
    };
    let config = config.propagation(propagation(settings));
    let config = match settings.text(HASH_KEY) {
        key if key.is_empty() => config,
        key => config.hash_key(key),
    };
    backends(private(config, settings).without_sinks(), settings)
}

/// What must not leave, and what may.
fn private(mut config: Config, settings: &Settings) -> Config {
    let texts = |name| settings.texts(&format!("logging.privacy.{name}"));
    let is_on = |rule: &Redaction| texts("redact").iter().any(|name| name == rule.name());
    let patterns = texts("patterns")
        .iter()
        .filter_map(|pair| pair.split_once(": "));
    for (name, pattern) in patterns {
        // It was checked where it was read, and the problem told.
        let _checked = config.privacy.pattern(name, pattern);
    }
    config
        .redact(Redaction::ALL.into_iter().filter(is_on))
        .redact_fields(texts("redact_fields"))
        .allow_fields(texts("allow_fields"))
}

fn propagation(settings: &Settings) -> Policy {
    // Fields are known by names that last as long as the program; a configuration is read a few times in its life.
    let names = settings.texts("logging.propagation.baggage").iter();
    let names = names.map(|name| -> &'static str { String::leak(name.clone()) });
    let policy = Policy::new()
        .trust(settings.flag("logging.propagation.trust"))
        .langsmith(settings.flag("logging.propagation.langsmith"));
    match settings.texts("logging.propagation.baggage") {
        [] => policy,
        _ => policy.baggage(names),
    }
}

fn listener(settings: &Settings) -> Option<SocketAddr> {
    let address = settings.address("logging.metrics.address");
    let address =
        address.filter(|_| settings.flag("logging.metrics.enabled") && cfg!(feature = "serve"))?;
    let port = u16::try_from(settings.whole("logging.metrics.port")).ok()?;
    Some(SocketAddr::new(address, port))
}

fn backends(mut config: Config, settings: &Settings) -> Config {
    if !settings.is_on(RECORDS) {
        config.levels = Levels::OFF;
        return config;
    }
    let is_on = |name| settings.is_on(&format!("{BACKENDS}.{name}"));
    let path = |name| settings.text(&format!("{BACKENDS}.{name}.path")).into();
    if is_on("stdout") || runs(settings).is_none() {
        config.stdout = Some(format(&settings.text("logging.structured_logging.format")));
    }
    if is_on("file") {
        let whole = |name| settings.whole(&format!("{BACKENDS}.file.{name}"));
        config.file = Some(FileSettings {
            path: path("file"),
            max_bytes: whole("max_size"),
            keep: usize::try_from(whole("keep")).unwrap_or(usize::MAX),
        });
    }
    if is_on("sqlite") && cfg!(feature = "sqlite") {
        let days = settings.whole("logging.retention.hot_days");
        config.sqlite = Some(SqliteSettings {
            path: path("sqlite"),
            max_age: Duration::from_secs(days.saturating_mul(86_400)),
            max_bytes: settings.whole(&format!("{BACKENDS}.sqlite.max_size")),
        });
    }
    config
}

fn format(word: &str) -> Format {
    match word {
        "json" => Format::Json,
        "pretty" => Format::Pretty,
        "compact" => Format::Compact,
        _ => Format::Auto,
    }
}

#[cfg(test)]
mod tests;
