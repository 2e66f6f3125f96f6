//! Configuration: the service, the backends of its records, and the listener for its metrics.
//!
//! `keys` lists the keys of the file. `yaml` parses a file into nodes with positions, `walk` finds the node of
//! each key, `settings` reads its value, and `load` builds a [`Config`] from the values.

#[cfg(feature = "yaml")]
mod check;
#[cfg(feature = "yaml")]
mod environment;
#[cfg(feature = "yaml")]
mod expand;
#[cfg(feature = "yaml")]
mod explain;
mod identity;
#[cfg(feature = "yaml")]
mod keys;
#[cfg(feature = "yaml")]
mod kind;
#[cfg(feature = "yaml")]
mod load;
#[cfg(feature = "yaml")]
mod notes;
#[cfg(feature = "yaml")]
mod problem;
#[cfg(all(test, feature = "yaml"))]
mod reference;
#[cfg(feature = "yaml")]
mod settings;
#[cfg(feature = "yaml")]
mod template;
#[cfg(feature = "yaml")]
mod walk;
#[cfg(feature = "yaml")]
mod yaml;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(feature = "yaml")]
pub use explain::Setting;
#[cfg(feature = "yaml")]
pub use problem::{ConfigError, Problem, Problems};
#[cfg(feature = "yaml")]
pub use settings::ValueSource;

pub use crate::pipeline::ParseDirectivesError;
pub use crate::sink::{Backend, FileSettings, Format, Route, SqliteSettings};

use crate::context::HashKey;
use crate::context::headers::Policy;
use crate::pipeline::Levels;
use crate::prices::Prices;
use crate::privacy::{self, Redaction, RedactionError};
use crate::record::{Level, Service, program_name};

/// The settings of [`start`](crate::start).
///
/// The default needs neither a file nor a server: records from level INFO go to standard output (pretty on a terminal,
/// JSON elsewhere; not beside a subscriber of the service's own) and to `./ragspan.db`, and metrics are served on `127.0.0.1:9464`.
///
/// ```
/// use ragspan::{Config, Level};
///
/// let config = Config::default()
///     .service("rag-api", "1.4.0", "staging")
///     .level(Level::Debug)
///     .without_stdout();
/// # drop(config);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a configuration has no effect until it is passed to `start`"]
pub struct Config {
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) levels: Levels,
    pub(crate) stdout: Option<Format>,
    /// Standard output was not asked for, so that it is off beside a subscriber of the service's own.
    pub(crate) is_stdout_default: bool,
    pub(crate) file: Option<FileSettings>,
    pub(crate) sqlite: Option<SqliteSettings>,
    pub(crate) routes: HashMap<Backend, Route>,
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) metrics_enabled: bool,
    pub(crate) queue_size: usize,
    pub(crate) strict: bool,
    pub(crate) prices: Arc<Prices>,
    pub(crate) propagation: Policy,
    pub(crate) hash_key: Option<HashKey>,
    pub(crate) privacy: privacy::Settings,
    source: Option<PathBuf>,
    notes: Vec<String>,
    #[cfg(feature = "yaml")]
    settings: Vec<Setting>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: None,
            version: None,
            environment: None,
            levels: Level::Info.into(),
            stdout: Some(Format::Auto),
            is_stdout_default: true,
            file: None,
            sqlite: cfg!(feature = "sqlite").then(|| SqliteSettings::new("ragspan.db")),
            routes: HashMap::new(),
            metrics: cfg!(feature = "serve").then_some(METRICS),
            metrics_enabled: true,
            queue_size: QUEUE_SIZE,
            strict: false,
            prices: Arc::default(),
            propagation: Policy::default(),
            hash_key: None,
            privacy: privacy::Settings::default(),
            source: None,
            notes: vec![],
            #[cfg(feature = "yaml")]
            settings: vec![],
        }
    }
}

/// The default environment of a service.
const ENVIRONMENT: &str = "development";

/// The default address of the metrics listener.
const METRICS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);

/// The default number of records that may wait for the worker.
const QUEUE_SIZE: usize = 16_384;

impl Config {
    /// Sets the service that writes the records: its name, its version, and the environment that it runs in.
    ///
    /// By default they are those of `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`, else the name of the program, the
    /// version of the package that has the annotated functions, and `development`.
    pub fn service(
        mut self,
        name: impl Into<String>,
        version: impl Into<String>,
        environment: impl Into<String>,
    ) -> Self {
        self.name = Some(name.into());
        self.version = Some(version.into());
        self.environment = Some(environment.into());
        self
    }

    /// Sets the minimum level of records. The level does not affect spans and metrics.
    pub fn level(mut self, level: Level) -> Self {
        self.levels = level.into();
        self
    }

