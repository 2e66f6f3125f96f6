//! Parses the diagnostics of cargo and the compiler, and assigns each to the module that caused it.

use std::process::Output;

use serde_json::Value;

use crate::Fallible;
use crate::program::{Owner, Program};

/// Diagnostics as `(owner, line of the module, code, text)`.
pub(crate) type Diagnostics = Vec<(Owner, usize, String, String)>;

pub(crate) fn diagnostics(output: &Output, programs: &[Program]) -> Fallible<Diagnostics> {
    let mut found = Diagnostics::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let message: Value = serde_json::from_str(line)?;
        let diagnostic = &message["message"];
        let Some(rendered) = diagnostic["rendered"].as_str() else {
            continue;
        };
        let code = diagnostic["code"]["code"].as_str().unwrap_or_default();
        let spans = diagnostic["spans"].as_array().into_iter().flatten();
        let mut owner = (Owner::Nobody, 0);
        for span in spans.flat_map(expansions) {
            let of = |program: &&Program| {
                span["file_name"]
                    .as_str()
                    .is_some_and(|file| file.ends_with(&program.source()))
            };
            let program = programs.iter().find(of);
            let line = span["line_start"]
                .as_u64()
                .and_then(|line| usize::try_from(line).ok());
            if let (Owner::Nobody, Some(program), Some(line)) = (owner.0, program, line) {
                owner = program.owner(line);
            }
        }
        if !(diagnostic["spans"].as_array().is_none_or(Vec::is_empty)) {
            found.push((owner.0, owner.1, code.to_owned(), rendered.to_owned()));
        }
    }
    Ok(found)
}

/// Returns a span, and the spans of the macro calls that it was expanded from.
pub(crate) fn expansions(span: &Value) -> impl Iterator<Item = &Value> {
    std::iter::successors(Some(span), |span| {
        Some(&span["expansion"]["span"]).filter(|span| span.is_object())
    })
}
