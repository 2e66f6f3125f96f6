//! Builds and runs the generated programs, in their own workspace below the target folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::Fallible;
use crate::diagnostics::diagnostics;
use crate::diverging;
use crate::plan::{Extent, Plan};
use crate::program::{self, Owner, Program};
use crate::report::Report;

/// The maximum number of builds: one build does not report errors of every kind.
const ROUNDS: usize = 8;

/// Builds and runs every pair of the plan.
pub(crate) fn run(plan: &mut Plan, folder: &Path, target: &Path) -> Fallible<Report> {
    let work = target.join("matrix").join(plan.extent.name());
    let workspace = Workspace {
        work,
        target: target.to_owned(),
        extent: plan.extent.name(),
    };
    workspace.harness(folder)?;
    let mut report = Report::default();
    let mut programs = Vec::new();
    let mut library = Err("no build has succeeded".into());
    for _ in 0..ROUNDS {
        programs = program::write(plan, &report.left(plan), true);
        workspace.programs(&programs)?;
        let output = workspace.cargo(&["build", "--keep-going"], &[])?;
        let errors = diagnostics(&output, &programs)?;
        library = diverging::library(&output);
        if output.status.success() {
            break;
        }
        report.record_errors(errors, plan, &output)?;
    }
    for program in &programs {
        workspace.run(program, &mut report)?;
    }
    let is_planted = plan.extent == Extent::Planted;
    let checked = diverging::check(&library?, &workspace.work, is_planted)?;
    report.record_diverging(checked, is_planted);
    if workspace.has_deep() {
        workspace.deep()?;
    }
    if plan.extent == Extent::All {
        lint(plan, &workspace, &mut report)?;
    }
    Ok(report)
}

/// The folders that the programs are written to and built in.
struct Workspace {
    work: PathBuf,
    target: PathBuf,
    extent: &'static str,
}

impl Workspace {
    /// Writes the manifests, the harness, and a package for each edition.
    fn harness(&self, folder: &Path) -> Fallible<()> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .canonicalize()?;
        empty(&self.work)?;
        let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
        let section = |name: &str| {
            let found = manifest
                .split("\n[")
                .find(|section| section.starts_with(name));
            format!("\n[{}\n", found.unwrap_or_default())
        };
        let profiles: String = manifest
            .split("\n[")
            .filter(|text| text.starts_with("profile"))
            .fold(String::new(), |all, profile| format!("{all}\n[{profile}\n"));
        let paths = format!("path = \"{}/", root.display());
        let dependencies = section("workspace.dependencies]").replace("path = \"", &paths);
        // The programs need no debug information. The other profiles are those of the workspace, so that both share the
        // built dependencies.
        let quick = ["e2021", "e2024"].map(|name| {
            format!("\n[profile.dev.package.{name}]\ndebug = false\nincremental = false\n")
        });
        let head = "[workspace]\nresolver = \"3\"\nmembers = [\"harness\", \"e2021\", \"e2024\"]\n";
        self.write(
            "Cargo.toml",
            &format!("{head}{dependencies}{profiles}{}", quick.concat()),
        )?;
        fs::copy(root.join("Cargo.lock"), self.work.join("Cargo.lock"))?;
        self.write(
            "harness/Cargo.toml",
            &(package("matrix", "2024") + HARNESS_DEPENDENCIES),
        )?;
        self.write(
            "harness/src/lib.rs",
            &fs::read_to_string(folder.join("harness.rs"))?,
        )?;
        for edition in ["2021", "2024"] {
            let name = format!("e{edition}");
            self.write(
                &format!("{name}/Cargo.toml"),
                &(package(&name, edition) + PROGRAM_DEPENDENCIES),
            )?;
            self.write(&format!("{name}/src/lib.rs"), "")?;
        }
        Ok(())
    }

    /// Writes the programs, and removes those of earlier builds.
    fn programs(&self, programs: &[Program]) -> Fallible<()> {
        for edition in ["e2021", "e2024"] {
            let folder = self.work.join(edition).join("src/bin");
            empty(&folder)?;
            if self.has_deep() {
                let deep = format!("{edition}/src/bin/{}.rs", self.deep_name(edition));
                self.write(&deep, &crate::deep::program())?;
            }
        }
        for program in programs {
            self.write(&program.source(), &program.text)?;
        }
        Ok(())
    }

    fn write(&self, file: &str, text: &str) -> Fallible<()> {
        let path = self.work.join(file);
        fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        fs::write(path, text)?;
        Ok(())
    }

    fn cargo(&self, arguments: &[&str], flags: &[&str]) -> Fallible<Output> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args(arguments)
            .args(["--quiet", "--message-format", "json", "--target-dir"])
            .arg(&self.target)
            .args(flags);
        Ok(command.current_dir(&self.work).output()?)
    }

    fn run(&self, program: &Program, report: &mut Report) -> Fallible<()> {
        let path = self.target.join("debug").join(&program.name);
        let output = Command::new(path).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut owner = Owner::Nobody;
        for line in text.lines() {
            if let Some(count) = line.strip_prefix("compared ") {
                report.compared += count.parse::<usize>()?;
                continue;
            }
            let found = line
                .strip_prefix("pair ")
                .and_then(|line| line.split_once('\t'));
            let problem = match found {
                Some((pair, problem)) => {
                    owner = Owner::Pair(pair.parse()?);
                    problem
                }
                None => line,
            };
            report
                .wrong
                .entry(owner)
                .or_default()
                .push(problem.to_owned());
        }
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{} ended with {}: {errors}", program.name, output.status).into());
        }
        Ok(())
    }

    /// Returns whether the deep programs are part of the run; a self-check does not need them.
    fn has_deep(&self) -> bool {
        self.extent != Extent::Planted.name()
    }

    fn deep_name(&self, edition: &str) -> String {
        format!("matrix-{}-{edition}-deep", self.extent)
    }

    /// Runs the programs whose functions call one another a hundred levels deep.
    fn deep(&self) -> Fallible<()> {
        for edition in ["e2021", "e2024"] {
            let program = self.target.join("debug").join(self.deep_name(edition));
            let output = Command::new(program).output()?;
            if !output.status.success() {
                let errors = String::from_utf8_lossy(&output.stderr);
                return Err(format!("a hundred calls deep: {errors}").into());
            }
        }
        Ok(())
    }
}