    /// Sets the minimum levels of records by module, as directives: `info,my_crate::search=debug,hyper=off`.
    ///
    /// A directive applies to every target that begins with its name. If several directives match, the longest applies.
    /// The previous level for all targets is kept if the directives do not include one.
    ///
    /// # Errors
    ///
    /// When a directive is malformed.
    ///
    /// ```
    /// let config = ragspan::Config::default().directives("warn,my_crate=debug")?;
    /// # drop(config);
    /// # Ok::<(), ragspan::config::ParseDirectivesError>(())
    /// ```
    pub fn directives(mut self, directives: &str) -> Result<Self, ParseDirectivesError> {
        self.levels = Levels::parse(directives, self.levels.base())?;
        Ok(self)
    }

    /// Writes records to standard output, in this format.
    ///
    /// This is the default, unless the service installs a subscriber of its own, whose layers print already.
    pub fn stdout(mut self, format: Format) -> Self {
        self.stdout = Some(format);
        self.is_stdout_default = false;
        self
    }

    /// Writes no records to standard output.
    pub fn without_stdout(mut self) -> Self {
        self.stdout = None;
        self
    }

    /// Writes records to a file of JSON lines.
    pub fn file(mut self, settings: FileSettings) -> Self {
        self.file = Some(settings);
        self
    }

    /// Writes records to a SQLite database, given as a path or as settings with limits.
    ///
    /// ```
    /// use ragspan::config::SqliteSettings;
    /// use ragspan::Config;
    ///
    /// let config = Config::default().sqlite("/var/lib/rag/ragspan.db");
    /// let mut settings = SqliteSettings::new("/var/lib/rag/ragspan.db");
    /// settings.max_bytes = 20 << 30;
    /// let config = config.sqlite(settings);
    /// # drop(config);
    /// ```
    #[cfg(feature = "sqlite")]
    pub fn sqlite(mut self, database: impl Into<SqliteSettings>) -> Self {
        self.sqlite = Some(database.into());
        self
    }

    /// Sets which records a backend gets; by default all.
    pub fn route(mut self, backend: Backend, route: Route) -> Self {
        self.routes.insert(backend, route);
        self
    }

    /// Removes all sinks: only context and metrics remain, until a sink is set.
    pub fn without_sinks(mut self) -> Self {
        self.stdout = None;
        self.file = None;
        self.sqlite = None;
        self
    }

    /// Serves metrics at `http://<address>/metrics`; port 0 takes any free port.
    #[cfg(feature = "serve")]
    pub fn metrics(mut self, address: SocketAddr) -> Self {
        self.metrics = Some(address);
        self.metrics_enabled = true;
        self
    }

    /// Starts no listener for metrics; [`render_metrics`](crate::Telemetry::render_metrics) returns their text.
    pub fn without_metrics_listener(mut self) -> Self {
        self.metrics = None;
        self
    }

    /// Turns metrics off: nothing is counted, no listener is started, and the global recorder of `metrics` is not
    /// installed. Records, and their [`delivery_stats`](crate::Telemetry::delivery_stats), do not depend on metrics.
    pub fn without_metrics(mut self) -> Self {
        self.metrics = None;
        self.metrics_enabled = false;
        self
    }

    /// Sets the number of records that may wait for the worker. If the queue is full, a new record replaces the oldest,
    /// and the drop is counted.
    pub fn queue(mut self, records: usize) -> Self {
        self.queue_size = records;
        self
    }

    /// Makes `start` fail if anything is not as configured, instead of starting degraded.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Sets the prices of models. Without prices, tokens are counted and their cost is unknown.
    ///
    /// ```
    /// use ragspan::prices::Prices;
    /// use ragspan::Config;
    ///
    /// let prices = Prices::from_json(r#"{"models": {"small-1": {"input": 0.15, "output": 0.6}}}"#)?;
    /// let config = Config::default().with_prices(prices);
    /// assert_eq!(config.prices().len(), 1);
    /// # Ok::<(), ragspan::prices::PricesError>(())
    /// ```
    pub fn with_prices(mut self, prices: Prices) -> Self {
        self.prices = Arc::new(prices);
        self
    }

    /// Sets the request context that is sent to and accepted from other services.
    pub fn propagation(mut self, policy: Policy) -> Self {
        self.propagation = policy;
        self
    }

    /// Sets the key of [hashed](crate::scope::ContextVisitor::hashed) fields. Records of services with the same key can
    /// be joined on these fields.
    ///
    /// The key allows finding a value by hashing guesses, so keep it like a password: at least 16 random bytes, such as
    /// the output of `openssl rand -hex 32`, outside of the source code. An empty key is ignored. Without a key each
    /// process generates its own, and hashes of different processes cannot be compared. The same applies to hashes from
    /// before [`start`](crate::start).
    ///
    /// ```
    /// use ragspan::Config;
    ///
    /// let config = match std::env::var("RAGSPAN_HASH_KEY") {
    ///     Ok(key) => Config::default().hash_key(key),
    ///     Err(_) => Config::default(),
    /// };
    /// # drop(config);
    /// ```
    pub fn hash_key(mut self, key: impl AsRef<[u8]>) -> Self {
        let key = key.as_ref();
        self.hash_key = (!key.is_empty()).then(|| HashKey::new(key));
        self
    }

