//! The command `doctor`: checks what the command and the service need, and names a fix for each problem.

mod check;
mod checks;
mod http;

use std::io::{self, Write};

use clap::Args;
use serde_json::json;

use super::answer::Answer;
use super::context::RenderContext;
use super::database;
use super::error::Error;
use super::options::GlobalOptions;
use crate::style::Style;
use crate::text::{left, safe, wrap};
use check::{Check, Status};

pub(super) const HELP: &str = "Exit code 1 if a check failed; a warning is not a failure.
With --json: one object; its schema is printed by `ragspan schema doctor`.

Examples:
  ragspan doctor
  ragspan doctor --json | jq .checks[0].status";

/// The arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The URL of the service's metrics; by default <http://127.0.0.1:9464/metrics>, whose absence is only
    /// a warning
    #[arg(long, value_name = "URL")]
    pub metrics: Option<String>,
}

pub(super) async fn run(
    args: &DoctorArgs,
    options: &GlobalOptions,
    out: &mut dyn Write,
    context: &RenderContext,
) -> Result<Answer, Error> {
    let path = database::path(options)?;
    let mut found = checks::of_database(&path, context).await;
    found.push(checks::of_config());
    found.push(checks::of_terminal(&context.style));
    found.push(checks::of_metrics(args.metrics.as_deref()));
    if options.json {
        write_json(&found, out)?;
    } else {
        out.write_all(render(&found, &context.style).as_bytes())?;
    }
    let failed = found.iter().any(|check| check.status == Status::Fail);
    Ok(if failed {
        Answer::CheckFailed
    } else {
        Answer::Found
    })
}

fn write_json(checks: &[Check], out: &mut dyn Write) -> io::Result<()> {
    let each = checks.iter().map(|check| {
        json!({
            "name": check.name,
            "status": check.status.as_str(),
            "detail": check.detail,
            "cure": check.fix,
        })
    });
    writeln!(out, "{}", json!({"checks": each.collect::<Vec<_>>()}))
}

/// The widths of the columns before the detail.
const STATUS: usize = 4;
const NAME: usize = 9;

fn render(checks: &[Check], style: &Style) -> String {
    checks.iter().map(|check| lines(check, style)).collect()
}

fn lines(check: &Check, style: &Style) -> String {
    let lead = STATUS + NAME + 4;
    let status = style.paint(check.status.tone(), &left(check.status.as_str(), STATUS));
    let detail = hanging(&safe(&check.detail), lead, style);
    let mut text = format!("{status}  {}  {detail}", left(check.name, NAME));
    if let Some(fix) = &check.fix {
        let fix = hanging(&safe(fix), lead + 2, style);
        text.push_str(&format!("{}→ {fix}", " ".repeat(lead)));
    }
    text
}

/// Wraps text to lines that begin `lead` columns from the left, all but the first.
fn hanging(text: &str, lead: usize, style: &Style) -> String {
    let room = style.width.saturating_sub(lead).max(20);
    let lines = wrap(text, room);
    format!("{}\n", lines.join(&format!("\n{}", " ".repeat(lead))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::check as snapshot;

    fn checks() -> Vec<Check> {
        let fine = "/var/lib/rag/ragspan.db can be read";
        let old = "its newest record is 3 h 20 m old";
        let fix = "check that the service runs, that its level lets records through, and that it writes here";
        let silent = "http://127.0.0.1:9464/metrics: no response: Connection refused (os error 111)\u{1b}[2J";
        vec![
            Check::ok("database", fine.to_owned()),
            Check::warn("newest", old.to_owned(), fix),
            Check::fail("metrics", silent.to_owned(), "start the service"),
        ]
    }

    #[test]
    fn checks_are_shown_with_their_fixes() {
        for width in [80, 140] {
            let style = Style {
                width,
                color: false,
            };
            snapshot(&format!("doctor_{width}"), &render(&checks(), &style));
        }
    }
}
