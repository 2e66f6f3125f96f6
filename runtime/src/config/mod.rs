//! What to start: the service's name, where records go, and the listener for metrics.
//!
//! [`keys`] is the one list of what may stand in the file. A file is read by [`yaml`] into nodes that know their
//! places, [`walk`] finds the keys' nodes, [`settings`] their values, and [`load`] makes a [`Config`] of those.

#[cfg(feature = "yaml")]
mod check;
#[cfg(feature = "yaml")]
mod expand;
#[cfg(feature = "yaml")]
mod explain;
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
#[cfg(any(feature = "yaml", feature = "testing"))]
mod spelling;
#[cfg(feature = "yaml")]
mod template;
#[cfg(feature = "yaml")]
mod walk;
#[cfg(feature = "yaml")]
mod world;
#[cfg(feature = "yaml")]
mod yaml;

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
pub use crate::sink::{FileSettings, Format, SqliteSettings};
#[cfg(feature = "testing")]
pub(crate) use spelling::nearest;

use crate::context::HashKey;
use crate::context::headers::Policy;
use crate::pipeline::Levels;
use crate::prices::Prices;
use crate::privacy::{self, Redaction, RedactionError};
use crate::record::{Level, Service};

/// The settings of [`start`](crate::start).
///
/// The default needs no file and no server: records on standard output (pretty on a terminal, JSON
/// elsewhere) and in `./ragspan.db`, metrics on `127.0.0.1:9464`, from level INFO on.
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
#[must_use = "settings do nothing until `start` has them"]
pub struct Config {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) environment: String,
    pub(crate) levels: Levels,
    pub(crate) stdout: Option<Format>,
    pub(crate) file: Option<FileSettings>,
    pub(crate) sqlite: Option<SqliteSettings>,
    pub(crate) metrics: Option<SocketAddr>,
    /// Whether metrics are counted at all.
    pub(crate) counts: bool,
    pub(crate) queue: usize,
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
            name: "rag".to_owned(),
            version: "0.0.0".to_owned(),
            environment: "development".to_owned(),
            levels: Level::Info.into(),
            stdout: Some(Format::Auto),
            file: None,
            sqlite: cfg!(feature = "sqlite").then(|| SqliteSettings::new("ragspan.db")),
            metrics: cfg!(feature = "serve").then_some(METRICS),
            counts: true,
            queue: QUEUE,
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

/// Where the metrics are served unless another address is set.
const METRICS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);

/// How many records may wait for the worker unless another number is set.
const QUEUE: usize = 16_384;

impl Config {
    /// Whose records these are: the service's name, its version, and the environment it runs in.
    pub fn service(
        mut self,
        name: impl Into<String>,
        version: impl Into<String>,
        environment: impl Into<String>,
    ) -> Self {
        self.name = name.into();
        self.version = version.into();
        self.environment = environment.into();
        self
    }

    /// Records below this level are not kept. Spans and metrics do not ask for the level.
    pub fn level(mut self, level: Level) -> Self {
        self.levels = level.into();
        self
    }

    /// Levels of records by the module they come from, as directives: `info,my_crate::search=debug,hyper=off`.
    ///
    /// A directive counts for every target that begins with its name; of several the longest does. Without a
    /// level for all, the one that was set before stays.
    ///
    /// # Errors
    ///
    /// When a directive cannot be read.
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

    /// Records on standard output, in this format.
    pub fn stdout(mut self, format: Format) -> Self {
        self.stdout = Some(format);
        self
    }

    /// Nothing on standard output.
    pub fn without_stdout(mut self) -> Self {
        self.stdout = None;
        self
    }

    /// Records in a file of JSON lines.
    pub fn file(mut self, settings: FileSettings) -> Self {
        self.file = Some(settings);
        self
    }

    /// Records in this SQLite database, by its path alone or with how much of it is kept.
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

    /// Records nowhere: metrics and context only, until a sink is set.
    pub fn without_sinks(mut self) -> Self {
        self.stdout = None;
        self.file = None;
        self.sqlite = None;
        self
    }

    /// Metrics at `http://<address>/metrics`; port 0 takes any free one.
    #[cfg(feature = "serve")]
    pub fn metrics(mut self, address: SocketAddr) -> Self {
        self.metrics = Some(address);
        self.counts = true;
        self
    }

    /// No listener for metrics; [`render_metrics`](crate::Telemetry::render_metrics) gives their text.
    pub fn without_metrics_listener(mut self) -> Self {
        self.metrics = None;
        self
    }

