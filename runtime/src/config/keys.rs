//! The list of the configuration's sections and keys. Parsing, defaults, suggestions, `config check`, `config init` and
//! `docs/configuration.md` follow from it.
//!
//! Each row yields a constant, such as [`SERVICE_NAME`], that looks up the value with the type of its kind.

use std::marker::PhantomData;
use std::net::IpAddr;
use std::time::Duration;

use super::kind::KeyKind;
#[cfg(test)]
use super::kind::{FromValue, KeyValue};
use crate::pipeline::Levels;
use crate::privacy::Redaction;

/// A mapping of the file.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) path: &'static str,
    pub(super) support: Support,
    pub(super) doc: &'static str,
}

impl Section {
    /// Returns the last segment of the path.
    pub(super) fn name(&self) -> &'static str {
        last_segment(self.path)
    }

    /// Returns the path of the enclosing section, and "" for the root.
    pub(super) fn parent(&self) -> &'static str {
        parent(self.path)
    }

    /// Returns the keys of the section.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'static KeyInfo> {
        KEYS.iter().filter(move |key| key.section.path == self.path)
    }

    /// Returns the index of the key `enabled`, which switches the section off.
    pub(super) fn switch(&self) -> Option<usize> {
        let is_switch = |key: &KeyInfo| key.is_switch() && key.section.path == self.path;
        KEYS.iter().position(is_switch)
    }
}

/// The builds that support a part of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Support {
    Always,
    /// Builds with a feature of the crate.
    Feature(&'static str),
    /// A later version; this one parses and checks the values.
    Planned,
}

impl Support {
    /// Returns true if this build supports it.
    pub(super) fn is_in_build(self) -> bool {
        match self {
            Self::Always => true,
            Self::Feature("sqlite") => cfg!(feature = "sqlite"),
            Self::Feature("serve") => cfg!(feature = "serve"),
            Self::Feature(_) | Self::Planned => false,
        }
    }
}

/// A key of the file.
#[derive(Debug)]
pub(super) struct KeyInfo {
    pub(super) section: &'static Section,
    pub(super) path: &'static str,
    pub(super) kind: KeyKind,
    /// The default as it is written in the file; empty if there is none.
    pub(super) default: &'static str,
    /// The key must be present if its section is enabled.
    pub(super) required: bool,
    /// The builds that support the key, among those that support the section.
    pub(super) support: Support,
    /// The value is never shown.
    pub(super) secret: bool,
    /// A value as it is written in the file, for a key without a default.
    pub(super) example: &'static str,
    pub(super) doc: &'static str,
}

impl KeyInfo {
    const fn new(
        section: &'static Section,
        path: &'static str,
        kind: KeyKind,
        default: &'static str,
        doc: &'static str,
    ) -> Self {
        Self {
            section,
            path,
            kind,
            default,
            required: false,
            support: Support::Always,
            secret: false,
            example: "",
            doc,
        }
    }

    const fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn feature(mut self, feature: &'static str) -> Self {
        self.support = Support::Feature(feature);
        self
    }

    const fn planned(mut self) -> Self {
        self.support = Support::Planned;
        self
    }

    const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Returns the last segment of the path.
    pub(super) fn name(&self) -> &'static str {
        last_segment(self.path)
    }

    /// Returns true for the key that switches its section on and off.
    pub(super) fn is_switch(&self) -> bool {
        self.name() == "enabled"
    }

    /// Returns true if this build uses the value.
    pub(super) fn is_in_build(&self) -> bool {
        self.support.is_in_build() && self.section.support.is_in_build()
    }
}

/// A key with a default: a lookup always returns a value of type `T`.
pub(super) struct Key<T: ?Sized> {
    index: usize,
    value: PhantomData<T>,
}

/// A key without a default: a lookup returns `None` if the key is not set.
pub(super) struct OptionalKey<T: ?Sized> {
    index: usize,
    value: PhantomData<T>,
}

