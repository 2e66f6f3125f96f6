//! The commands `completions` and `man`: print shell completions and manual pages.

use std::io::{self, Write};

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use super::answer::Answer;
use super::error::{Error, UnknownCommand};

pub(super) const COMPLETIONS_HELP: &str = "The file belongs into ~/.local/share/bash-completion/completions (bash), a folder of $fpath (zsh), or \
~/.config/fish/completions (fish).

Examples:
  ragspan completions bash > ragspan
  ragspan completions zsh > _ragspan
  ragspan completions fish > ragspan.fish";

pub(super) const MAN_HELP: &str = "Examples:
  ragspan man > ragspan.1                   # into ~/.local/share/man/man1
  ragspan man logs > ragspan-logs.1";

/// The arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// The arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// One of the commands; without it the page is of `ragspan` itself
    pub of: Option<String>,
}

pub(super) fn completions(
    args: &CompletionsArgs,
    mut ragspan: Command,
    out: &mut dyn Write,
) -> Result<Answer, Error> {
    // Written to memory first: clap_complete panics where its output fails, and a pipe may be closed.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut ragspan, "ragspan", &mut script);
    out.write_all(&script)?;
    Ok(Answer::Found)
}

pub(super) fn man(args: &ManArgs, ragspan: Command, out: &mut dyn Write) -> Result<Answer, Error> {
    let page = match &args.of {
        None => ragspan,
        Some(name) => page_of(ragspan, name)?,
    };
    render(page, out)?;
    Ok(Answer::Found)
}

/// Returns the subcommand, built: so its page is called `ragspan-<name>` and its synopsis begins with `ragspan`.
fn page_of(mut ragspan: Command, name: &str) -> Result<Command, UnknownCommand> {
    ragspan.build();
    ragspan
        .find_subcommand(name)
        .cloned()
        .ok_or_else(|| UnknownCommand(name.to_owned()))
}

fn render(page: Command, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    Man::new(page).render(&mut text)?;
    out.write_all(&text)
}
