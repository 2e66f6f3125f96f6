//! The one list of sections and keys: parsing, defaults, suggestions, the template and the reference come from it.

use super::kind::Kind;
use crate::privacy::Redaction;

/// A mapping of the file.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) path: &'static str,
    /// Its key `enabled` decides whether it counts.
    pub(super) switched: bool,
    pub(super) built: Built,
    pub(super) doc: &'static str,
}

/// Whether a part of the configuration does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Built {
    Always,
    /// With a feature of the crate.
    With(&'static str),
    /// Read and checked, for a later version.
    Later,
}

impl Built {
    /// In this build.
    pub(super) fn is_in(self) -> bool {
        match self {
            Self::Always => true,
            Self::With("sqlite") => cfg!(feature = "sqlite"),
            Self::With("serve") => cfg!(feature = "serve"),
            Self::With(_) | Self::Later => false,
        }
    }
}

/// A key of the file.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) path: &'static str,
    pub(super) kind: Kind,
    /// As it would stand in the file; empty where there is none.
    pub(super) default: &'static str,
    pub(super) needed: Needed,
    /// Beside whether its section is built.
    pub(super) built: Built,
    /// Never shown.
    pub(super) secret: bool,
    /// As it could stand in the file, where the default shows nothing.
    pub(super) example: &'static str,
    pub(super) doc: &'static str,
}

/// Whether a key has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    No,
    /// Where its section is enabled.
    Yes,
}

impl Key {
    const fn new(path: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Self {
        Self {
            path,
            kind,
            default,
            needed: Needed::No,
            built: Built::Always,
            secret: false,
            example: "",
            doc,
        }
    }

    const fn such_as(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    const fn needed(mut self) -> Self {
        self.needed = Needed::Yes;
        self
    }

    const fn later(mut self) -> Self {
        self.built = Built::Later;
        self
    }

    const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// The last word of its path.
    pub(super) fn name(&self) -> &'static str {
        last(self.path)
    }

    /// The path of the section that it stands in.
    pub(super) fn section(&self) -> &'static str {
        parent(self.path)
    }
}

