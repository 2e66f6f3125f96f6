//! The command `config`: shows the effective configuration and where each value comes from, and writes a template.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ragspan::Config;
use ragspan::config::{ConfigError, Problem, Setting, ValueSource};
use serde_json::{Value, json};

use super::answer::Answer;
use super::context::RenderContext;
use super::error::{ConfigFailure, Error};
use super::options::GlobalOptions;
use crate::style::{Style, Tone};
use crate::text::{columns, safe};

pub(super) const HELP: &str = "Examples:
  ragspan config init
  ragspan config check
  ragspan config check --all ragspan.yaml
  ragspan config check --json | jq .settings[0].origin";

const CHECK_HELP: &str =
    "Without FILE the file is the one that a service in this folder would load: $RAGSPAN_CONFIG, \
./ragspan.yaml, ./logging_config.yaml, or none. Secrets are masked.

With --json: one object; its schema is printed by `ragspan schema config`.

Exit codes: 0 valid, 2 invalid or unreadable.

Examples:
  ragspan config check
  ragspan config check --json | jq .problems";

const INIT_HELP: &str = "Examples:
  ragspan config init
  ragspan config init --force ragspan.yaml
  ragspan config init - | less";

/// The arguments of `config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// The command.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// The commands of `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show the effective values and where each comes from, or every problem
    #[command(after_help = CHECK_HELP)]
    Check(CheckArgs),
    /// Write a commented file with every key
    #[command(after_help = INIT_HELP)]
    Init(InitArgs),
}

/// The arguments of `config check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The file
    pub file: Option<PathBuf>,
    /// Also show disabled settings, and settings that are not in this build
    #[arg(long)]
    pub all: bool,
}

/// The arguments of `config init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The file to write; - for standard output
    #[arg(default_value = "ragspan.yaml")]
    pub path: PathBuf,
    /// Overwrite an existing file
    #[arg(long)]
    pub force: bool,
}

pub(super) fn run(
    args: &ConfigArgs,
    options: &GlobalOptions,
    out: &mut dyn Write,
    context: &RenderContext,
) -> Result<Answer, Error> {
    match &args.command {
        ConfigCommand::Check(args) => check(args, options.json, out, &context.style),
        ConfigCommand::Init(args) => init(args, options.json, out),
    }
}

fn check(
    args: &CheckArgs,
    as_json: bool,
    out: &mut dyn Write,
    style: &Style,
) -> Result<Answer, Error> {
    let loaded = args
        .file
        .as_ref()
        .map_or_else(Config::load, Config::from_file);
    match loaded {
        Ok(config) if as_json => writeln!(out, "{}", json(&config))?,
        Ok(config) => out.write_all(effective(&config, args.all, style).as_bytes())?,
        Err(error @ ConfigError::Invalid(_)) => return invalid(&error, as_json, out),
        Err(error) => return Err(ConfigFailure::Unreadable(error).into()),
    }
    Ok(Answer::Found)
}

/// Lists the problems on `out`, as the output of the command, and returns the error that gives their number.
fn invalid(error: &ConfigError, as_json: bool, out: &mut dyn Write) -> Result<Answer, Error> {
    let problems = error.problems();
    let file = error.file().map(|file| file.display().to_string());
    if as_json {
        let problems: Vec<_> = problems.iter().map(problem).collect();
        let object = json!({"file": file, "valid": false, "settings": [], "notes": [], "problems": problems});
        writeln!(out, "{object}")?;
    } else {
        error
            .to_string()
            .lines()
            .try_for_each(|line| writeln!(out, "{}", safe(line)))?;
    }
    Err(ConfigFailure::Invalid {
        file: file.unwrap_or_else(|| "the environment".to_owned()),
        count: problems.len(),
    }
    .into())
}

fn problem(problem: &Problem) -> Value {
    json!({
        "path": problem.path(),
        "line": problem.line(),
        "column": problem.column(),
        "message": problem.message(),
    })
}

fn json(config: &Config) -> Value {
    let setting = |setting: &Setting| {
        json!({
            "path": setting.path(),
            "value": setting.value(),
            "secret": setting.is_secret(),
            "origin": setting.source().to_string(),
        })
    };
    let settings: Vec<_> = config.explain().iter().map(setting).collect();
    let file = config.source().map(|file| file.display().to_string());
    json!({"file": file, "valid": true, "settings": settings, "notes": config.notes(), "problems": []})
}

/// Returns the effective configuration in the form of a file, with the source of each value as its comment.
fn effective(config: &Config, all: bool, style: &Style) -> String {
    let shown: Vec<_> = config
        .explain()
        .iter()
        .filter(|setting| all || is_effective(setting, config))
        .collect();
    let widest = shown.iter().map(|setting| columns(&line(setting))).max();
    let at = widest.unwrap_or(0).min(style.width.saturating_sub(24));
    let mut text = head(config);
    let mut last_section = "";
    for setting in shown {
        headings(section(setting.path()), last_section, &mut text);
        last_section = section(setting.path());
        let line = line(setting);
        let gap = " ".repeat(at.saturating_sub(columns(&line)) + 2);
        let source = style.paint(
            tone(setting.source()),
            &format!("# {}", safe(&setting.source().to_string())),
        );
        text.push_str(&format!("{line}{gap}{source}\n"));
    }
    for note in config.notes() {
        text.push_str(&format!(
            "{} {}\n",
            style.paint(Tone::Odd, "note:"),
            safe(note)
        ));
    }
    text
}