    /// No metrics: nothing is counted, no listener serves them, and the process' `metrics` recorder is left to others.
    /// Records, and their books in [`balances`](crate::Telemetry::balances), do not depend on them.
    pub fn without_metrics(mut self) -> Self {
        self.metrics = None;
        self.counts = false;
        self
    }

    /// How many records may wait for the worker; what comes on top pushes out the oldest, and is counted.
    pub fn queue(mut self, records: usize) -> Self {
        self.queue = records;
        self
    }

    /// Makes `start` an error where anything is not as configured, instead of a start that is degraded.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// What models cost. Without prices tokens are counted, and their cost is not known.
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

    /// What of a request goes to other services, and what is believed of what they send.
    pub fn propagation(mut self, policy: Policy) -> Self {
        self.propagation = policy;
        self
    }

    /// The key of [hashed](crate::scope::ContextVisitor::hashed) fields: records of services with the same key can be joined on them.
    ///
    /// Whoever has the key can find out a value by trying, so it is kept as a password is: at least 16 bytes of chance, such as
    /// `openssl rand -hex 32` prints, and not in the program's text. An empty one is no key. Without a key each process makes its
    /// own, and the hashes of one process are good for no other; so are those made before [`start`](crate::start).
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

    /// Takes out of every text what these rules find, and nothing else; by default all of [`Redaction::ALL`] count.
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

    /// Takes out of every text what this regular expression finds: `[redacted:<name>]` stands in its place.
    ///
    /// # Errors
    ///
    /// When the name is more than 40 small letters, digits and underscores or one of [`Redaction`], when the expression cannot be read, is too
    /// large, or finds the empty text.
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

    /// Values of fields of these names are shown as `[redacted]`, beside those that are known as secrets, such as `password` and `api_key`.
    ///
    /// A name is compared as a whole, or with what stands behind the last point of a field; small and capital letters, hyphens and underscores
    /// make no difference.
    pub fn redact_fields<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.privacy
            .fields
            .extend(names.into_iter().map(Into::into));
        self
    }

    /// Values of fields of these names are shown, though the names are known as those of secrets: `token`, where it is a word.
    pub fn allow_fields<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.privacy
            .allowed
            .extend(names.into_iter().map(Into::into));
        self
    }

    /// The prices that were set or loaded; empty where there are none.
    #[must_use]
    pub fn prices(&self) -> &Prices {
        &self.prices
    }

    /// The file that this was read from, if any.
    #[must_use]
    pub fn source(&self) -> Option<&Path> {
        self.source.as_deref()
    }

    /// What the file asks for that this build cannot give, and what it likely did not mean; told at the start.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    pub(crate) fn describe(&self) -> Service {
        let host = gethostname::gethostname().to_string_lossy().into_owned();
        let (environment, version) = (self.environment.clone(), self.version.clone());
        Service {
            environment,
            version,
            host,
        }
    }
}

#[cfg(feature = "yaml")]
impl Config {
    /// The configuration of the file that is found first: what the variable `RAGSPAN_CONFIG` names,
    /// `./ragspan.yaml`, `./logging_config.yaml`. Without a file it is [`Config::default`].
    ///
    /// With a file only the backends run that it enables. `RAGSPAN_LOG`, else `RUST_LOG`, overrides its levels.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, and when it is wrong: then all that is wrong with it is told at once.
    ///
    /// ```no_run
    /// let telemetry = ragspan::start(ragspan::Config::load()?)?;
    /// # drop(telemetry);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load() -> Result<Self, ConfigError> {
        load::load(&world::Process)
    }

    /// The configuration of this file.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        load::from_file(path.as_ref(), &world::Process)
    }

    /// The configuration that is written in this text, as it would be in a file.
    ///
    /// # Errors
    ///
    /// When the text is wrong; all that is wrong with it is told at once.
    ///
    /// ```
    /// let error = ragspan::Config::from_yaml("logging: {metrics: {prot: 9464}}").unwrap_err();
    /// assert_eq!(error.problems()[0].path(), "logging.metrics.prot");
    /// assert!(error.to_string().contains("did you mean `port`?"));
    /// ```
    pub fn from_yaml(text: &str) -> Result<Self, ConfigError> {
        load::build(Some(text), None, &world::Process)
    }

    /// Every key of the file with its value and where that comes from, secrets masked; as it was loaded, without
    /// what was set afterwards. Empty where nothing was loaded.
    #[must_use]
    pub fn explain(&self) -> &[Setting] {
        &self.settings
    }

    /// A commented file with every key, which says what is without a file.
    #[must_use]
    pub fn template() -> String {
        template::template()
    }
}
