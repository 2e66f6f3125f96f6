//! Writes `docs/configuration.md` from the list of keys, and holds the file to it.

use std::fmt::Write as _;
use std::path::Path;

use super::keys::{Built, KEYS, Key, SECTIONS, Section, parent};

const HEAD: &str = "\
# Configuration

<!-- Generated from the list of keys in runtime/src/config/keys.rs: UPDATE_EXPECT=1 cargo test -p ragspan --lib reference -->

`Config::load()` reads the first of these files: what the variable `RAGSPAN_CONFIG` names, `./ragspan.yaml`, `./logging_config.yaml`.
Without a file records go to standard output (pretty on a terminal, JSON elsewhere) and to `./ragspan.db`, and metrics are on
`127.0.0.1:9464`. With a file only the backends run that it enables; if none of them is in the build, records go to standard output, and the start says so.

```console
$ ragspan config init           # writes a commented ragspan.yaml
$ ragspan config check          # what is in effect, and where each value comes from; secrets are masked
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

## Values from outside

| in a value | stands for |
|---|---|
| `${NAME}` | the variable `NAME`. It has to be set where its backend is enabled |
| `${NAME:-default}` | the same, and `default` where it is not set or empty |
| `${file:/run/secrets/key}` | the text of a file of at most 64 KiB, without its last line feed |
| `$${` | `${` itself |

They are put into values that were parsed already, so none can bring a key, a list or another variable.

## Levels

`level` is one of trace, debug, info, warning, error, critical and off, or directives as in `info,my_crate::search=debug,hyper=off`: a directive
counts for every target that begins with its name, and of several the longest counts. The target of an annotated function is the
module that it stands in. `RAGSPAN_LOG` overrides the key, else `RUST_LOG` does; what only other readers of `RUST_LOG` know (filters on spans and
fields) is left out. A list of directives without a level for all keeps the file's. hyper, h2, rustls, reqwest and sqlx are heard from WARNING on, unless they are named.

## When it is wrong

All that is wrong is told at once, each problem with its line, and for a misspelled name the likely one:

```text
the configuration has 2 problems:
  ragspan.yaml:7:5: logging.structured_logging.formatt: unknown key; did you mean `format`?
  ragspan.yaml:20:11: logging.metrics.port: expected a whole number from 0 to 65535, found `high`
```

A file has at most 1 MiB, 10,000 values, and 32 levels of nesting; aliases count as what they stand for.

## Keys
";

fn reference() -> String {
    let mut out = HEAD.to_owned();
    for section in SECTIONS {
        write_section(section, &mut out);
    }
    out
}

fn write_section(section: &Section, out: &mut String) {
    let built = match section.built {
        Built::Always => String::new(),
        Built::With(feature) => format!(" Needs the feature `{feature}`."),
        Built::Later => " Read and checked, but not in this version yet.".to_owned(),
    };
    _ = write!(out, "\n### `{}`\n\n{}{built}\n", section.path, section.doc);
    let keys: Vec<_> = KEYS
        .iter()
        .filter(|key| parent(key.path) == section.path)
        .collect();
    if keys.is_empty() {
        return;
    }
    out.push_str("\n| key | value | default | meaning |\n|---|---|---|---|\n");
    keys.into_iter().for_each(|key| write_key(key, out));
}

fn write_key(key: &Key, out: &mut String) {
    let default = if key.default.is_empty() {
        "–".to_owned()
    } else {
        format!("`{}`", key.default)
    };
    let secret = if key.secret { " Secret." } else { "" };
    let later = if key.built == Built::Later {
        " Read and checked, but not in this version yet."
    } else {
        ""
    };
    let example = if key.example.is_empty() {
        String::new()
    } else {
        format!(" Such as `{}`.", key.example)
    };
    let expected = key.kind.expected();
    let value = expected.replace(&format!(" to {}", i64::MAX), "");
    _ = writeln!(
        out,
        "| `{}` | {value} | {default} | {}{example}{secret}{later} |",
        key.name(),
        key.doc
    );
}

#[test]
fn the_reference_is_what_the_list_of_keys_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let expected = reference();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == expected,
        "docs/configuration.md is old: UPDATE_EXPECT=1 cargo test -p ragspan --lib reference"
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
    assert_eq!(config.version, "1.4.0");
}
