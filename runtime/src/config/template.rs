//! The file that `ragspan config init` writes: every key with its default, and its meaning as a comment.

use std::fmt::Write as _;

use super::keys::{self, KeyInfo, SECTIONS, Section, Support};

const HEAD: &str = "\
# The configuration of ragspan. Keys that are commented out show the default, or an example.
# Values may have ${NAME}, ${NAME:-default} and ${file:/run/secrets/key}.
# `ragspan config check` shows the effective values, and the source of each.
";

/// The sections without comment signs. They contain only defaults, and the backends that are enabled without a file.
const ACTIVE: [&Section; 6] = [
    keys::LOGGING,
    keys::RECORDS,
    keys::BACKENDS,
    keys::STDOUT,
    keys::SQLITE,
    keys::METRICS,
];

/// Returns a commented file that has the same effect as no file.
pub(super) fn template() -> String {
    let mut out = HEAD.to_owned();
    for section in SECTIONS {
        write_section(section, &mut out);
    }
    out
}

fn write_section(section: &Section, out: &mut String) {
    let depth = section.path.matches('.').count();
    let is_active = ACTIVE.iter().any(|active| active.path == section.path);
    let sign = if is_active { "" } else { "# " };
    let indent = "  ".repeat(depth);
    if depth > 0 {
        out.push('\n');
    }
    let planned = planned(section.support);
    // Writing to a string cannot fail.
    _ = writeln!(out, "{indent}# {}{planned}", section.doc);
    _ = writeln!(out, "{indent}{sign}{}:", section.name());
    for key in section.keys() {
        write_key(key, &indent, sign, out);
    }
}

fn write_key(key: &KeyInfo, indent: &str, sign: &str, out: &mut String) {
    // An example is not the default, so it is commented out.
    let is_commented = key.default.is_empty() || key.path == keys::STRICT.info().path;
    let sign = if is_commented { "# " } else { sign };
    let value = match key.default {
        _ if key.is_switch() => "true",
        "" => key.example,
        default => default,
    };
    _ = writeln!(
        out,
        "{indent}  {sign}{}: {} # {}{}",
        key.name(),
        quoted(value),
        key.doc,
        planned(key.support)
    );
}

fn planned(support: Support) -> &'static str {
    match support {
        Support::Planned => " Not in this version yet.",
        Support::Always | Support::Feature(_) => "",
    }
}

/// Quotes a value that YAML would parse as another type.
fn quoted(value: &str) -> String {
    if value.contains(": ") && !value.starts_with('{') || value == "03:10" {
        format!("{value:?}")
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::environment::fake::FakeEnvironment;
    use super::super::keys::KEYS;
    use super::super::load::build;
    use super::*;

    fn effective(
        text: Option<&str>,
        environment: &FakeEnvironment,
    ) -> Vec<(String, Option<String>)> {
        let config = build(text, None, environment).unwrap_or_else(|error| panic!("{error}"));
        let settings = config.explain().iter();
        settings
            .map(|setting| {
                (
                    setting.path().to_owned(),
                    setting.value().map(str::to_owned),
                )
            })
            .collect()
    }

    #[test]
    fn the_template_has_the_same_effect_as_no_file() {
        let attributes = "service.version=2.0,deployment.environment.name=staging";
        let mut environment = FakeEnvironment::default();
        let text = template();
        for variables in [vec![], vec![("OTEL_RESOURCE_ATTRIBUTES", attributes)]] {
            environment.variables = variables;
            assert_eq!(
                effective(Some(&text), &environment),
                effective(None, &environment)
            );
        }
        assert_eq!(
            build(Some(&text), None, &environment).unwrap().notes(),
            [""; 0]
        );
    }

    #[test]
    fn the_template_loads_without_its_comment_signs() {
        let environment = FakeEnvironment {
            variables: vec![
                ("DATABASE_URL", "postgres://a/b"),
                ("LANGSMITH_API_KEY", "x"),
                ("DATADOG_API_KEY", "x"),
                ("OTLP_TOKEN", "x"),
                ("RAGSPAN_HASH_KEY", "sixteen bytes, at least"),
                ("SLACK_WEBHOOK", "https://hooks.example.com/x"),
                ("ALERT_WEBHOOK", "https://example.com/x"),
            ],
            files: vec![("ragspan-prices.json", br#"{"models": {}}"#.to_vec())],
        };
        let known = |line: &str| {
            let name = line
                .trim_start()
                .strip_prefix("# ")
                .and_then(|line| line.split_once(':'));
            name.is_some_and(|(name, _)| {
                KEYS.iter().any(|key| key.name() == name)
                    || SECTIONS.iter().any(|section| section.name() == name)
            })
        };
        let active: Vec<_> = template()
            .lines()
            .map(|line| {
                if known(line) {
                    line.replacen("# ", "", 1)
                } else {
                    line.to_owned()
                }
            })
            .collect();
        let effective = effective(Some(&active.join("\n")), &environment);
        let missing: Vec<_> = effective
            .iter()
            .filter(|(_, value)| value.is_none())
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
