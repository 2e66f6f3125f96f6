//! Finds and parses the configuration file, and builds a [`Config`] from its values.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Config;
use super::check::{self, check};
use super::environment::Environment;
use super::explain::explain;
use super::identity::Resource;
use super::keys::{self, Key, OptionalKey};
use super::kind::KeyValue;
use super::notes::{fallback, notes};
use super::problem::{ConfigError, Position, Problem, Problems, shown};
use super::settings::{LoadedSettings, Reader, ValueSource};
use super::walk::find;
use super::yaml::{self, MAX_BYTES};
use crate::context::Layer;
use crate::context::headers::Policy;
use crate::pipeline::Levels;
use crate::prices::Prices;
use crate::privacy::Redaction;
use crate::sink::{Backend, FileSettings, Format, Route, SqliteSettings};

/// The files to look for, after the path in `RAGSPAN_CONFIG`.
const FILES: [&str; 2] = ["ragspan.yaml", "logging_config.yaml"];

/// Loads the first file that exists, or the defaults if there is none.
pub(super) fn load(environment: &dyn Environment) -> Result<Config, ConfigError> {
    let named = environment
        .variable("RAGSPAN_CONFIG")
        .filter(|path| !path.is_empty());
    let file = named.map(PathBuf::from).or_else(|| {
        let mut files = FILES.iter().map(Path::new);
        files
            .find(|file| environment.exists(file))
            .map(Path::to_owned)
    });
    match file {
        Some(path) => from_file(&path, environment),
        None => build(None, None, environment),
    }
}

/// Loads this file.
pub(super) fn from_file(path: &Path, environment: &dyn Environment) -> Result<Config, ConfigError> {
    let read = environment.read(path, MAX_BYTES + 1);
    let bytes = read.map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    if bytes.len() > MAX_BYTES {
        return Err(only(yaml::too_large(), path));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => build(Some(text), Some(path), environment),
        Err(error) => Err(only(invalid_utf8(&bytes, error.valid_up_to()), path)),
    }
}

fn invalid_utf8(bytes: &[u8], valid_up_to: usize) -> Problem {
    let valid = bytes.get(..valid_up_to).unwrap_or_default();
    let lines = valid.iter().filter(|byte| **byte == b'\n').count();
    let position = Position {
        line: u32::try_from(lines + 1).unwrap_or(u32::MAX),
        column: 1,
    };
    let message = "this line is not valid UTF-8; save the file as UTF-8";
    Problem::new("", Some(position), message)
}

fn only(problem: Problem, path: &Path) -> ConfigError {
    let mut problems = Problems::default();
    problems.add(problem);
    ConfigError::Invalid(problems.in_file(Some(path.to_owned())))
}

/// Builds a configuration from the text of a file, or from the defaults.
pub(super) fn build(
    text: Option<&str>,
    path: Option<&Path>,
    environment: &dyn Environment,
) -> Result<Config, ConfigError> {
    let mut problems = Problems::default();
    let root = match yaml::read(text.unwrap_or_default(), &mut problems) {
        Ok(root) => root,
        Err(problem) => {
            problems.add_last(problem);
            let problems = problems.in_file(path.map(Path::to_owned));
            return Err(ConfigError::Invalid(problems));
        }
    };
    let found = find(root.as_ref(), &mut problems);
    let file = text.map(|_| Arc::from(path.unwrap_or(Path::new(""))));
    let mut settings = Reader { file, environment }.read(&found, &mut problems);
    check(&settings, &mut problems);
    let mut noted = vec![];
    override_levels(&mut settings, environment, &mut problems, &mut noted);
    add_identity(&mut settings, environment);
    let prices = prices(&settings, environment, &mut problems);
    if !problems.is_empty() {
        let problems = problems.in_file(path.map(Path::to_owned));
        return Err(ConfigError::Invalid(problems));
    }
    noted.extend(notes(&settings, &found));
    let mut config = apply(&settings);
    if fallback(&settings).is_some() {
        settings.show_fallback();
    }
    config.prices = Arc::new(prices);
    config.settings = explain(&settings);
    config.notes = noted;
    config.source = path.map(Path::to_owned);
    Ok(config)
}

