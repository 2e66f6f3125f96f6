//! What to start: the service's name, where records go, and the listener for metrics.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::record::{Level, Service};
use crate::sink::{FileSettings, Format};

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
    pub(crate) level: Level,
    pub(crate) stdout: Option<Format>,
    pub(crate) file: Option<FileSettings>,
    pub(crate) sqlite: Option<PathBuf>,
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) queue: usize,
    pub(crate) strict: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "rag".to_owned(),
            version: "0.0.0".to_owned(),
            environment: "development".to_owned(),
            level: Level::Info,
            stdout: Some(Format::Auto),
            file: None,
            sqlite: cfg!(feature = "sqlite").then(|| PathBuf::from("ragspan.db")),
            metrics: cfg!(feature = "serve").then_some(METRICS),
            queue: QUEUE,
            strict: false,
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
        self.level = level;
        self
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

    /// Records in the SQLite database at this path, made if it is not there.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(mut self, path: impl Into<PathBuf>) -> Self {
        self.sqlite = Some(path.into());
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
        self
    }

    /// No listener for metrics; [`render_metrics`](crate::Telemetry::render_metrics) gives their text.
    pub fn without_metrics_listener(mut self) -> Self {
        self.metrics = None;
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
