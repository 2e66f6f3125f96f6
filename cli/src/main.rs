//! The `ragspan` command.

use std::error::Error as _;
use std::io::{self, BufWriter};
use std::process::ExitCode;

use clap::Parser as _;
use ragspan_cli::Style;
use ragspan_cli::command::{Answer, Cli, Error, run};
use ragspan_cli::text::report;
use ragspan_store::Error as StoreError;

const FOUND: u8 = 0;
const NOTHING: u8 = 1;
const CHECK_FAILED: u8 = 1;
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let answer = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::from)
        .and_then(|runtime| runtime.block_on(answer(&cli)));
    ExitCode::from(exit_code(answer))
}

async fn answer(cli: &Cli) -> Result<Answer, Error> {
    let stdout = io::stdout();
    let style = Style::of(&stdout);
    run(cli, &mut BufWriter::new(stdout.lock()), &style).await
}

fn exit_code(answer: Result<Answer, Error>) -> u8 {
    match answer {
        Ok(Answer::Found) => FOUND,
        Ok(Answer::Nothing) => {
            report("nothing found");
            NOTHING
        }
        Ok(Answer::CheckFailed) => CHECK_FAILED,
        // A reader such as `head` that goes away after the first lines is not an error.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => FOUND,
        Err(error) => {
            let is_not_found = matches!(error, Error::Store(StoreError::NotFound { .. }));
            report(&with_causes(&error));
            if is_not_found { NOTHING } else { FAILED }
        }
    }
}

/// Returns the error with its causes, without those that the text names already.
fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text} ({more})");
        }
        cause = error.source();
    }
    text
}
