//! Prints the commands to try next, as they work when typed.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ragspan_cli::style::{Style, Tone};

use crate::program::Reply;

/// The name of the command, and the file it is.
const COMMAND: &str = "ragspan";

/// The default database of the command.
const DEFAULT_DB: &str = "ragspan.db";

/// The variable that overrides the default.
const DB_VARIABLE: &str = "RAGSPAN_DB";

/// How the command is called from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    program: &'static str,
    options: String,
}

impl Caller {
    /// The installed command, or this workspace's by way of Cargo; the database is named where it is not the default.
    pub fn new(db: &Path, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let installed = variable("PATH").is_some_and(|path| is_installed(&path));
        let understood = db == Path::new(DEFAULT_DB) && variable(DB_VARIABLE).is_none();
        Self {
            program: if installed {
                COMMAND
            } else {
                "cargo run -q -p ragspan-cli --"
            },
            options: if understood {
                String::new()
            } else {
                format!(" --db {}", quoted(&db.display().to_string()))
            },
        }
    }

    fn call(&self, question: &str) -> String {
        format!("{}{} {question}", self.program, self.options)
    }
}

fn is_installed(path: &OsString) -> bool {
    let file = format!("{COMMAND}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(path).any(|folder: PathBuf| folder.join(&file).is_file())
}

/// The text as one word of a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:\\".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Three commands: about the request that failed, or if none did about the last.
///
/// # Errors
/// Any error of writing.
pub fn write_next(
    out: &mut dyn Write,
    style: &Style,
    caller: &Caller,
    replies: &[Reply],
) -> io::Result<()> {
    let commands: Vec<_> = questions(replies)
        .into_iter()
        .map(|(question, why)| (caller.call(&question), why))
        .collect();
    let width = commands.iter().map(|(command, _)| command.len()).max();
    let width = width.unwrap_or(0);
    for (command, why) in commands {
        let why = style.paint(Tone::Dim, &format!("# {why}"));
        writeln!(out, "  {command:width$}  {why}")?;
    }
    Ok(())
}

fn questions(replies: &[Reply]) -> [(String, &'static str); 3] {
    let broken = replies.iter().find(|reply| reply.outcome.is_err());
    let warnings = "logs --level warning".to_owned();
    match broken {
        Some(reply) => [
            (
                format!("errors --user {}", quoted(&reply.request.user_id)),
                "who was hurt",
            ),
            (format!("trace {}", trace(reply)), "where it broke"),
            (warnings, "what was not right"),
        ],
        None => [
            ("trace last --events".to_owned(), "the newest request"),
            ("logs --layer retrieval".to_owned(), "what one layer did"),
            (
                "logs --level info --limit 10 --json".to_owned(),
                "the records themselves",
            ),
        ],
    }
}

fn trace(reply: &Reply) -> String {
    let id = reply.request.trace_id();
    id.map_or_else(|| "last".to_owned(), |id| id.short())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::bees;
    use crate::program::{NOT_IN_ANY_CORPUS, ask_all, conversations_of};
    use std::sync::Arc;

    fn caller(db: &str, variables: &[(&str, &str)]) -> Caller {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Caller::new(Path::new(db), |name| find(name).map(|(_, v)| v.into()))
    }

    async fn written(questions: &[&str]) -> String {
        let questions: Vec<_> = questions.iter().map(|q| (*q).to_owned()).collect();
        let replies = ask_all(&Arc::new(bees()), conversations_of(&questions)).await;
        let mut out = Vec::new();
        write_next(&mut out, &Style::PLAIN, &caller(DEFAULT_DB, &[]), &replies).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_database_is_named_only_if_it_is_not_the_default() {
        let call = |caller: Caller| caller.call("errors");
        assert_eq!(
            call(caller("ragspan.db", &[])),
            "cargo run -q -p ragspan-cli -- errors"
        );
        assert_eq!(
            call(caller("/tmp/my run.db", &[])),
            "cargo run -q -p ragspan-cli -- --db '/tmp/my run.db' errors"
        );
        assert_eq!(
            call(caller("ragspan.db", &[("RAGSPAN_DB", "other.db")])),
            "cargo run -q -p ragspan-cli -- --db ragspan.db errors"
        );
    }

    #[test]
    fn the_installed_command_is_called_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let variables = [("PATH", path)];
        assert_ne!(caller("ragspan.db", &variables).program, COMMAND);
        let file = format!("{COMMAND}{}", std::env::consts::EXE_SUFFIX);
        std::fs::write(folder.path().join(file), "").unwrap();
        assert_eq!(
            caller("ragspan.db", &variables).call("trace last"),
            "ragspan trace last"
        );
    }

    #[test]
    fn no_path_is_more_than_one_word() {
        assert_eq!(quoted("a/b.db"), "a/b.db");
        assert_eq!(quoted("it's; rm"), r"'it'\''s; rm'");
        assert_eq!(quoted(""), "''");
    }

    #[tokio::test]
    async fn the_commands_are_about_the_failed_request() {
        let text = written(&["How many eggs does the queen lay?", NOT_IN_ANY_CORPUS]).await;
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].contains(" errors --user grace "), "{text}");
        assert!(lines[1].contains(" trace last "), "{text}");
    }

    #[tokio::test]
    async fn without_a_failure_no_command_finds_nothing() {
        let text = written(&["How many eggs does the queen lay?"]).await;
        assert!(
            !text.contains("errors") && !text.contains("warning"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 3);
    }
}