/// Removes a folder if it exists.
fn empty(folder: &Path) -> Fallible<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

fn package(name: &str, edition: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"{edition}\"\n\n[dependencies]\n"
    )
}

const HARNESS_DEPENDENCIES: &str = r#"
futures-core.workspace = true
ragspan = { workspace = true, features = ["testing"] }
serde_json.workspace = true
tracing.workspace = true
tracing-subscriber.workspace = true
"#;

const PROGRAM_DEPENDENCIES: &str = r#"
async-stream.workspace = true
async-trait.workspace = true
axum = { workspace = true, features = ["macros"] }
futures-core.workspace = true
matrix = { path = "../harness" }
ragspan = { workspace = true, features = ["testing"] }
tracing.workspace = true
"#;

/// Reports warnings of pairs that the same function without the attribute does not cause.
fn lint(plan: &Plan, workspace: &Workspace, report: &mut Report) -> Fallible<()> {
    let programs = program::write(plan, &report.left(plan), false);
    workspace.programs(&programs)?;
    let lints = [
        "clippy::pedantic",
        "clippy::nursery",
        "unused",
        "rust_2018_idioms",
        "let_underscore_drop",
    ];
    let flags = lints.iter().flat_map(|lint| ["-W", lint]);
    let flags: Vec<&str> = ["--"].into_iter().chain(flags).collect();
    let output = workspace.cargo(&["clippy", "--keep-going"], &flags)?;
    let mut raised: BTreeMap<Owner, BTreeSet<String>> = BTreeMap::new();
    let found = diagnostics(&output, &programs)?;
    for (owner, _, code, _) in &found {
        raised.entry(*owner).or_default().insert(code.clone());
    }
    for (owner, _, code, text) in found {
        let Owner::Pair(index) = owner else { continue };
        let pair = &plan.pairs[index];
        let plain = raised.get(&Owner::Plain(pair.shape, pair.environment));
        if !plain.is_some_and(|plain| plain.contains(&code)) {
            report.wrong.entry(owner).or_default().push(text);
        }
    }
    report.linted = true;
    Ok(())
}
