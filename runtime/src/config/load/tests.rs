//! Tests of loading a file with an environment.

use super::super::environment::fake::FakeEnvironment;
use super::*;
use crate::record::Level;

/// The file that every version must load unchanged.
const SEED: &str = include_str!("seed.yaml");

fn environment() -> FakeEnvironment {
    FakeEnvironment {
        variables: vec![
            ("LANGSMITH_API_KEY", "ls-123"),
            ("DATABASE_URL", "postgres://rag:pw@db/rag"),
            ("SLACK_WEBHOOK", "https://hooks.example.com/T1"),
        ],
        files: vec![],
    }
}

fn load_with(text: &str, environment: &FakeEnvironment) -> Config {
    build(Some(text), Some(Path::new("c.yaml")), environment)
        .unwrap_or_else(|error| panic!("{error}"))
}

fn parsed(text: &str) -> Config {
    load_with(text, &FakeEnvironment::default())
}

fn load_error(text: &str, environment: &FakeEnvironment) -> String {
    build(Some(text), Some(Path::new("c.yaml")), environment)
        .unwrap_err()
        .to_string()
}

fn setting<'a>(config: &'a Config, path: &str) -> (Option<&'a str>, String) {
    let mut settings = config.explain().iter();
    let setting = settings.find(|setting| setting.path() == path).unwrap();
    (setting.value(), setting.source().to_string())
}

#[test]
fn the_reference_file_loads_unchanged() {
    let config = load_with(SEED, &environment());
    let expected = [
        ("structured_logging.format", "json", "c.yaml:6"),
        ("structured_logging.level", "INFO", "c.yaml:7"),
        (
            "structured_logging.backends.langsmith.project",
            "rag_system",
            "c.yaml:14",
        ),
        (
            "structured_logging.backends.langsmith.api_key",
            "********",
            "env LANGSMITH_API_KEY",
        ),
        (
            "structured_logging.backends.postgresql.connection_string",
            "********",
            "env DATABASE_URL",
        ),
        (
            "structured_logging.backends.postgresql.batch_size",
            "100",
            "c.yaml:20",
        ),
        ("metrics.port", "9090", "c.yaml:31"),
        ("metrics.scrape_interval", "15s", "c.yaml:32"),
        ("retention.s3_bucket", "rag-logs-archive", "c.yaml:40"),
        ("alerting.hallucination_rate_threshold", "0.10", "c.yaml:47"),
        ("alerting.alert_channels", "[slack, email]", "c.yaml:48"),
        ("service.environment", "development", "default"),
    ];
    for (path, value, origin) in expected {
        let got = setting(&config, &format!("logging.{path}"));
        assert_eq!(got, (Some(value), origin.to_owned()), "{path}");
    }
    assert_eq!(
        config.stdout,
        Some(Format::Json),
        "no enabled backend is in this build"
    );
    assert_eq!(
        config.metrics.map(|address| address.port()),
        cfg!(feature = "serve").then_some(9090)
    );
    assert!(config.file.is_none() && config.sqlite.is_none());
}

#[test]
fn the_notes_name_the_parts_that_this_build_does_not_support() {
    let notes = load_with(SEED, &environment()).notes().join("\n");
    for part in [
        "langsmith is enabled, but langsmith is not in this build",
        "postgresql is enabled, but postgresql is not",
        "logging.retention: warm_days, cold_days, archive_to_s3, s3_bucket are set, but they are not in this build",
        "logging.alerting is enabled, but",
        "none of the enabled backends is in this build: records go to standard output",
        "no address is set; add `email`",
    ] {
        assert!(notes.contains(part), "{part} in {notes}");
    }
    assert!(!notes.contains("hot_days"), "{notes}");
    assert!(!notes.contains("datadog"), "{notes}");
}

#[test]
fn only_enabled_backends_need_their_variables() {
    let error = load_error(SEED, &FakeEnvironment::default());
    for name in ["LANGSMITH_API_KEY", "DATABASE_URL", "SLACK_WEBHOOK"] {
        assert!(
            error.contains(&format!("the variable {name} is not set")),
            "{name} in {error}"
        );
    }
    assert!(!error.contains("DATADOG"), "{error}");
    let datadog = setting(
        &load_with(SEED, &environment()),
        "logging.structured_logging.backends.datadog.api_key",
    )
    .0
    .map(str::to_owned);
    assert_eq!(datadog, None);
}