/// Replaces the levels by those of `RAGSPAN_LOG` or `RUST_LOG`.
fn override_levels(
    settings: &mut LoadedSettings,
    environment: &dyn Environment,
    problems: &mut Problems,
    notes: &mut Vec<String>,
) {
    let base = settings.get(keys::LEVEL).base();
    let variable = |name| {
        environment
            .variable(name)
            .filter(|text| !text.trim().is_empty())
    };
    if let Some(text) = variable("RAGSPAN_LOG") {
        match Levels::parse(&text, base) {
            Ok(levels) => set_levels(settings, levels, "RAGSPAN_LOG"),
            Err(error) => problems.add(Problem::new("RAGSPAN_LOG", None, error.to_string())),
        }
    } else if let Some(text) = variable("RUST_LOG") {
        // Other libraries read RUST_LOG too, so directives that only they support are ignored.
        let (levels, ignored) = Levels::from_rust_log(&text, base);
        set_levels(settings, levels, "RUST_LOG");
        notes.extend(ignored.into_iter().map(|directive| {
            format!(
                "RUST_LOG: ignored `{}`, which is not a target and a level; RAGSPAN_LOG overrides RUST_LOG",
                shown(&directive)
            )
        }));
    }
}

/// Sets what the file leaves open of the service to the values of OpenTelemetry's variables.
fn add_identity(settings: &mut LoadedSettings, environment: &dyn Environment) {
    let resource = Resource::from_env(|name| environment.variable(name));
    let parts = [
        (
            keys::SERVICE_NAME.index(),
            resource.name,
            resource.name_source,
        ),
        (
            keys::SERVICE_VERSION.index(),
            resource.version,
            Resource::SOURCE,
        ),
        (
            keys::SERVICE_ENVIRONMENT.index(),
            resource.environment,
            Resource::SOURCE,
        ),
    ];
    for (index, value, variable) in parts {
        let slot = settings.slots.get_mut(index);
        let slot = slot.filter(|slot| slot.source == ValueSource::Default);
        if let (Some(slot), Some(value)) = (slot, value) {
            slot.shown = Some(value.clone());
            slot.value = Some(KeyValue::Text(value));
            slot.source = ValueSource::Variable {
                name: variable.to_owned(),
            };
        }
    }
}

fn set_levels(settings: &mut LoadedSettings, levels: Levels, variable: &str) {
    if let Some(slot) = settings.slots.get_mut(keys::LEVEL.index()) {
        slot.shown = Some(levels.to_string());
        slot.value = Some(KeyValue::Levels(levels));
        slot.source = ValueSource::Variable {
            name: variable.to_owned(),
        };
    }
}

/// Reads the table of prices, if the file refers to one. An error is a problem, because costs would silently be
/// missing.
fn prices(
    settings: &LoadedSettings,
    environment: &dyn Environment,
    problems: &mut Problems,
) -> Prices {
    let Some(path) = settings.get_optional(keys::PRICES) else {
        return Prices::default();
    };
    let message = match environment.read(Path::new(path), Prices::MAX_BYTES + 1) {
        Ok(bytes) => match Prices::from_bytes(&bytes) {
            Ok(prices) => return prices,
            Err(error) => format!("{path}: {error}"),
        },
        Err(error) => format!("cannot read {path} ({error}): check that it exists and may be read"),
    };
    check::add(settings, keys::PRICES.info(), &message, problems);
    Prices::default()
}

fn apply(settings: &LoadedSettings) -> Config {
    let text = |key: OptionalKey<str>| settings.get_optional(key).map(str::to_owned);
    let is_set = |key| settings.source(key) != Some(&ValueSource::Default);
    let config = Config {
        levels: settings.get(keys::LEVEL).clone(),
        queue_size: saturated(*settings.get(keys::QUEUE_SIZE)),
        metrics: listener(settings),
        metrics_enabled: settings.is_true(keys::METRICS_ENABLED),
        strict: settings.is_true(keys::STRICT),
        name: text(keys::SERVICE_NAME),
        version: text(keys::SERVICE_VERSION),
        environment: is_set(keys::SERVICE_ENVIRONMENT.info())
            .then(|| settings.get(keys::SERVICE_ENVIRONMENT).to_owned()),
        ..Config::default()
    };
    let config = config.propagation(propagation(settings));
    let config = match settings.get_optional(keys::HASH_KEY) {
        Some(key) => config.hash_key(key),
        None => config,
    };
    with_backends(with_privacy(config, settings).without_sinks(), settings)
}