/// The last word of a path.
pub(super) fn last(path: &'static str) -> &'static str {
    path.rsplit_once('.').map_or(path, |(_, last)| last)
}

/// A path without its last word; empty at the top.
pub(super) fn parent(path: &'static str) -> &'static str {
    path.rsplit_once('.').map_or("", |(parent, _)| parent)
}

/// The key at this path.
pub(super) fn index(path: &str) -> Option<usize> {
    KEYS.iter().position(|key| key.path == path)
}

/// The names that may stand in a section: keys and sections.
pub(super) fn names_in(section: &str) -> impl Iterator<Item = &'static str> {
    let paths = KEYS.iter().map(|key| key.path);
    let all = paths.chain(SECTIONS.iter().map(|section| section.path));
    all.filter(move |path| parent(path) == section).map(last)
}

/// What differs from the keys' defaults where there is no file at all.
pub(super) const WITHOUT_FILE: [(&str, &str); 2] = [
    ("logging.structured_logging.backends.stdout.enabled", "true"),
    ("logging.structured_logging.backends.sqlite.enabled", "true"),
];

/// Where the switch of the records stands.
pub(super) const RECORDS: &str = "logging.structured_logging";

/// Where the backends stand.
pub(super) const BACKENDS: &str = "logging.structured_logging.backends";

macro_rules! sections {
    ($($path:literal $switched:literal $built:expr, $doc:literal;)*) => {
        &[$(Section { path: $path, switched: $switched, built: $built, doc: $doc },)*]
    };
}

/// Every section, in the order of the template and the reference.
#[rustfmt::skip]
pub(super) const SECTIONS: &[Section] = sections! {
    "logging" false Built::Always, "Everything stands below this key.";
    "logging.service" false Built::Always, "Whose records these are.";
    "logging.structured_logging" true Built::Always, "Records. Without them there are still metrics.";
    "logging.structured_logging.backends" false Built::Always, "Where records go: those that are enabled. If none of them is in the build, records go to standard output.";
    "logging.structured_logging.backends.stdout" true Built::Always, "Standard output.";
    "logging.structured_logging.backends.file" true Built::Always, "A file of JSON lines that rolls over at a size.";
    "logging.structured_logging.backends.sqlite" true Built::With("sqlite"), "A SQLite database, which the `ragspan` command reads.";
    "logging.structured_logging.backends.postgresql" true Built::Later, "A PostgreSQL database.";
    "logging.structured_logging.backends.langsmith" true Built::Later, "LangSmith, which shows requests as runs.";
    "logging.structured_logging.backends.datadog" true Built::Later, "Datadog's log intake.";
    "logging.structured_logging.backends.otlp" true Built::Later, "Any receiver of OpenTelemetry's protocol.";
    "logging.metrics" true Built::With("serve"), "Metrics, and the listener that Prometheus scrapes. Without them there are still records.";
    "logging.spool" true Built::Later, "Records wait on the disk until a remote backend has them.";
    "logging.propagation" false Built::Always, "What of a request goes to other services, and what is believed of what they send.";
    "logging.privacy" false Built::Always, "What is taken out of records before they are stored or sent.";
    "logging.retention" false Built::Later, "How long records are kept, and where old ones go.";
    "logging.alerting" true Built::Later, "Rules that say when somebody is called.";
};

/// The names of all rules.
pub(super) const RULES: &[&str] = &{
    let mut names = [""; Redaction::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = Redaction::ALL[at].name();
        at += 1;
    }
    names
};

const ANY: u64 = i64::MAX as u64;
const MS_DAY: u64 = 86_400_000;

/// Every key; those of a section stand together, in the order of the template.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    Key::new("logging.strict", Kind::Flag, "false", "Makes an error of `start` of what it would otherwise report and go on without."),
    Key::new("logging.prices", Kind::Text, "", "What models cost: a table that `ragspan prices import` writes. Without one tokens are counted, and their cost is not known.").such_as("ragspan-prices.json"),

    Key::new("logging.service.name", Kind::Text, "rag", "The service's name."),
    Key::new("logging.service.version", Kind::Text, "0.0.0", "Its version; a key of every record."),
    Key::new("logging.service.environment", Kind::Text, "development", "Where it runs, such as staging; a key of every record."),

    Key::new("logging.structured_logging.enabled", Kind::Flag, "true", "Whether records are written at all."),
    Key::new("logging.structured_logging.format", Kind::Word(&["auto", "json", "pretty", "compact"]), "auto", "How records look on standard output. `auto` is pretty on a terminal and JSON elsewhere."),
    Key::new("logging.structured_logging.level", Kind::Levels, "INFO", "The least level that is kept, and levels for modules: `info,my_crate::search=debug,hyper=off`. `RAGSPAN_LOG` overrides it, else `RUST_LOG`."),
    Key::new("logging.structured_logging.queue_size", Kind::Whole(1, 1_000_000), "16384", "How many records may wait for delivery; what comes on top pushes out the oldest, and is counted."),

    Key::new("logging.structured_logging.backends.stdout.enabled", Kind::Flag, "false", "Whether records go there."),

    Key::new("logging.structured_logging.backends.file.enabled", Kind::Flag, "false", "Whether records go there."),
    Key::new("logging.structured_logging.backends.file.path", Kind::Text, "ragspan.jsonl", "The file that is written now."),
    Key::new("logging.structured_logging.backends.file.max_size", Kind::Size(4096, ANY), "64MiB", "At this size the file is renamed to `<path>.1`, and a new one begun."),
    Key::new("logging.structured_logging.backends.file.keep", Kind::Whole(0, 1000), "5", "How many renamed files are kept."),

    Key::new("logging.structured_logging.backends.sqlite.enabled", Kind::Flag, "false", "Whether records go there."),
    Key::new("logging.structured_logging.backends.sqlite.path", Kind::Text, "ragspan.db", "The database, made if it is not there."),
    Key::new("logging.structured_logging.backends.sqlite.max_size", Kind::Size(1_048_576, ANY), "1GiB", "Beyond this the oldest whole traces go; so do those older than `retention.hot_days`."),

    Key::new("logging.structured_logging.backends.postgresql.enabled", Kind::Flag, "false", "Whether records go there."),
    Key::new("logging.structured_logging.backends.postgresql.connection_string", Kind::Url(&["postgres", "postgresql"]), "", "Where it is, and who asks.").such_as("${DATABASE_URL}").secret().needed(),
    Key::new("logging.structured_logging.backends.postgresql.table", Kind::Name, "logs", "The table."),
    Key::new("logging.structured_logging.backends.postgresql.batch_size", Kind::Whole(1, 10_000), "100", "How many records are sent at once."),
    Key::new("logging.structured_logging.backends.postgresql.flush_interval_seconds", Kind::Number(0.1, 3600.0), "5", "After so many seconds a smaller number is sent."),
    Key::new("logging.structured_logging.backends.postgresql.migrate", Kind::Word(&["auto", "check", "off"]), "auto", "Whether the schema is brought up to date at the start."),

    Key::new("logging.structured_logging.backends.langsmith.enabled", Kind::Flag, "false", "Whether records go there."),
    Key::new("logging.structured_logging.backends.langsmith.api_key", Kind::Text, "", "The key of the account.").such_as("${LANGSMITH_API_KEY}").secret().needed(),
    Key::new("logging.structured_logging.backends.langsmith.project", Kind::Text, "default", "The project that runs belong to."),
    Key::new("logging.structured_logging.backends.langsmith.endpoint", Kind::Url(&["https", "http"]), "https://api.smith.langchain.com", "Its address, where you host it yourself."),

    Key::new("logging.structured_logging.backends.datadog.enabled", Kind::Flag, "false", "Whether records go there."),
    Key::new("logging.structured_logging.backends.datadog.api_key", Kind::Text, "", "The key of the account.").such_as("${DATADOG_API_KEY}").secret().needed(),
    Key::new("logging.structured_logging.backends.datadog.site", Kind::Text, "datadoghq.com", "The site of the account."),

    Key::new("logging.structured_logging.backends.otlp.enabled", Kind::Flag, "false", "Whether records go there."),
    Key::new("logging.structured_logging.backends.otlp.endpoint", Kind::Url(&["http", "https"]), "http://localhost:4318", "The receiver."),
    Key::new("logging.structured_logging.backends.otlp.protocol", Kind::Word(&["http/protobuf", "grpc"]), "http/protobuf", "What it is spoken to in."),
    Key::new("logging.structured_logging.backends.otlp.headers", Kind::Pairs, "", "Headers of every request.").such_as("{authorization: \"Bearer ${OTLP_TOKEN}\"}").secret(),

    Key::new("logging.metrics.enabled", Kind::Flag, "true", "Whether anything is counted, and served at `/metrics`. Records do not depend on it."),
    Key::new("logging.metrics.address", Kind::Address, "127.0.0.1", "The address that it listens on; `0.0.0.0` for scrapers on other machines."),
    Key::new("logging.metrics.port", Kind::Whole(0, 65_535), "9464", "The port; 0 takes any free one."),
    Key::new("logging.metrics.scrape_interval", Kind::Duration(1_000, MS_DAY), "15s", "How often Prometheus asks; for the files that are written for it."),

    Key::new("logging.spool.enabled", Kind::Flag, "true", "Whether records of remote backends wait on the disk."),
    Key::new("logging.spool.path", Kind::Text, "ragspan-spool", "The folder."),
    Key::new("logging.spool.max_size", Kind::Size(1_048_576, ANY), "1GiB", "At this size the oldest records go, and are counted."),

    Key::new("logging.propagation.trust", Kind::Flag, "true", "Whether a caller's trace goes on here and its baggage is taken. `false` at a public edge, where anybody could put requests into anybody's trace: then a new trace begins, which names the caller's."),
    Key::new("logging.propagation.baggage", Kind::Texts, "", "The fields of a request that travel from service to service; `request_id` alone where none is named. They go with every outbound call that headers are written for, also to strangers.").such_as("[request_id, user_id]"),
    Key::new("logging.propagation.langsmith", Kind::Flag, "false", "Whether LangSmith's header goes with every outbound call, and not only where a request came with it."),

    Key::new("logging.privacy.hash_key", Kind::Text, "", "The key of `#[log(hash)]`, of at least 16 bytes: the same in all services whose records are joined on hashes. Without one each process makes its own.").such_as("${RAGSPAN_HASH_KEY}").secret(),
    Key::new("logging.privacy.redact_fields", Kind::Texts, "", "Names of fields whose values are shown as `[redacted]`, beside those that are known as secrets, such as `password` and `api_key`.").such_as("[email, phone]"),
    Key::new("logging.privacy.allow_fields", Kind::Texts, "", "Names that are known as those of secrets, and whose values are shown all the same.").such_as("[token]"),
    Key::new("logging.privacy.redact", Kind::WordsOrOff(RULES), "[private_keys, url_credentials, jwt, bearer, api_keys, emails, cards]", "What is taken out of every text by how it looks; `off` for nothing."),
    Key::new("logging.privacy.patterns", Kind::Patterns, "", "Regular expressions of your own: what one finds is shown as `[redacted:<name>]`.").such_as("{patient: \"\\\\bP-[0-9]{6}\\\\b\"}"),
    Key::new("logging.privacy.content", Kind::Word(&["off", "hash", "full"]), "off", "Whether `inputs(..)` and `output` are kept.").later(),

    Key::new("logging.retention.hot_days", Kind::Whole(1, 36_500), "7", "So long every record can be queried."),
    Key::new("logging.retention.warm_days", Kind::Whole(1, 36_500), "30", "So long errors and a sample can be queried."),
    Key::new("logging.retention.cold_days", Kind::Whole(1, 36_500), "90", "So long the archive is kept."),
    Key::new("logging.retention.schedule", Kind::Clock, "03:10", "When records are aged, every day, in UTC."),
    Key::new("logging.retention.archive_path", Kind::Text, "", "A folder for the archive.").such_as("archive"),
    Key::new("logging.retention.archive_to_s3", Kind::Flag, "false", "Whether the archive is on S3."),
    Key::new("logging.retention.s3_bucket", Kind::Text, "", "The bucket of the archive.").such_as("rag-logs-archive"),
    Key::new("logging.retention.s3_prefix", Kind::Text, "", "What the archive's objects begin with.").such_as("logs/"),
    Key::new("logging.retention.s3_region", Kind::Text, "", "The bucket's region.").such_as("eu-central-1"),
    Key::new("logging.retention.s3_endpoint", Kind::Url(&["https", "http"]), "", "The address of a store that is not Amazon's.").such_as("https://minio.example.com"),

    Key::new("logging.alerting.enabled", Kind::Flag, "false", "Whether rules are watched."),
    Key::new("logging.alerting.engine", Kind::Word(&["prometheus", "embedded"]), "prometheus", "Who watches them."),
    Key::new("logging.alerting.error_rate_threshold", Kind::Number(0.0, 1.0), "0.05", "More errors than this, of all requests."),
    Key::new("logging.alerting.latency_p95_threshold_ms", Kind::Number(0.0, 86_400_000.0), "2000", "More milliseconds than this for one request in twenty."),
    Key::new("logging.alerting.hallucination_rate_threshold", Kind::Number(0.0, 1.0), "0.10", "More unsupported claims than this, of all claims."),
    Key::new("logging.alerting.alert_channels", Kind::Words(&["slack", "email", "webhook"]), "[]", "Who is told."),
    Key::new("logging.alerting.slack_webhook", Kind::Url(&["https", "http"]), "", "Where Slack is told.").such_as("${SLACK_WEBHOOK}").secret(),
    Key::new("logging.alerting.email", Kind::Text, "", "Who gets mail.").such_as("oncall@example.com"),
    Key::new("logging.alerting.webhook", Kind::Url(&["https", "http"]), "", "Who else is told.").such_as("${ALERT_WEBHOOK}").secret(),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_stands_once_and_in_a_section() {
        let mut paths: Vec<_> = KEYS.iter().map(|key| key.path).collect();
        paths.extend(SECTIONS.iter().map(|section| section.path));
        let count = paths.len();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), count);
        for path in paths {
            assert!(
                path == "logging" || SECTIONS.iter().any(|section| section.path == parent(path)),
                "{path}"
            );
        }
    }

    #[test]
    fn every_default_and_what_differs_without_a_file_is_of_its_kind() {
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            assert!(key.kind.check_default(key.default), "{}", key.path);
        }
        for (path, value) in WITHOUT_FILE {
            let key = &KEYS[index(path).unwrap()];
            assert!(key.kind.check_default(value), "{path}");
        }
    }

    #[test]
    fn what_has_no_default_has_an_example() {
        for key in KEYS {
            assert!(
                !key.default.is_empty() || !key.example.is_empty(),
                "{}",
                key.path
            );
        }
    }

    #[test]
    fn a_switched_section_has_its_switch_and_no_other_has() {
        for section in SECTIONS {
            let switch = format!("{}.enabled", section.path);
            assert_eq!(
                index(&switch).is_some(),
                section.switched,
                "{}",
                section.path
            );
        }
    }
}