#[test]
fn secrets_are_never_shown() {
    let environment = FakeEnvironment {
        files: vec![("/run/secrets/key", b"in-a-file-77\n".to_vec())],
        variables: vec![("TOKEN", "in-a-variable-77"), ("PORT", "no-port-77")],
    };
    let text = "logging:\n  structured_logging:\n    backends:\n      langsmith: {enabled: true, api_key: \"${file:/run/secrets/key}\", endpoint: \"https://me:in-url-77@h/x\"}\n      \
         datadog: {enabled: true, api_key: in-the-file-77}\n      otlp: {enabled: true, headers: {authorization: \"Bearer ${TOKEN}\"}}\n";
    let config = load_with(text, &environment);
    let shown = format!("{config:?}{:?}", config.explain());
    assert!(!shown.contains("77"), "{shown}");
    let (value, origin) = setting(
        &config,
        "logging.structured_logging.backends.langsmith.api_key",
    );
    assert_eq!(
        (value, origin.as_str()),
        (Some("********"), "file /run/secrets/key")
    );
    let text = "logging: {metrics: {port: \"${PORT}\"}, alerting: {slack_webhook: in-the-file-77}, structured_logging: {level: \"${PORT}\"}}";
    let error = load_error(text, &environment);
    assert!(
        error.matches("expected").count() == 3 && !error.contains("77"),
        "{error}"
    );
}

