//! The file that `ragspan config init` writes: every key with its default, its meaning as a comment.

use std::fmt::Write as _;

use super::keys::{Built, KEYS, Key, SECTIONS, Section, last, parent};

const HEAD: &str = "\
# The configuration of ragspan. What is commented out shows the default, or an example.
# Values may hold ${NAME}, ${NAME:-default} and ${file:/run/secrets/key}.
# `ragspan config check` shows what is in effect, and where each value comes from.
";

/// These are on where there is no file, so they are in this one.
const ON: [&str; 2] = [
    "logging.structured_logging.backends.stdout",
    "logging.structured_logging.backends.sqlite",
];

/// These stand open, without comment signs: nothing in them changes what is without a file.
const OPEN: [&str; 5] = [
    "logging",
    "logging.service",
    "logging.structured_logging",
    "logging.structured_logging.backends",
    "logging.metrics",
];

/// A commented file that says what is without a file.
pub(super) fn template() -> String {
    let mut out = HEAD.to_owned();
    for section in SECTIONS {
        write_section(section, &mut out);
    }
    out
}

fn write_section(section: &Section, out: &mut String) {
    let depth = section.path.matches('.').count();
    let open = OPEN.contains(&section.path) || ON.contains(&section.path);
    let sign = if open { "" } else { "# " };
    let indent = "  ".repeat(depth);
    if depth > 0 {
        out.push('\n');
    }
    let later = not_yet(section.built);
    // Writing to a string cannot fail.
    _ = writeln!(out, "{indent}# {}{later}", section.doc);
    _ = writeln!(out, "{indent}{sign}{}:", last(section.path));
    for key in KEYS.iter().filter(|key| parent(key.path) == section.path) {
        write_key(key, &indent, sign, out);
    }
}

fn write_key(key: &Key, indent: &str, sign: &str, out: &mut String) {
    let switch = key.name() == "enabled";
    // An example is no default: it would change something.
    let sign = if key.default.is_empty() || key.path == "logging.strict" {
        "# "
    } else {
        sign
    };
    let value = match (switch, key.default) {
        (true, _) => "true",
        (_, "") => key.example,
        (_, default) => default,
    };
    _ = writeln!(
        out,
        "{indent}  {sign}{}: {} # {}{}",
        key.name(),
        quoted(value),
        key.doc,
        not_yet(key.built)
    );
}

fn not_yet(built: Built) -> &'static str {
    match built {
        Built::Later => " Not in this version yet.",
        Built::Always | Built::With(_) => "",
    }
}

/// What YAML would read as something else.
fn quoted(value: &str) -> String {
    if value.contains(": ") && !value.starts_with('{') || value == "03:10" {
        format!("{value:?}")
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::load::build;
    use super::super::world::fake::Fake;
    use super::*;

    fn effective(text: Option<&str>, world: &Fake) -> Vec<(String, Option<String>)> {
        let config = build(text, None, world).unwrap_or_else(|error| panic!("{error}"));
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
    fn it_loads_and_says_what_is_without_a_file() {
        let world = Fake::default();
        let text = template();
        assert_eq!(effective(Some(&text), &world), effective(None, &world));
        assert_eq!(build(Some(&text), None, &world).unwrap().notes(), [""; 0]);
    }

    #[test]
    fn with_every_comment_sign_taken_away_it_loads_too() {
        let world = Fake {
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
                    || SECTIONS.iter().any(|section| last(section.path) == name)
            })
        };
        let open: Vec<_> = template()
            .lines()
            .map(|line| {
                if known(line) {
                    line.replacen("# ", "", 1)
                } else {
                    line.to_owned()
                }
            })
            .collect();
        let effective = effective(Some(&open.join("\n")), &world);
        let missing: Vec<_> = effective
            .iter()
            .filter(|(_, value)| value.is_none())
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