fn saturated(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn with_privacy(mut config: Config, settings: &LoadedSettings) -> Config {
    let texts = |key: OptionalKey<[String]>| settings.get_optional(key).unwrap_or_default();
    let patterns = texts(keys::PATTERNS).iter();
    for (name, pattern) in patterns.filter_map(|pair| pair.split_once(": ")) {
        // The reader has checked the pattern, and reported its problem.
        let _checked = config.privacy.pattern(name, pattern);
    }
    let names = settings.get(keys::REDACT);
    let is_enabled = |rule: &Redaction| names.iter().any(|name| name == rule.name());
    config
        .redact(Redaction::ALL.into_iter().filter(is_enabled))
        .redact_fields(texts(keys::REDACT_FIELDS))
        .allow_fields(texts(keys::ALLOW_FIELDS))
}

fn propagation(settings: &LoadedSettings) -> Policy {
    let policy = Policy::new()
        .trust(settings.is_true(keys::PROPAGATION_TRUST))
        .langsmith(settings.is_true(keys::PROPAGATION_LANGSMITH));
    match settings.get_optional(keys::PROPAGATION_BAGGAGE) {
        None | Some([]) => policy,
        // Names of fields are `'static`. A process loads its configuration a few times, so the leak is small.
        Some(names) => policy.baggage(
            names
                .iter()
                .map(|name| -> &'static str { String::leak(name.clone()) }),
        ),
    }
}

fn listener(settings: &LoadedSettings) -> Option<SocketAddr> {
    if !settings.is_true(keys::METRICS_ENABLED) || cfg!(not(feature = "serve")) {
        return None;
    }
    let port = u16::try_from(*settings.get(keys::METRICS_PORT)).ok()?;
    Some(SocketAddr::new(*settings.get(keys::METRICS_ADDRESS), port))
}

fn with_backends(mut config: Config, settings: &LoadedSettings) -> Config {
    if !settings.is_enabled(keys::RECORDS.path) {
        config.levels = Levels::OFF;
        return config;
    }
    if settings.is_enabled(keys::STDOUT.path) || fallback(settings).is_some() {
        config.stdout = Some(format(settings.get(keys::FORMAT)));
        let asked = settings.is_set(keys::STDOUT_ENABLED) && settings.is_enabled(keys::STDOUT.path);
        config.is_stdout_default = !asked;
    }
    if settings.is_enabled(keys::FILE.path) {
        config.file = Some(FileSettings {
            path: settings.get(keys::FILE_PATH).into(),
            max_bytes: *settings.get(keys::FILE_MAX_SIZE),
            keep: saturated(*settings.get(keys::FILE_KEEP)),
        });
    }
    if settings.is_enabled(keys::SQLITE.path) && cfg!(feature = "sqlite") {
        let days = *settings.get(keys::HOT_DAYS);
        config.sqlite = Some(SqliteSettings {
            path: settings.get(keys::SQLITE_PATH).into(),
            max_age: Duration::from_secs(days.saturating_mul(86_400)),
            max_bytes: *settings.get(keys::SQLITE_MAX_SIZE),
        });
    }
    for (backend, level, layers, sample) in ROUTES {
        config = config.route(backend, route(settings, level, layers, sample));
    }
    config
}

type RouteKeys = (
    Backend,
    OptionalKey<Levels>,
    OptionalKey<[String]>,
    Key<f64>,
);

/// The keys of each backend's route.
const ROUTES: [RouteKeys; 3] = [
    (
        Backend::Stdout,
        keys::STDOUT_LEVEL,
        keys::STDOUT_LAYERS,
        keys::STDOUT_SAMPLE,
    ),
    (
        Backend::File,
        keys::FILE_LEVEL,
        keys::FILE_LAYERS,
        keys::FILE_SAMPLE,
    ),
    (
        Backend::Sqlite,
        keys::SQLITE_LEVEL,
        keys::SQLITE_LAYERS,
        keys::SQLITE_SAMPLE,
    ),
];

fn route(
    settings: &LoadedSettings,
    level: OptionalKey<Levels>,
    layers: OptionalKey<[String]>,
    sample: Key<f64>,
) -> Route {
    let names = settings.get_optional(layers).unwrap_or_default();
    let route = Route::default()
        .layers(names.iter().map(|name| layer(name)))
        .sample(*settings.get(sample));
    let level = settings.get_optional(level).and_then(Levels::base);
    level.map_or(route.clone(), |level| route.level(level))
}

fn layer(name: &str) -> Layer {
    let known = Layer::ALL.into_iter().find(|layer| layer.name() == name);
    // Names of custom layers are `'static`. A process loads its configuration a few times, so the leak is small.
    known.unwrap_or_else(|| Layer::Custom(String::leak(name.to_owned())))
}

fn format(name: &str) -> Format {
    match name {
        "json" => Format::Json,
        "pretty" => Format::Pretty,
        "compact" => Format::Compact,
        _ => Format::Auto,
    }
}

#[cfg(test)]
mod tests;
