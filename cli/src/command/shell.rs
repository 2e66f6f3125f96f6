//! The commands `completions` and `man`: what a shell and the manual need.

use std::io::{self, Write};

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Answer, Cli, Error};

pub(super) const COMPLETIONS_HELP: &str = "Examples:
  ragspan completions bash > ragspan.bash   # into ~/.local/share/bash-completion/completions/ragspan
  ragspan completions zsh > _ragspan        # into a folder of $fpath
  ragspan completions fish > ragspan.fish   # into ~/.config/fish/completions";

pub(super) const MAN_HELP: &str = "Examples:
  ragspan man > ragspan.1                   # into ~/.local/share/man/man1
  ragspan man logs > ragspan-logs.1";

/// For which shell.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Of which command.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// One of the commands; without it the page tells of the whole
    pub of: Option<String>,
}

/// There is no such command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no command `{0}`: `ragspan --help` lists them")]
pub struct UnknownCommand(String);

pub(super) fn completions(args: &CompletionsArgs, out: &mut dyn Write) -> Result<Answer, Error> {
    // Written to memory first: clap_complete panics where its output fails, and a pipe may be closed.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ragspan", &mut script);
    out.write_all(&script)?;
    Ok(Answer::Found)
}

pub(super) fn man(args: &ManArgs, out: &mut dyn Write) -> Result<Answer, Error> {
    let whole = Cli::command();
    let page = match &args.of {
        None => whole,
        Some(name) => page_of(whole, name)?,
    };
    render(page, out)?;
    Ok(Answer::Found)
}

/// Built, so that the page is called `ragspan-<name>` and its synopsis begins with `ragspan`.
fn page_of(mut whole: clap::Command, name: &str) -> Result<clap::Command, UnknownCommand> {
    whole.build();
    whole
        .find_subcommand(name)
        .cloned()
        .ok_or_else(|| UnknownCommand(name.to_owned()))
}

fn render(page: clap::Command, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    Man::new(page).render(&mut text)?;
    out.write_all(&text)
}
