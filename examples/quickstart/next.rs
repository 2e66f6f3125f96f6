//! Prints the commands to try next, as they work when typed.

use std::io;
use std::path::Path;

use ragspan_cli::style::Tone;

use crate::ask::Reply;
use crate::report::Page;

/// The database that the command reads if none is named.
const DEFAULT_DB: &str = "ragspan.db";

/// Prints three commands: about the request that failed, or, if none did, about the last.
pub fn write_next(page: &mut Page, db: &Path, replies: &[Reply]) -> io::Result<()> {
    let program = program(db);
    let commands = commands(replies).map(|(command, why)| (format!("{program} {command}"), why));
    let width = commands
        .iter()
        .map(|(command, _)| command.len())
        .max()
        .unwrap_or(0);
    for (command, why) in commands {
        let why = page.style.paint(Tone::Dim, &format!("# {why}"));
        writeln!(page.out, "  {command:width$}  {why}")?;
    }
    Ok(())
}

/// Returns the installed command, or this workspace's by way of Cargo, with the database if it is not the default.
fn program(db: &Path) -> String {
    let file = format!("ragspan{}", std::env::consts::EXE_SUFFIX);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_installed = std::env::split_paths(&path).any(|folder| folder.join(&file).is_file());
    let program = if is_installed {
        "ragspan"
    } else {
        "cargo run -q -p ragspan-cli --"
    };
    if db == Path::new(DEFAULT_DB) && std::env::var_os("RAGSPAN_DB").is_none() {
        program.to_owned()
    } else {
        format!("{program} --db {}", quoted(&db.display().to_string()))
    }
}

/// Returns the text as one word of a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:\\".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Returns the commands to type, each with the reason to type it.
fn commands(replies: &[Reply]) -> [(String, &'static str); 3] {
    let Some(failed) = replies.iter().find(|reply| reply.outcome.is_err()) else {
        return [
            ("trace last --events".to_owned(), "the newest request"),
            ("logs --layer retrieval".to_owned(), "what one layer did"),
            (
                "logs --level info --limit 10 --json".to_owned(),
                "the records themselves",
            ),
        ];
    };
    let request = &failed.request;
    let trace = request
        .trace_id()
        .map_or_else(|| "last".to_owned(), |id| id.short());
    [
        (
            format!("errors --user {}", quoted(&request.user_id)),
            "who was hurt",
        ),
        (format!("trace {trace}"), "where it broke"),
        ("logs --level warning".to_owned(), "what was not right"),
    ]
}