macro_rules! typed_keys {
    ($($key:ident),*) => {
        $(
            impl<T: ?Sized> Copy for $key<T> {}

            impl<T: ?Sized> Clone for $key<T> {
                fn clone(&self) -> Self {
                    *self
                }
            }

            impl<T: ?Sized> $key<T> {
                const fn new(index: usize) -> Self {
                    Self {
                        index,
                        value: PhantomData,
                    }
                }

                /// Returns the position in [`KEYS`].
                pub(super) const fn index(self) -> usize {
                    self.index
                }

                #[cfg(test)]
                fn can_hold(self, value: &KeyValue) -> bool
                where
                    T: FromValue,
                {
                    T::from_value(value).is_some()
                }

                /// Returns the row of the list.
                pub(super) fn info(self) -> &'static KeyInfo {
                    &KEYS[self.index]
                }
            }
        )*
    };
}

typed_keys!(Key, OptionalKey);

/// Returns the last segment of a path.
fn last_segment(path: &'static str) -> &'static str {
    path.rsplit_once('.').map_or(path, |(_, last)| last)
}

/// Returns a path without its last segment; empty at the root.
fn parent(path: &'static str) -> &'static str {
    path.rsplit_once('.').map_or("", |(parent, _)| parent)
}

/// Returns the position in [`KEYS`] of the key at `path`.
pub(super) fn index(path: &str) -> Option<usize> {
    KEYS.iter().position(|key| key.path == path)
}

/// Returns the position in [`SECTIONS`] of the section at `path`.
pub(super) fn section_index(path: &str) -> Option<usize> {
    SECTIONS.iter().position(|section| section.path == path)
}

/// Returns the paths of all keys and sections.
pub(super) fn paths() -> impl Iterator<Item = &'static str> {
    let keys = KEYS.iter().map(|key| key.path);
    keys.chain(SECTIONS.iter().map(|section| section.path))
}

/// Returns the names of the keys and sections directly below `section`.
pub(super) fn names_in(section: &str) -> impl Iterator<Item = &'static str> {
    paths()
        .filter(move |path| parent(path) == section)
        .map(last_segment)
}

/// The Rust type of a kind's values.
#[rustfmt::skip]
macro_rules! value_type {
    (Flag) => { bool };
    (Whole) => { u64 };
    (Size) => { u64 };
    (Number) => { f64 };
    (Duration) => { Duration };
    (Level) => { Levels };
    (Levels) => { Levels };
    (Address) => { IpAddr };
    (Clock) => { str };
    (Choice) => { str };
    (Url) => { str };
    (Name) => { str };
    (Text) => { str };
    (Choices) => { [String] };
    (ChoicesOrOff) => { [String] };
    (Texts) => { [String] };
    (Pairs) => { [String] };
    (Patterns) => { [String] };
}

/// The typed key of a row: a [`Key`] if the row has a default, and an [`OptionalKey`] otherwise.
macro_rules! key_type {
    ($kind:ident, $default:literal) => { Key<value_type!($kind)> };
    ($kind:ident) => { OptionalKey<value_type!($kind)> };
}

/// Declares the sections and their keys:
///
/// ```text
/// SECTION "path", support, "doc" {
///     KEY: Kind(bounds) = "default", "name", "doc" .modifier()..;
/// }
/// ```
macro_rules! keys {
    ($(
        $section:ident $path:literal, $support:expr, $section_doc:literal {
            $(
                $key:ident : $kind:ident $(($($bound:expr),+))? $(= $default:literal)?, $name:literal, $doc:literal
                $(.$modifier:ident($($argument:literal)?))*;
            )*
        }
    )*) => {
        $(
            #[allow(dead_code, reason = "some sections are only looked up by their path")]
            pub(super) const $section: &Section = &Section { path: $path, support: $support, doc: $section_doc };
        )*

        /// Every section, in the order of the template and the reference.
        pub(super) const SECTIONS: &[&Section] = &[$($section),*];

        /// Every key, in the order of the template and the reference.
        pub(super) static KEYS: &[KeyInfo] = &[$($(
            KeyInfo::new(
                $section,
                concat!($path, ".", $name),
                KeyKind::$kind $(($($bound),+))?,
                concat!("" $(, $default)?),
                $doc,
            )
            $(.$modifier($($argument)?))*,
        )*)*];

        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "each row is named as its constant")]
        enum Index { $($($key,)*)* }

        /// Returns for each key whether its type can hold the value that `sample` returns for its row.
        #[cfg(test)]
        fn check_types(sample: impl Fn(&KeyInfo) -> KeyValue) -> Vec<(&'static str, bool)> {
            vec![$($(($key.info().path, $key.can_hold(&sample($key.info()))),)*)*]
        }

        $($(
            #[allow(dead_code, reason = "this version checks the keys of planned sections without using them")]
            pub(super) const $key: key_type!($kind $(, $default)?) = <key_type!($kind $(, $default)?)>::new(Index::$key as usize);
        )*)*
    };
}

