//! Generates `docs/configuration.md` from the list of keys, and tests that the file is up to date.

use std::fmt::Write as _;
use std::path::Path;

use super::keys::{KeyInfo, SECTIONS, Section, Support};

const HEAD: &str = "\
# Configuration

<!-- Generated from the list of keys in runtime/src/config/keys.rs: UPDATE_EXPECT=1 cargo test -p ragspan --lib reference -->

`Config::load()` reads the first of these files: the path in the variable `RAGSPAN_CONFIG`, `./ragspan.yaml`, `./logging_config.yaml`.
Without a file, records go to standard output (pretty on a terminal, JSON elsewhere) and to `./ragspan.db`, and metrics are served on
`127.0.0.1:9464`. With a file that has `backends`, only those that it enables run. If none of them is in the build, records go to standard output, and
`start` prints a note.

```console
$ ragspan config init      # writes a commented file
wrote ragspan.yaml: `ragspan config check` shows its effect
$ ragspan config check     # shows the effective values and their sources; secrets are masked
# ragspan.yaml
logging:
  strict: false                                           # default
  prices: ~                                               # default
  service:
    name: ~                                               # default
…
```

A small file:

```yaml
logging:
  service:
    name: rag-api
    version: 1.4.0
    environment: production
  structured_logging:
    level: info,my_crate::search=debug
    backends:
      stdout:
        enabled: true
      sqlite:
        enabled: true
        path: /var/lib/rag/ragspan.db
  metrics:
    port: 9464
```

## Variables and files

| in a value | replacement |
|---|---|
| `${NAME}` | the variable `NAME`. It must be set if its backend is enabled |
| `${NAME:-default}` | the variable, or `default` if it is not set or empty |
| `${file:/run/secrets/key}` | the text of a file of at most 64 KiB, without its last line feed |
| `$${` | a literal `${` |

Only parsed values are expanded, so a variable cannot add a key, a list or another variable.

## Durations

A duration is a number and a unit: `us`, `ms`, `s`, `m` (or `min`), `h`, `d` or `w`. Fractions and several parts are possible: `1.5s`, `1h30m`.
The arguments of the attribute and the options of the command have the same form.

## Levels

`level` is one of trace, debug, info, warning, error, critical and off, or a list of directives such as `info,my_crate::search=debug,hyper=off`.
A directive applies to every target that begins with its name. If several match, the longest applies. The target of an annotated function is its
module. `RAGSPAN_LOG` overrides the key, else `RUST_LOG` does. Directives of `RUST_LOG` that only other libraries support (filters on spans and
fields) are ignored. A list without a level for all targets keeps the level of the file. Records of hyper, h2, rustls, reqwest and sqlx are kept
from WARNING on, unless a directive names them.

## Errors

The error lists all problems, each with its line, and suggests a name for a misspelled one:

```text
the configuration has 2 problems:
  ragspan.yaml:7:5: logging.structured_logging.formatt: unknown key `formatt`; did you mean `format`?
  ragspan.yaml:20:11: logging.metrics.port: expected a whole number from 0 to 65535, found `high`
```

A file may have 1 MiB, 10,000 values, and 32 levels of nesting, after its aliases are expanded.

## Keys
";

const PLANNED: &str = " Checked, but not supported in this version yet.";

fn reference() -> String {
    let mut out = HEAD.to_owned();
    for section in SECTIONS {
        write_section(section, &mut out);
    }
    out
}

fn write_section(section: &Section, out: &mut String) {
    let support = support(section.support);
    _ = write!(
        out,
        "\n### `{}`\n\n{}{support}\n",
        section.path, section.doc
    );
    let mut keys = section.keys().peekable();
    if keys.peek().is_none() {
        return;
    }
    out.push_str("\n| key | value | default | meaning |\n|---|---|---|---|\n");
    keys.for_each(|key| write_key(key, out));
}

fn support(support: Support) -> String {
    match support {
        Support::Always => String::new(),
        Support::Feature(feature) => format!(" Needs the feature `{feature}`."),
        Support::Planned => PLANNED.to_owned(),
    }
}

fn write_key(key: &KeyInfo, out: &mut String) {
    let default = if key.default.is_empty() {
        "–".to_owned()
    } else {
        format!("`{}`", key.default)
    };
    let secret = if key.secret { " Secret." } else { "" };
    let support = support(key.support);
    let example = if key.example.is_empty() {
        String::new()
    } else {
        format!(" Example: `{}`.", key.example)
    };
    let expected = key.kind.expected();
    let value = expected.replace(&format!(" to {}", i64::MAX), "");
    _ = writeln!(
        out,
        "| `{}` | {value} | {default} | {}{example}{secret}{support} |",
        key.name(),
        key.doc
    );
}

#[test]
fn the_reference_is_generated_from_the_list_of_keys() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let expected = reference();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == expected,
        "docs/configuration.md is out of date: UPDATE_EXPECT=1 cargo test -p ragspan --lib reference"
    );
}

#[test]
fn the_example_of_the_reference_loads() {
    let example = HEAD
        .split("```yaml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let config = super::Config::from_yaml(example).unwrap_or_else(|error| panic!("{error}"));
    assert!(config.notes().is_empty());
    assert_eq!(config.version.as_deref(), Some("1.4.0"));
}