    /// Redacts the matches of exactly these rules in every text. By default all of [`Redaction::ALL`] apply.
    ///
    /// ```
    /// use ragspan::privacy::Redaction;
    /// use ragspan::Config;
    ///
    /// let without_emails = Redaction::ALL.into_iter().filter(|rule| *rule != Redaction::Emails);
    /// let config = Config::default().redact(without_emails);
    /// let off = Config::default().redact([]);
    /// # drop((config, off));
    /// ```
    pub fn redact(mut self, rules: impl IntoIterator<Item = Redaction>) -> Self {
        self.privacy.rules = rules.into_iter().collect();
        self
    }

    /// Replaces the matches of this regular expression in every text by `[redacted:<name>]`.
    ///
    /// # Errors
    ///
    /// When the name is a name of a [`Redaction`] or is not at most 40 lowercase letters, digits and underscores, and
    /// when the expression is malformed, is too large, or matches the empty text.
    ///
    /// ```
    /// let config = ragspan::Config::default().redact_pattern("patient", r"\bP-\d{6}\b")?;
    /// # drop(config);
    /// # Ok::<(), ragspan::privacy::RedactionError>(())
    /// ```
    pub fn redact_pattern(mut self, name: &str, pattern: &str) -> Result<Self, RedactionError> {
        self.privacy.pattern(name, pattern)?;
        Ok(self)
    }

    /// Shows values of fields with these names as `[redacted]`. Names such as `password` and `api_key` are built in.
    ///
    /// A name matches a whole field name, or its part after the last dot. Case, hyphens and underscores are ignored.
    pub fn redact_fields<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.privacy
            .fields
            .extend(names.into_iter().map(Into::into));
        self
    }

    /// Shows values of fields with these names although the names are built in as those of secrets, such as `token` in
    /// a service where a token is a word.
    pub fn allow_fields<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.privacy
            .allowed
            .extend(names.into_iter().map(Into::into));
        self
    }

    /// Returns the prices that were set or loaded, and an empty table if there are none.
    #[must_use]
    pub fn prices(&self) -> &Prices {
        &self.prices
    }

    /// Returns the file that the configuration was loaded from, if any.
    #[must_use]
    pub fn source(&self) -> Option<&Path> {
        self.source.as_deref()
    }

    /// Returns notes on the loaded file: parts that this build does not support, and likely mistakes. `start` prints
    /// them.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    pub(crate) fn to_service(&self) -> Service {
        self.service_with(&identity::Resource::from_env(|name| {
            std::env::var(name).ok()
        }))
    }

    /// Returns the service, with what the configuration leaves open from the environment, else from the program.
    fn service_with(&self, resource: &identity::Resource) -> Service {
        let host = hostname::get().unwrap_or_default();
        let host = host.to_string_lossy().into_owned();
        let or =
            |ours: &Option<String>, given: &Option<String>| ours.clone().or_else(|| given.clone());
        Service {
            name: or(&self.name, &resource.name).unwrap_or_else(program_name),
            environment: or(&self.environment, &resource.environment)
                .unwrap_or_else(|| ENVIRONMENT.to_owned()),
            version: or(&self.version, &resource.version).unwrap_or_default(),
            host,
        }
    }
}

#[cfg(feature = "yaml")]
impl Config {
    /// Loads the first of these files: the path in the variable `RAGSPAN_CONFIG`, `./ragspan.yaml`,
    /// `./logging_config.yaml`. Returns [`Config::default`] if there is no file.
    ///
    /// With a file that has `backends`, only those that it enables run. `RAGSPAN_LOG`, else `RUST_LOG`, overrides its levels.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, and when it is invalid. The error lists all problems.
    ///
    /// ```no_run
    /// let telemetry = ragspan::start(ragspan::Config::load()?)?;
    /// # drop(telemetry);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load() -> Result<Self, ConfigError> {
        load::load(&environment::ProcessEnvironment)
    }

    /// Loads this file.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        load::from_file(path.as_ref(), &environment::ProcessEnvironment)
    }

    /// Parses the text of a configuration file.
    ///
    /// # Errors
    ///
    /// When the text is invalid. The error lists all problems.
    ///
    /// ```
    /// let error = ragspan::Config::from_yaml("logging: {metrics: {prot: 9464}}").unwrap_err();
    /// assert_eq!(error.problems()[0].path(), "logging.metrics.prot");
    /// assert!(error.to_string().contains("did you mean `port`?"));
    /// ```
    pub fn from_yaml(text: &str) -> Result<Self, ConfigError> {
        load::build(Some(text), None, &environment::ProcessEnvironment)
    }

    /// Returns every key with its loaded value and the source of the value. Secrets are masked. Settings made after
    /// loading are not included. The list is empty if nothing was loaded.
    #[must_use]
    pub fn explain(&self) -> &[Setting] {
        &self.settings
    }

    /// Returns a commented file with every key, which has the same effect as no file.
    #[must_use]
    pub fn template() -> String {
        template::template()
    }
}