/// The defaults that apply without a file, and with a file without the section of backends.
pub(super) const WITHOUT_BACKENDS: [(Key<bool>, &str); 2] =
    [(STDOUT_ENABLED, "true"), (SQLITE_ENABLED, "true")];

/// The names of all redaction rules.
const RULES: &[&str] = &{
    let mut names = [""; Redaction::ALL.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = Redaction::ALL[index].name();
        index += 1;
    }
    names
};

const ANY: u64 = i64::MAX as u64;
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

#[rustfmt::skip]
keys! {
    LOGGING "logging", Support::Always, "Everything is below this key." {
        STRICT: Flag = "false", "strict", "Turns every warning of `start` into an error.";
        PRICES: Text, "prices", "The prices of models: a table that `ragspan prices import` writes. Without one, tokens are counted and their cost is unknown.".example("ragspan-prices.json");
    }
    SERVICE "logging.service", Support::Always, "The service that writes the records." {
        SERVICE_NAME: Text, "name", "The service's name. By default that of `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES`, else the program's.".example("rag-api");
        SERVICE_VERSION: Text, "version", "The service's version; a key of every record. By default `service.version` of `OTEL_RESOURCE_ATTRIBUTES`, else the version of the package that has the annotated functions.".example("1.4.0");
        SERVICE_ENVIRONMENT: Text = "development", "environment", "The environment that the service runs in, such as staging; a key of every record. `deployment.environment.name` of `OTEL_RESOURCE_ATTRIBUTES` replaces the default.";
    }
    RECORDS "logging.structured_logging", Support::Always, "Records. Metrics do not depend on them." {
        RECORDS_ENABLED: Flag = "true", "enabled", "Whether records are written at all.";
        FORMAT: Choice(&["auto", "json", "pretty", "compact"]) = "auto", "format", "The format on standard output. `auto` is pretty on a terminal and JSON elsewhere.";
        LEVEL: Levels = "INFO", "level", "The minimum level of records, and levels for modules: `info,my_crate::search=debug,hyper=off`. `RAGSPAN_LOG` overrides it, else `RUST_LOG`.";
        QUEUE_SIZE: Whole(1, 1_000_000) = "16384", "queue_size", "The number of records that may wait for delivery. If the queue is full, a new record replaces the oldest, and the drop is counted.";
    }
    BACKENDS "logging.structured_logging.backends", Support::Always, "The backends that store or show records. Without this section, records go to standard output and to SQLite; with it, to the backends that it enables, or to standard output if none of them is in the build." {
    }
    STDOUT "logging.structured_logging.backends.stdout", Support::Always, "Standard output." {
        STDOUT_ENABLED: Flag = "false", "enabled", "Whether records go there.";
        STDOUT_LEVEL: Level, "level", "The minimum level of the records that go there.".example("WARNING");
        STDOUT_LAYERS: Texts, "layers", "The layers whose records go there; by default all.".example("[api, generation]");
        STDOUT_SAMPLE: Number(0.0, 1.0) = "1", "sample", "The fraction of traces that go there: whole traces, and always those with an error.";
    }
    FILE "logging.structured_logging.backends.file", Support::Always, "A file of JSON lines with size-based rotation." {
        FILE_ENABLED: Flag = "false", "enabled", "Whether records go there.";
        FILE_PATH: Text = "ragspan.jsonl", "path", "The file that records are appended to.";
        FILE_MAX_SIZE: Size(4096, ANY) = "64MiB", "max_size", "At this size the file is renamed to `<path>.1`, and a new file is started.";
        FILE_KEEP: Whole(0, 1000) = "5", "keep", "The number of renamed files that are kept.";
        FILE_LEVEL: Level, "level", "The minimum level of the records that go there.".example("WARNING");
        FILE_LAYERS: Texts, "layers", "The layers whose records go there; by default all.".example("[api, generation]");
        FILE_SAMPLE: Number(0.0, 1.0) = "1", "sample", "The fraction of traces that go there: whole traces, and always those with an error.";
    }
    SQLITE "logging.structured_logging.backends.sqlite", Support::Feature("sqlite"), "A SQLite database, which the `ragspan` command reads." {
        SQLITE_ENABLED: Flag = "false", "enabled", "Whether records go there.";
        SQLITE_PATH: Text = "ragspan.db", "path", "The database; it is created if it does not exist.";
        SQLITE_MAX_SIZE: Size(1_048_576, ANY) = "1GiB", "max_size", "Above this size the oldest whole traces are deleted, as are traces older than `retention.hot_days`.";
        SQLITE_LEVEL: Level, "level", "The minimum level of the records that go there.".example("WARNING");
        SQLITE_LAYERS: Texts, "layers", "The layers whose records go there; by default all.".example("[api, generation]");
        SQLITE_SAMPLE: Number(0.0, 1.0) = "1", "sample", "The fraction of traces that go there: whole traces, and always those with an error.";
    }
    POSTGRESQL "logging.structured_logging.backends.postgresql", Support::Planned, "A PostgreSQL database." {
        POSTGRESQL_ENABLED: Flag = "false", "enabled", "Whether records go there.";
        POSTGRESQL_CONNECTION_STRING: Url(&["postgres", "postgresql"]), "connection_string", "The address of the database, with the user.".example("${DATABASE_URL}").secret().required();
        POSTGRESQL_TABLE: Name = "logs", "table", "The table.";
        POSTGRESQL_BATCH_SIZE: Whole(1, 10_000) = "100", "batch_size", "The number of records in a batch.";
        POSTGRESQL_FLUSH_INTERVAL: Number(0.1, 3600.0) = "5", "flush_interval_seconds", "The time in seconds after which a smaller batch is sent.";
        POSTGRESQL_MIGRATE: Choice(&["auto", "check", "off"]) = "auto", "migrate", "Whether the schema is migrated at the start.";
    }
    LANGSMITH "logging.structured_logging.backends.langsmith", Support::Planned, "LangSmith, which shows requests as runs." {
        LANGSMITH_ENABLED: Flag = "false", "enabled", "Whether records go there.";
        LANGSMITH_API_KEY: Text, "api_key", "The API key of the account.".example("${LANGSMITH_API_KEY}").secret().required();
        LANGSMITH_PROJECT: Text = "default", "project", "The project of the runs.";
        LANGSMITH_ENDPOINT: Url(&["https", "http"]) = "https://api.smith.langchain.com", "endpoint", "The address of LangSmith; another one if you host it yourself.";
    }
    DATADOG "logging.structured_logging.backends.datadog", Support::Planned, "Datadog's log intake." {
        DATADOG_ENABLED: Flag = "false", "enabled", "Whether records go there.";
        DATADOG_API_KEY: Text, "api_key", "The API key of the account.".example("${DATADOG_API_KEY}").secret().required();
        DATADOG_DOMAIN: Text = "datadoghq.com", "site", "The Datadog site of the account.";
    }
    OTLP "logging.structured_logging.backends.otlp", Support::Planned, "A receiver of OpenTelemetry's protocol." {
        OTLP_ENABLED: Flag = "false", "enabled", "Whether records go there.";
        OTLP_ENDPOINT: Url(&["http", "https"]) = "http://localhost:4318", "endpoint", "The address of the receiver.";
        OTLP_PROTOCOL: Choice(&["http/protobuf", "grpc"]) = "http/protobuf", "protocol", "The protocol.";
        OTLP_HEADERS: Pairs, "headers", "Headers of every request.".example("{authorization: \"Bearer ${OTLP_TOKEN}\"}").secret();
    }
    METRICS "logging.metrics", Support::Feature("serve"), "Metrics, and the listener that Prometheus scrapes. Records do not depend on them." {
        METRICS_ENABLED: Flag = "true", "enabled", "Whether calls are counted, and served at `/metrics`.";
        METRICS_ADDRESS: Address = "127.0.0.1", "address", "The address of the listener; `0.0.0.0` for scrapers on other machines.";
        METRICS_PORT: Whole(0, 65_535) = "9464", "port", "The port of the listener; 0 takes any free port.";
        METRICS_SCRAPE_INTERVAL: Duration(SECOND, DAY) = "15s", "scrape_interval", "The scrape interval of Prometheus, for the files that are generated for Prometheus.";
    }
    SPOOL "logging.spool", Support::Planned, "Records are buffered on disk until a remote backend accepts them." {
        SPOOL_ENABLED: Flag = "true", "enabled", "Whether records of remote backends are buffered on disk.";
        SPOOL_PATH: Text = "ragspan-spool", "path", "The directory.";
        SPOOL_MAX_SIZE: Size(1_048_576, ANY) = "1GiB", "max_size", "Above this size the oldest records are dropped and counted.";
    }
    PROPAGATION "logging.propagation", Support::Always, "The request context that is sent to and accepted from other services." {
        PROPAGATION_TRUST: Flag = "true", "trust", "Whether a caller's trace is continued and its baggage accepted. Set it to `false` at a public edge, where any client could add requests to any trace: each request then starts a new trace, which records the caller's trace id.";
        PROPAGATION_BAGGAGE: Texts, "baggage", "The request fields that are sent from service to service; by default only `request_id`. They are sent with every outbound call that headers are written for, including calls to external services.".example("[request_id, user_id]");
        PROPAGATION_LANGSMITH: Flag = "false", "langsmith", "Whether LangSmith's header is sent with every outbound call, and not only if the incoming request had one.";
    }
    PRIVACY "logging.privacy", Support::Always, "The redaction of records before they are stored or sent." {
        HASH_KEY: Text, "hash_key", "The key of `#[log(hash)]`, of at least 16 bytes. Use the same key in all services whose records are joined on hashes. Without one each process generates its own.".example("${RAGSPAN_HASH_KEY}").secret();
        REDACT_FIELDS: Texts, "redact_fields", "Names of further fields whose values are shown as `[redacted]`. Names such as `password` and `api_key` are built in.".example("[email, phone]");
        ALLOW_FIELDS: Texts, "allow_fields", "Built-in names of secrets whose values are shown nevertheless.".example("[token]");
        REDACT: ChoicesOrOff(RULES) = "[private_keys, url_credentials, jwt, bearer, api_keys, named_values, emails, cards]", "redact", "The patterns that are redacted in every text; `off` for none.";
        PATTERNS: Patterns, "patterns", "Regular expressions of your own; each match is shown as `[redacted:<name>]`.".example("{patient: \"\\\\bP-[0-9]{6}\\\\b\"}");
        CONTENT: Choice(&["off", "hash", "full"]) = "off", "content", "Whether `inputs(..)` and `output` are stored.".planned();
    }
    RETENTION "logging.retention", Support::Always, "How long records are kept." {
        HOT_DAYS: Whole(1, 36_500) = "7", "hot_days", "The number of days that the SQLite database keeps a trace.".feature("sqlite");
        WARM_DAYS: Whole(1, 36_500) = "30", "warm_days", "The number of days that errors and a sample can be queried.".planned();
        COLD_DAYS: Whole(1, 36_500) = "90", "cold_days", "The number of days that the archive is kept.".planned();
        RETENTION_SCHEDULE: Clock = "03:10", "schedule", "The daily time at which records are aged, in UTC.".planned();
        ARCHIVE_PATH: Text, "archive_path", "The directory of the archive.".example("archive").planned();
        ARCHIVE_TO_S3: Flag = "false", "archive_to_s3", "Whether the archive is on S3.".planned();
        S3_BUCKET: Text, "s3_bucket", "The bucket of the archive.".example("rag-logs-archive").planned();
        S3_PREFIX: Text, "s3_prefix", "The prefix of the archive's objects.".example("logs/").planned();
        S3_REGION: Text, "s3_region", "The region of the bucket.".example("eu-central-1").planned();
        S3_ENDPOINT: Url(&["https", "http"]), "s3_endpoint", "The address of an S3-compatible store outside of AWS.".example("https://minio.example.com").planned();
    }
    ALERTING "logging.alerting", Support::Planned, "Rules that send alerts." {
        ALERTING_ENABLED: Flag = "false", "enabled", "Whether the rules are evaluated.";
        ALERTING_ENGINE: Choice(&["prometheus", "embedded"]) = "prometheus", "engine", "The engine that evaluates the rules.";
        ERROR_RATE_THRESHOLD: Number(0.0, 1.0) = "0.05", "error_rate_threshold", "The maximum fraction of requests with an error.";
        LATENCY_P95_THRESHOLD: Number(0.0, 86_400_000.0) = "2000", "latency_p95_threshold_ms", "The maximum 95th percentile of the request latency, in milliseconds.";
        HALLUCINATION_RATE_THRESHOLD: Number(0.0, 1.0) = "0.10", "hallucination_rate_threshold", "The maximum fraction of unsupported claims.";
        ALERT_CHANNELS: Choices(&["slack", "email", "webhook"]) = "[]", "alert_channels", "The channels that alerts are sent to.";
        SLACK_WEBHOOK: Url(&["https", "http"]), "slack_webhook", "The webhook of the Slack channel.".example("${SLACK_WEBHOOK}").secret();
        ALERT_EMAIL: Text, "email", "The address that mail is sent to.".example("oncall@example.com");
        ALERT_WEBHOOK: Url(&["https", "http"]), "webhook", "The webhook of another system.".example("${ALERT_WEBHOOK}").secret();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_unique_and_has_a_section() {
        let mut all: Vec<_> = paths().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        for path in all {
            assert!(
                path == LOGGING.path || section_index(parent(path)).is_some(),
                "{path}"
            );
        }
    }

    #[test]
    fn every_default_is_of_its_kind() {
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            assert!(key.kind.read_default(key.default).is_some(), "{}", key.path);
        }
        for (key, value) in WITHOUT_BACKENDS {
            let key = key.info();
            assert!(key.kind.read_default(value).is_some(), "{}", key.path);
        }
    }

    #[test]
    fn a_key_without_a_default_has_an_example() {
        for key in KEYS {
            assert!(
                !key.default.is_empty() || !key.example.is_empty(),
                "{}",
                key.path
            );
        }
    }

    #[test]
    fn every_key_has_the_type_of_its_values() {
        let sample = |key: &KeyInfo| match key.kind {
            _ if !key.default.is_empty() => key.kind.read_default(key.default).unwrap(),
            KeyKind::Url(schemes) => key.kind.read(&format!("{}://x", schemes[0])).unwrap(),
            kind if kind.is_list() || kind.is_map() => KeyValue::Texts(vec![]),
            KeyKind::Level => key.kind.read("info").unwrap(),
            kind => kind.read("x").unwrap(),
        };
        for (path, can_hold) in check_types(sample) {
            assert!(can_hold, "{path}");
        }
    }

    #[test]
    fn a_typed_key_refers_to_its_row() {
        assert_eq!(STRICT.info().path, "logging.strict");
        assert_eq!(METRICS_PORT.info().path, "logging.metrics.port");
        assert_eq!(ALERT_WEBHOOK.info().path, "logging.alerting.webhook");
        assert_eq!(ALERT_WEBHOOK.index(), KEYS.len() - 1);
        assert_eq!(METRICS.switch(), Some(METRICS_ENABLED.index()));
        assert_eq!(SERVICE.switch(), None);
    }
}