fn head(config: &Config) -> String {
    match config.source() {
        Some(file) => format!("# {}\n", safe(&file.display().to_string())),
        None => "# no file: the built-in defaults\n".to_owned(),
    }
}

fn tone(source: &ValueSource) -> Tone {
    if *source == ValueSource::Default {
        Tone::Dim
    } else {
        Tone::Good
    }
}

fn line(setting: &Setting) -> String {
    let indent = "  ".repeat(setting.path().matches('.').count());
    let name = setting.path().rsplit('.').next().unwrap_or_default();
    let value = setting.value().map_or_else(|| "~".to_owned(), quoted);
    format!("{indent}{name}: {value}")
}

/// Quotes a value where YAML needs it.
fn quoted(value: &str) -> String {
    let begins = value.starts_with(['*', '&', '!', '|', '>', '%', '@', '#', '`', '"', '\'']);
    let list = value.starts_with(['[', '{']);
    let inside = !list && (value.contains(": ") || value.contains(" #"));
    if begins || inside {
        Value::from(safe(value)).to_string()
    } else {
        safe(value)
    }
}

fn section(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(section, _)| section)
}

/// Writes the names on the path to a section that differ from those of the last section.
fn headings(section: &str, last_section: &str, text: &mut String) {
    let known: Vec<_> = last_section.split('.').collect();
    let mut same = true;
    for (depth, name) in section.split('.').enumerate() {
        same = same && known.get(depth) == Some(&name);
        if !same {
            text.push_str(&format!("{}{name}:\n", "  ".repeat(depth)));
        }
    }
}

/// Returns whether a setting has an effect: of a disabled section only its switch does, and of a part that is not in this
/// build only values that were set.
fn is_effective(setting: &Setting, config: &Config) -> bool {
    if !setting.is_in_build() && *setting.source() == ValueSource::Default {
        return false;
    }
    let settings = config.explain();
    let switches = settings
        .iter()
        .filter(|switch| switch.path().ends_with(".enabled"));
    let mut off = switches
        .filter(|switch| switch.value() == Some("false") && switch.path() != setting.path());
    !off.any(|switch| {
        setting
            .path()
            .starts_with(&format!("{}.", section(switch.path())))
    })
}

fn init(args: &InitArgs, as_json: bool, out: &mut dyn Write) -> Result<Answer, Error> {
    if args.path == Path::new("-") {
        out.write_all(Config::template().as_bytes())?;
        return Ok(Answer::Found);
    }
    write(&args.path, args.force)?;
    let path = args.path.display().to_string();
    if as_json {
        writeln!(out, "{}", json!({"written": path}))?;
    } else {
        writeln!(
            out,
            "wrote {path}: `ragspan config check` shows its effect",
            path = safe(&path)
        )?;
    }
    Ok(Answer::Found)
}

fn write(path: &Path, force: bool) -> Result<(), ConfigFailure> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => ConfigFailure::Exists {
            path: path.to_owned(),
        },
        _ => ConfigFailure::Unwritable {
            path: path.to_owned(),
            source,
        },
    };
    let file = if force {
        File::create(path)
    } else {
        OpenOptions::new().write(true).create_new(true).open(path)
    };
    let mut file = file.map_err(failed)?;
    file.write_all(Config::template().as_bytes())
        .map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::check as snapshot;

    const FILE: &str = "logging:\n  service: {name: rag-api}\n  structured_logging:\n    level: warn,app=debug\n    \
        backends:\n      sqlite: {enabled: true, path: /var/lib/rag.db}\n      datadog: {enabled: true, api_key: secret-77}\n";

    #[test]
    fn the_effective_configuration_has_the_form_of_a_file() {
        let config = Config::from_yaml(FILE).expect("the file is valid");
        let wide = Style {
            width: 140,
            color: false,
        };
        snapshot("config_80", &effective(&config, false, &Style::PLAIN));
        snapshot("config_140", &effective(&config, true, &wide));
        assert!(!effective(&config, true, &wide).contains("77"));
        let again = Config::from_yaml(&effective(&config, true, &wide).replace("note:", "#"))
            .expect("it is YAML");
        assert_eq!(again.explain().len(), config.explain().len());
    }

    #[test]
    fn the_sources_are_coloured() {
        let config = Config::from_yaml(FILE).expect("the file is valid");
        let style = Style {
            width: 80,
            color: true,
        };
        assert!(effective(&config, false, &style).contains("\u{1b}["));
    }

    #[test]
    fn the_json_has_every_setting_and_no_secret() {
        let config = Config::from_yaml(FILE).expect("the file is valid");
        let value = json(&config);
        assert_eq!(
            value["settings"].as_array().map(Vec::len),
            Some(config.explain().len())
        );
        assert_eq!(value["valid"], true);
        assert!(!value.to_string().contains("77"));
    }
}