#[test]
fn no_message_quotes_a_literal_that_may_be_a_secret() {
    const SECRETS: [&str; 7] = [
        "hunter2",
        "sk-proj-T3BlbkFJabcdefghij0123456789",
        "4111111111111111",
        "Bearer0123456789abcdef",
        "'postgres://app:hunter2@db/rag'",
        "correcthorsebatterystaple",
        "ada@example.com",
    ];
    let positions = [
        "logging: {metrics: {port: @}}",
        "logging: {metrics: {scrape_interval: @}}",
        "logging: {metrics: {enabled: @}}",
        "logging: {metrics: {address: @}}",
        "logging: {metrics: @}",
        "logging: {structured_logging: {format: @, level: @}}",
        "logging: {structured_logging: {backends: {file: {max_size: -@}}}}",
        "logging: {alerting: {slack_webhook: @, alert_channels: [@]}}",
        "logging: {privacy: {redact: [@], redact_fields: @}}",
        "logging: {retention: {schedule: @, archive_path: [@]}}",
    ];
    for (position, secret) in positions
        .iter()
        .flat_map(|position| SECRETS.map(|secret| (position, secret)))
    {
        let error = load_error(&position.replace('@', secret), &FakeEnvironment::default());
        assert!(!error.contains(secret.trim_matches('\'')), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    for text in [
        "logging: {port: swordfish}",
        "logging: {metrics: {port: swordfish}}",
    ] {
        let error = load_error(text, &FakeEnvironment::default());
        assert!(!error.contains("swordfish"), "{error}");
    }
    for position in [
        "logging: {@: 1}",
        "logging: {strict: !@ true}",
        "logging: {prices: '${@}'}",
    ] {
        let error = load_error(
            &position.replace('@', SECRETS[1]),
            &FakeEnvironment::default(),
        );
        assert!(!error.contains(SECRETS[1]), "{error}");
    }
}

#[test]
fn the_hash_key_is_loaded_and_masked() {
    let environment = FakeEnvironment {
        files: vec![("/run/secrets/hash", b"0123456789abcd77\n".to_vec())],
        variables: vec![("KEY", "0123456789abcd77"), ("SHORT", "short-77")],
    };
    for text in ["${KEY}", "${file:/run/secrets/hash}", "0123456789abcd77"] {
        let config = load_with(
            &format!("logging: {{privacy: {{hash_key: '{text}'}}}}"),
            &environment,
        );
        assert!(config.hash_key.is_some() && config.notes().is_empty());
        let shown = format!("{config:?}{:?}", config.explain());
        assert!(!shown.contains("77"), "{shown}");
        let (value, _) = setting(&config, "logging.privacy.hash_key");
        assert_eq!(value, Some("********"));
    }
    let error = load_error("logging: {privacy: {hash_key: '${SHORT}'}}", &environment);
    assert!(
        error.contains("at least 16 bytes") && !error.contains("77"),
        "{error}"
    );
    let error = load_error("logging: {privacy: {hash_key: '${NONE}'}}", &environment);
    assert!(error.contains("the variable NONE is not set"), "{error}");
    assert!(parsed("logging: {}").hash_key.is_none());
}

#[test]
fn redaction_rules_and_fields_are_configurable() {
    let config = parsed(
        "logging: {privacy: {redact: [jwt, cards], redact_fields: [email], allow_fields: [token], patterns: {patient: 'P-[0-9]{4}: x'}}}",
    );
    assert_eq!(config.privacy.rules, [Redaction::Jwt, Redaction::Cards]);
    assert_eq!(config.privacy.fields, ["email"]);
    assert_eq!(config.privacy.allowed, ["token"]);
    let shown = format!("{:?}", config.privacy);
    assert!(shown.contains("P-[0-9]{4}: x"), "{shown}");
    assert_eq!(parsed("logging: {}").privacy.rules, Redaction::ALL);
    let off = parsed("logging: {privacy: {redact: off}}");
    assert_eq!(off.privacy.rules, []);
    assert_eq!(setting(&off, "logging.privacy.redact").0, Some("off"));
    assert_eq!(parsed("logging: {privacy: {redact: []}}").privacy.rules, []);
}

#[test]
fn an_invalid_pattern_is_reported_with_its_position() {
    let error = load_error(
        "logging:\n  privacy:\n    redact: [jwts]\n    patterns:\n      good: 'a+'\n      bad: 'a(b'\n      Bad: 'a'\n      all: 'a*'\n",
        &FakeEnvironment::default(),
    );
    for part in [
        "c.yaml:3:14: logging.privacy.redact: expected off, or a list of private_keys,",
        "did you mean `jwt`?",
        "c.yaml:6:12: logging.privacy.patterns: expected",
        "found `a(b`; the pattern is not a regular expression: unclosed group",
        "c.yaml:7:12: logging.privacy.patterns: a pattern's name has at most 40 small letters",
        "c.yaml:8:12: logging.privacy.patterns: expected",
        "the pattern matches the empty text",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn a_planned_key_that_is_set_gets_a_note() {
    let config = parsed("logging: {privacy: {content: hash}}");
    let note = "logging.privacy.content is set, but content is not in this build";
    assert_eq!(config.notes(), [note]);
    let built = |path| {
        let mut settings = config.explain().iter();
        settings
            .find(|setting| setting.path() == path)
            .unwrap()
            .is_in_build()
    };
    assert!(!built("logging.privacy.content") && built("logging.privacy.hash_key"));
}

#[test]
fn a_missing_required_key_is_reported_at_its_section() {
    let error = load_error(
        "logging:\n  structured_logging:\n    backends:\n      datadog:\n        enabled: true\n",
        &FakeEnvironment::default(),
    );
    assert!(error.contains("c.yaml:4:7: logging.structured_logging.backends.datadog.api_key: missing key `api_key`; add `api_key: ${DATADOG_API_KEY}`"), "{error}");
}

#[test]
fn only_enabled_backends_run() {
    let config = parsed(
        "logging: {structured_logging: {level: 'warn,a=debug', queue_size: 9, backends: {file: {enabled: true, path: x, max_size: 1MiB, keep: 2}}}, metrics: {address: 0.0.0.0}}",
    );
    let file = config.file.clone().unwrap();
    assert_eq!(
        (file.path.to_str(), file.max_bytes, file.keep),
        (Some("x"), 1 << 20, 2)
    );
    assert!(config.stdout.is_none() && config.sqlite.is_none());
    assert_eq!(
        (config.queue_size, config.levels.to_string().as_str()),
        (9, "WARNING,a=DEBUG")
    );
    assert_eq!(
        config
            .metrics
            .map(|to| to.to_string())
            .is_some_and(|to| to == "0.0.0.0:9464"),
        cfg!(feature = "serve")
    );
}

#[test]
fn without_a_file_the_configuration_is_the_default() {
    let (loaded, default) = (
        load(&FakeEnvironment::default()).unwrap(),
        Config::default(),
    );
    let parts = |config: &Config| {
        (
            config.levels.clone(),
            config.stdout,
            config.sqlite.clone(),
            config.file.clone(),
            config.metrics,
            config.queue_size,
        )
    };
    assert_eq!(parts(&loaded), parts(&default));
    assert_eq!(
        (loaded.name, loaded.version, loaded.environment),
        (default.name, default.version, default.environment)
    );
    assert_eq!(loaded.source, None);
    assert!(loaded.notes.is_empty());
}

#[test]
fn records_and_metrics_are_disabled_independently() {
    let silent = parsed(
        "logging: {structured_logging: {enabled: false, backends: {stdout: {enabled: true}, datadog: {enabled: true, api_key: '${NONE}'}}}}",
    );
    assert!(silent.stdout.is_none() && silent.sqlite.is_none());
    assert!(!silent.levels.allows_call(Level::Critical, "a"));
    assert_eq!(silent.metrics.is_some(), cfg!(feature = "serve"));
    assert!(silent.notes().is_empty(), "{:?}", silent.notes());
    let dark = parsed("logging: {metrics: {enabled: false}}");
    assert!(dark.metrics.is_none() && dark.stdout.is_some());
    assert!(silent.metrics_enabled && !dark.metrics_enabled);
}

#[test]
fn every_format_is_accepted() {
    for (word, format) in [
        ("json", Format::Json),
        ("pretty", Format::Pretty),
        ("compact", Format::Compact),
        ("auto", Format::Auto),
    ] {
        let config = parsed(&format!(
            "logging: {{structured_logging: {{format: {word}}}}}"
        ));
        assert_eq!(config.stdout, Some(format));
    }
}

#[test]
fn the_environment_overrides_the_levels() {
    let levels = |variables: Vec<(&'static str, &'static str)>| {
        let config = load_with(
            "logging: {structured_logging: {level: error}}",
            &FakeEnvironment {
                variables,
                files: vec![],
            },
        );
        (
            config.levels.to_string(),
            setting(&config, keys::LEVEL.info().path).1,
            config.notes().len(),
        )
    };
    assert_eq!(levels(vec![]), ("ERROR".into(), "c.yaml:1".into(), 0));
    assert_eq!(
        levels(vec![("RUST_LOG", "a=debug,b[c]=info")]),
        ("ERROR,a=DEBUG".into(), "env RUST_LOG".into(), 1)
    );
    assert_eq!(
        levels(vec![("RUST_LOG", "debug"), ("RAGSPAN_LOG", "warn")]),
        ("WARNING".into(), "env RAGSPAN_LOG".into(), 0)
    );
    assert_eq!(levels(vec![("RUST_LOG", "  ")]).0, "ERROR");
    let error = load(&FakeEnvironment {
        variables: vec![("RAGSPAN_LOG", "loud")],
        files: vec![],
    })
    .unwrap_err();
    assert_eq!(
        (error.problems()[0].path(), error.problems()[0].line()),
        ("RAGSPAN_LOG", None)
    );
}

#[test]
fn the_first_existing_file_is_loaded() {
    let file = |name: &'static str| {
        (
            name,
            format!(
                "logging: {{service: {{name: {}}}}}",
                name.trim_end_matches(".yaml")
            )
            .into_bytes(),
        )
    };
    let found = |files: Vec<(&'static str, Vec<u8>)>, variables| {
        let config = load(&FakeEnvironment { variables, files }).unwrap();
        (
            config.name.clone().unwrap(),
            config.source().map(Path::to_owned),
        )
    };
    let all = || {
        vec![
            file("logging_config.yaml"),
            file("ragspan.yaml"),
            file("other.yaml"),
        ]
    };
    assert_eq!(
        found(all(), vec![("RAGSPAN_CONFIG", "other.yaml")]),
        ("other".into(), Some("other.yaml".into()))
    );
    assert_eq!(found(all(), vec![("RAGSPAN_CONFIG", "")]).0, "ragspan");
    assert_eq!(
        found(vec![file("logging_config.yaml")], vec![]).0,
        "logging_config"
    );
    let missing = load(&FakeEnvironment {
        variables: vec![("RAGSPAN_CONFIG", "none.yaml")],
        files: all(),
    })
    .unwrap_err();
    assert_eq!(
        missing.to_string(),
        "cannot read none.yaml: check that it exists and may be read"
    );
    assert!(missing.problems().is_empty());
}

#[test]
fn a_file_that_is_not_utf8_or_too_large_is_rejected() {
    let refused = |bytes: Vec<u8>| {
        let environment = FakeEnvironment {
            variables: vec![],
            files: vec![("c", bytes)],
        };
        from_file(Path::new("c"), &environment)
            .unwrap_err()
            .to_string()
    };
    assert!(refused(b"a: 1\nb: \xff\n".to_vec()).contains("c:2:1: this line is not valid UTF-8"));
    assert!(refused("é".repeat(MAX_BYTES).into_bytes()).contains("larger than 1 MiB"));
    assert!(
        refused([b"a".as_slice(), "é".repeat(MAX_BYTES).as_bytes()].concat())
            .contains("larger than 1 MiB")
    );
}

#[test]
fn contradictory_values_are_reported() {
    let text = "logging:\n  retention:\n    hot_days: 40\n    warm_days: 30\n    archive_to_s3: true\n  alerting:\n    enabled: true\n    alert_channels: [slack, webhook, pigeon]\n";
    let error = load_error(text, &FakeEnvironment::default());
    for part in [
        "c.yaml:4:5: logging.retention.warm_days: expected warm_days (30) to be at least hot_days (40)",
        "c.yaml:5:5: logging.retention.archive_to_s3: `archive_to_s3` needs `s3_bucket`",
        "c.yaml:8:38: logging.alerting.alert_channels: expected a list of slack, email, webhook, found `pigeon`",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let error = load_error(&text.replace(", pigeon", ""), &FakeEnvironment::default());
    assert!(
        error.contains("`slack` needs `slack_webhook`")
            && error.contains("`webhook` needs `webhook`"),
        "{error}"
    );
}

#[test]
fn a_long_retention_needs_no_other_key_and_gets_no_note() {
    let config = parsed("logging: {retention: {hot_days: 40}}");
    assert_eq!(config.notes(), [""; 0]);
    let days = config.explain().iter();
    let days = days.filter(|setting| setting.path() == "logging.retention.hot_days");
    assert_eq!(
        days.map(|days| days.value()).collect::<Vec<_>>(),
        [Some("40")]
    );
    let config = parsed("logging: {retention: {warm_days: 40}}");
    assert_eq!(
        config.notes(),
        ["logging.retention.warm_days is set, but warm_days is not in this build"]
    );
}

#[test]
fn a_backend_without_its_switch_gets_a_note() {
    let config = parsed(
        "logging: {structured_logging: {backends: {sqlite: {path: x.db}, stdout: {enabled: false}}}}",
    );
    assert_eq!(config.notes().len(), 2);
    assert!(config.notes()[0].contains("sqlite is not enabled; add `enabled: true`"));
    assert_eq!(
        config.notes()[1],
        "no backend is enabled: records go to standard output"
    );
}

#[test]
fn a_file_without_backends_keeps_the_defaults_and_one_with_them_has_what_it_enables() {
    let default = Config::default();
    let enabled = |config: &Config, backend: &str| {
        let path = format!("logging.structured_logging.backends.{backend}.enabled");
        setting(config, &path).0.map(str::to_owned)
    };
    for text in [
        "",
        "logging: {service: {name: x}}",
        "logging: {structured_logging: {format: auto}}",
    ] {
        let config = parsed(text);
        assert_eq!(
            (config.stdout, &config.sqlite, &config.file),
            (default.stdout, &default.sqlite, &None),
            "{text}"
        );
        assert_eq!(enabled(&config, "sqlite").as_deref(), Some("true"));
        assert_eq!(enabled(&config, "stdout").as_deref(), Some("true"));
        assert!(config.notes().is_empty(), "{:?}", config.notes());
    }
    for backends in ["", "{}", "{file: {}}", "{file: {enabled: false}}"] {
        let config = parsed(&format!(
            "logging: {{structured_logging: {{backends: {backends}}}}}"
        ));
        assert!(config.sqlite.is_none() && config.file.is_none());
        assert!(config.stdout.is_some(), "the fallback is standard output");
        assert_eq!(enabled(&config, "stdout").as_deref(), Some("true"));
        assert_eq!(enabled(&config, "sqlite").as_deref(), Some("false"));
        let note = "no backend is enabled: records go to standard output";
        assert!(config.notes().iter().any(|known| known == note));
    }
}

#[test]
fn standard_output_is_asked_for_only_where_the_configuration_enables_it() {
    for (backends, is_default) in [
        ("", true),
        (", backends: {}", true),
        (", backends: {stdout: {enabled: false}}", true),
        (", backends: {stdout: {enabled: true}}", false),
    ] {
        let text = format!("logging: {{structured_logging: {{format: auto{backends}}}}}");
        assert_eq!(parsed(&text).is_stdout_default, is_default, "{text}");
    }
}

#[test]
fn each_backend_has_a_route_of_its_own() {
    let config = parsed(
        "logging: {structured_logging: {backends: {
          stdout: {enabled: true, level: warn},
          file: {enabled: true, layers: [api, rerank, retrival]},
          sqlite: {enabled: true, sample: 0.1}}}}",
    );
    let route = |backend| config.routes[&backend].clone();
    assert_eq!(
        route(Backend::Stdout),
        Route::default().level(Level::Warning)
    );
    let layers = [
        Layer::Api,
        Layer::Custom("rerank"),
        Layer::Custom("retrival"),
    ];
    assert_eq!(route(Backend::File), Route::default().layers(layers));
    assert_eq!(route(Backend::Sqlite), Route::default().sample(0.1));
    let note = "`layers` has `retrival`, which is a custom layer: did you mean `retrieval`?";
    assert_eq!(config.notes(), [note]);
    let error = load_error(
        "logging: {structured_logging: {backends: {stdout: {level: loud, sample: 2}}}}",
        &environment(),
    );
    assert!(
        error.contains("expected a level, such as WARNING"),
        "{error}"
    );
    assert!(error.contains("expected a number from 0 to 1"), "{error}");
}

#[test]
fn lists_are_bounded_and_of_scalars() {
    let many = "x, ".repeat(101);
    assert!(
        load_error(
            &format!("logging: {{privacy: {{redact_fields: [{many}]}}}}"),
            &FakeEnvironment::default()
        )
        .contains("more than 100 items")
    );
    assert!(
        load_error(
            "logging: {privacy: {redact_fields: [[a], b]}}",
            &FakeEnvironment::default()
        )
        .contains("found a list in it")
    );
    assert!(
        load_error(
            "logging: {privacy: {redact_fields: a}}",
            &FakeEnvironment::default()
        )
        .contains("expected a list of texts, found `a`")
    );
    assert!(
        load_error(
            "logging: {structured_logging: {backends: {otlp: {headers: [a]}}}}",
            &FakeEnvironment::default()
        )
        .contains("expected names with texts")
    );
}

#[test]
fn the_price_table_is_loaded() {
    let table = br#"{"models": {"small-1": {"input": 0.15}}}"#;
    let environment = FakeEnvironment {
        files: vec![("p.json", table.to_vec())],
        ..environment()
    };
    let config = load_with("logging: {prices: p.json}", &environment);
    assert_eq!(config.prices().find("small-1"), Some("small-1"));
    assert!(parsed("logging: {strict: true}").prices().is_empty());
}

#[test]
fn a_price_table_that_cannot_be_loaded_is_reported_with_its_position() {
    let files = vec![
        (
            "broken.json",
            b"{\n  \"models\": {\"a\": {\"input\": -1}}}".to_vec(),
        ),
        ("binary.json", vec![0xff, 0xfe]),
    ];
    let environment = FakeEnvironment {
        files,
        ..environment()
    };
    let message = |name: &str| load_error(&format!("logging:\n  prices: {name}"), &environment);
    let broken = message("broken.json");
    assert!(
        broken
            .contains("c.yaml:2:3: logging.prices: broken.json: line 2: model `a`: `input` is -1"),
        "{broken}"
    );
    assert!(message("binary.json").contains("it is no UTF-8"));
    assert!(message("none.json").contains("cannot read none.json"));
}
