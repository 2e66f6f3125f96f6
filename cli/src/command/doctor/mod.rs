//! The command `doctor`: checks what the command and the service need, and names the cure.

mod checks;
mod http;

use std::io::{self, Write};

use clap::Args;
use serde_json::json;

use super::{Answer, Cli, Error, Scene, database};
use crate::style::{Style, Tone};
use crate::text::{left, safe, wrap};

pub(super) const HELP: &str = "Exit code 1 where a check failed; a warning is none.
With --json: one object; its schema is printed by `ragspan schema doctor`.

Examples:
  ragspan doctor
  ragspan doctor --json | jq .checks[0].status";

/// What to check beyond the usual.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Where the service's metrics are, such as <http://127.0.0.1:9464/metrics>, the usual place. Named,
    /// they must answer; else their absence is only a warning
    #[arg(long, value_name = "URL")]
    pub metrics: Option<String>,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Ok,
    Warn,
    Fail,
}

impl Status {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    const fn tone(self) -> Tone {
        match self {
            Self::Ok => Tone::Good,
            Self::Warn => Tone::Odd,
            Self::Fail => Tone::Bad,
        }
    }
}

/// What was checked, how it went, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Check {
    name: &'static str,
    status: Status,
    detail: String,
    cure: Option<String>,
}

impl Check {
    fn ok(name: &'static str, detail: String) -> Self {
        Self {
            name,
            status: Status::Ok,
            detail,
            cure: None,
        }
    }

    fn warn(name: &'static str, detail: String, cure: &str) -> Self {
        Self {
            name,
            status: Status::Warn,
            detail,
            cure: Some(cure.to_owned()),
        }
    }

    fn fail(name: &'static str, detail: String, cure: &str) -> Self {
        Self {
            status: Status::Fail,
            ..Self::warn(name, detail, cure)
        }
    }
}

pub(super) async fn run(
    args: &DoctorArgs,
    cli: &Cli,
    out: &mut dyn Write,
    scene: &Scene,
) -> Result<Answer, Error> {
    let path = database(cli)?;
    let mut found = checks::of_database(&path, scene).await;
    found.push(checks::of_config());
    found.push(checks::of_terminal(&scene.style));
    found.push(checks::of_metrics(args.metrics.as_deref()));
    if cli.json {
        write_json(&found, out)?;
    } else {
        out.write_all(render(&found, &scene.style).as_bytes())?;
    }
    let failed = found.iter().any(|check| check.status == Status::Fail);
    Ok(if failed {
        Answer::Trouble
    } else {
        Answer::Found
    })
}

fn write_json(checks: &[Check], out: &mut dyn Write) -> io::Result<()> {
    let each = checks.iter().map(|check| {
        json!({
            "name": check.name,
            "status": check.status.word(),
            "detail": check.detail,
            "cure": check.cure,
        })
    });
    writeln!(out, "{}", json!({"checks": each.collect::<Vec<_>>()}))
}

/// Before the detail: the status and the name.
const STATUS: usize = 4;
const NAME: usize = 9;

fn render(checks: &[Check], style: &Style) -> String {
    checks.iter().map(|check| lines(check, style)).collect()
}

fn lines(check: &Check, style: &Style) -> String {
    let lead = STATUS + NAME + 4;
    let status = style.paint(check.status.tone(), &left(check.status.word(), STATUS));
    let detail = hanging(&safe(&check.detail), lead, style);
    let mut text = format!("{status}  {}  {detail}", left(check.name, NAME));
    if let Some(cure) = &check.cure {
        let cure = hanging(&safe(cure), lead + 2, style);
        text.push_str(&format!("{}→ {cure}", " ".repeat(lead)));
    }
    text
}

/// Lines of which all but the first begin `lead` columns from the left.
fn hanging(text: &str, lead: usize, style: &Style) -> String {
    let room = style.width.saturating_sub(lead).max(20);
    let lines = wrap(text, room);
    format!("{}\n", lines.join(&format!("\n{}", " ".repeat(lead))))
}
