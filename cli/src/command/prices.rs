//! The command `prices`: converts a price list of models to the price table that a configuration loads.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ragspan::prices::{PriceImport, Prices};
use serde_json::json;

use super::answer::Answer;
use super::context::RenderContext;
use super::error::{Error, PricesFailure};
use super::options::GlobalOptions;
use crate::format::number;
use crate::text::safe;

pub(super) const HELP: &str = "Examples:
  ragspan prices template > my-prices.json
  ragspan prices import my-prices.json
  ragspan prices import my-prices.json --out - | less";

const IMPORT_HELP: &str = "FILE is LiteLLM's model_prices_and_context_window.json, from its repository, or a table in ragspan's own format. \
Entries of LiteLLM's list without prices by the token are left out and counted, and so are all other prices (by the batch, \
the priority, the hour a cache is kept, the image). The configuration names the table: `logging: {prices: ragspan-prices.json}`.

With --json: one object; its schema is printed by `ragspan schema prices`.

Exit codes: 0 written; 2 invalid, unreadable, or the table exists.

Examples:
  ragspan prices template > my-prices.json
  ragspan prices import my-prices.json
  ragspan prices import my-prices.json --force --json
  ragspan prices import my-prices.json --dated 2026-11-23 --out contract.json";

const TEMPLATE_HELP: &str = "Prices are US dollars for a million tokens. A model may have `input`, `cached_input`, `cache_write`, `output` and \
`reasoning`; reasoning without a price costs what output does, and other tokens without a price make the call's cost unknown. \
`above` has the prices of calls whose prompt is longer than `tokens`.

Examples:
  ragspan prices template
  ragspan prices template > my-prices.json";

/// The arguments of `prices`.
#[derive(Debug, Args)]
pub struct PricesArgs {
    /// The command.
    #[command(subcommand)]
    pub command: PricesCommand,
}

/// The commands of `prices`.
#[derive(Debug, Subcommand)]
pub enum PricesCommand {
    /// Convert a price list on the disk to the table that a configuration names
    #[command(after_help = IMPORT_HELP)]
    Import(ImportArgs),
    /// Print a table to fill in with your own prices
    #[command(after_help = TEMPLATE_HELP)]
    Template,
}

/// The arguments of `prices import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The price list
    pub file: PathBuf,
    /// The table to write; - for standard output
    #[arg(long, value_name = "FILE", default_value = "ragspan-prices.json")]
    pub out: PathBuf,
    /// The version of the table; without it the day on which the list was last changed
    #[arg(long, value_name = "DATE")]
    pub dated: Option<String>,
    /// Overwrite an existing table
    #[arg(long)]
    pub force: bool,
}

pub(super) fn run(
    args: &PricesArgs,
    options: &GlobalOptions,
    out: &mut dyn Write,
    context: &RenderContext,
) -> Result<Answer, Error> {
    match &args.command {
        PricesCommand::Import(args) => import(args, options.json, out, context),
        PricesCommand::Template => {
            out.write_all(TEMPLATE.as_bytes())?;
            Ok(Answer::Found)
        }
    }
}

const TEMPLATE: &str = r#"{
  "version": "2026-11-23",
  "source": "an example: replace it with your own models and prices",
  "unit": "usd_per_million_tokens",
  "models": {
    "my-large-model": {"input": 2.5, "cached_input": 0.25, "cache_write": 3.125, "output": 10, "above": [{"tokens": 200000, "input": 5, "output": 15}]},
    "my-small-model": {"input": 0.15, "cached_input": 0.075, "output": 0.6}
  }
}
"#;

/// The maximum size of a list; LiteLLM's has 3 MiB.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

fn import(
    args: &ImportArgs,
    as_json: bool,
    out: &mut dyn Write,
    context: &RenderContext,
) -> Result<Answer, Error> {
    let path = &args.file;
    let (text, changed) = read(path).map_err(|source| PricesFailure::Unreadable {
        path: path.clone(),
        source,
    })?;
    let dated = args.dated.clone();
    let dated = dated.unwrap_or_else(|| day(changed.unwrap_or(context.now)));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let import = Prices::import(&text, &dated, &name).map_err(|reason| PricesFailure::Invalid {
        path: path.clone(),
        reason,
    })?;
    let table = import.prices.to_json();
    if args.out == Path::new("-") {
        out.write_all(table.as_bytes())?;
    } else {
        write(&args.out, &table, args.force)?;
        report(&args.out, &import, as_json, out)?;
    }
    Ok(Answer::Found)
}

fn read(path: &Path) -> io::Result<(String, Option<Timestamp>)> {
    let file = File::open(path)?;
    let changed = file.metadata()?.modified().ok();
    let mut text = String::new();
    file.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let changed = changed.and_then(|time| Timestamp::try_from(time).ok());
    Ok((text, changed))
}

fn day(time: Timestamp) -> String {
    let time = time.to_zoned_datetime(TimeZone::UTC);
    time.strftime("%Y-%m-%d").to_string()
}

fn write(path: &Path, table: &str, force: bool) -> Result<(), PricesFailure> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => PricesFailure::Exists {
            path: path.to_owned(),
        },
        _ => PricesFailure::Unwritable {
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
    file.write_all(table.as_bytes()).map_err(failed)
}

fn report(path: &Path, import: &PriceImport, as_json: bool, out: &mut dyn Write) -> io::Result<()> {
    let path = path.display().to_string();
    let (models, skipped) = (import.prices.len(), import.skipped);
    if as_json {
        let (version, source) = (import.prices.version(), import.prices.source());
        let object = json!({
            "written": path, "version": version, "source": source, "models": models, "skipped": skipped,
        });
        return writeln!(out, "{object}");
    }
    let path = safe(&path);
    let left_out = match skipped {
        0 => String::new(),
        1 => ", 1 entry without a price by the token left out".to_owned(),
        _ => format!(
            ", {} entries without a price by the token left out",
            grouped(skipped)
        ),
    };
    let models = match models {
        1 => "1 model".to_owned(),
        _ => format!("{} models", grouped(models)),
    };
    writeln!(
        out,
        "wrote {path}: {models}{left_out}. Name it in the configuration as `logging.prices`"
    )
}

#[expect(clippy::cast_precision_loss, reason = "a file holds no more")]
fn grouped(count: usize) -> String {
    number(count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_a_table_as_import_writes_it() {
        let prices = Prices::from_json(TEMPLATE).expect("a table");
        assert_eq!(prices.to_json(), TEMPLATE);
    }
}
