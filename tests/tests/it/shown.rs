//! Every console block of the pages runs, and prints what its page shows; the tutorial has a test of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::console::{Reader, blocks};
use crate::service::Service;

/// The pages with console blocks, and what their readers have.
const PAGES: [(&str, Setup); 6] = [
    ("README.md", Setup::Clone),
    ("docs/command.md", Setup::Clone),
    ("docs/configuration.md", Setup::Clone),
    ("docs/metrics.md", Setup::Service),
    ("docs/trace.md", Setup::Demo),
    ("docs/tutorial.md", Setup::Tutorial),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Setup {
    /// A clone of this repository.
    Clone,
    /// The database of `ragspan demo`.
    Demo,
    /// A running service.
    Service,
    /// The project that the page builds, in the test of the tutorial.
    Tutorial,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// Makes a clone of what the quickstart reads: the manifest of the workspace, and the documentation.
fn clone_into(folder: &Path) -> PathBuf {
    let clone = folder.join("ragspan");
    for part in ["docs", "cli", "scripts"] {
        fs::create_dir_all(clone.join(part)).unwrap();
    }
    for part in [".", "docs", "scripts"] {
        for file in fs::read_dir(root().join(part)).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                fs::copy(file.path(), clone.join(part).join(file.file_name())).unwrap();
            }
        }
    }
    clone
}

/// Runs the console blocks of a page.
fn follow(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (_, setup) = PAGES.iter().find(|(page, _)| *page == name).unwrap();
    let mut reader = match setup {
        Setup::Clone => Reader::new(&clone_into(folder.path())),
        _ => Reader::new(folder.path()),
    };
    if *setup == Setup::Demo {
        reader.set_up("ragspan demo --db ragspan.db");
    }
    reader.follow(&page(name));
}

#[test]
fn the_commands_of_the_readme_print_what_it_shows() {
    follow("README.md");
}

#[test]
fn the_commands_of_the_command_page_print_what_it_shows() {
    follow("docs/command.md");
}

#[test]
fn the_commands_of_the_page_of_traces_print_what_it_shows() {
    follow("docs/trace.md");
}

#[test]
fn the_commands_of_the_configuration_page_print_what_it_shows() {
    follow("docs/configuration.md");
}

#[test]
fn the_metrics_page_names_the_address_of_the_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path());
    let mut reader = Reader::new(folder.path());
    reader.listen("127.0.0.1:9464", service.address());
    reader.follow(&page("docs/metrics.md"));
}

#[test]
fn every_page_with_console_blocks_is_followed_by_a_test() {
    let pages = ["docs", "."].map(|folder| {
        let files = fs::read_dir(root().join(folder)).unwrap();
        files.map(move |file| (folder, file.unwrap().file_name().into_string().unwrap()))
    });
    let named = pages
        .into_iter()
        .flatten()
        .map(|(folder, file)| match folder {
            "." => file,
            _ => format!("{folder}/{file}"),
        });
    let is_page = |name: &String| Path::new(name).extension().is_some_and(|it| it == "md");
    let has_console = |name: &String| {
        ["```console", "```sh", "```bash", "\n$ "]
            .iter()
            .any(|mark| page(name).contains(mark))
    };
    let found: BTreeSet<_> = named.filter(is_page).filter(has_console).collect();
    // Its commands run this test; they are compared with the folder of scripts.
    let mut expected: BTreeSet<_> = PAGES.iter().map(|(page, _)| (*page).to_owned()).collect();
    expected.insert("CONTRIBUTING.md".to_owned());
    assert_eq!(found, expected);
}

#[test]
fn no_page_shows_a_command_without_a_prompt() {
    for (name, _) in PAGES {
        for block in blocks(&page(name)) {
            let is_shell = matches!(&*block.kind, "sh" | "bash" | "shell");
            let is_output = block.kind == "text" && block.text.starts_with("$ ");
            assert!(
                !is_shell && !is_output,
                "{name}: not in a console block: {}",
                block.text
            );
        }
    }
}

#[test]
fn the_scripts_that_contributors_run_exist() {
    let page = page("CONTRIBUTING.md");
    let blocks = blocks(&page);
    let lines = blocks
        .iter()
        .filter(|block| block.kind == "console")
        .flat_map(|block| block.text.lines());
    let scripts: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("$ ")?.split(' ').next())
        .collect();
    assert!(scripts.len() > 4, "{scripts:?}");
    for script in scripts {
        assert!(root().join(script).is_file(), "there is no {script}");
    }
}

/// The program also compiles there without a warning, as a documentation test.
#[test]
fn the_rust_documentation_begins_with_the_program_of_the_readme() {
    let readme = page("README.md");
    let (_, rest) = readme.split_once("```rust,no_run\n").unwrap();
    let (program, _) = rest.split_once("```").unwrap();
    let source = page("runtime/src/lib.rs");
    let (_, rest) = source.split_once("//! ```no_run\n").unwrap();
    let (block, _) = rest.split_once("//! ```").unwrap();
    let lines = block.lines().map(|line| line.strip_prefix("//!").unwrap());
    let shown = lines.filter(|line| !line.starts_with(" # "));
    let shown: Vec<_> = shown
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    assert_eq!(shown, program.lines().collect::<Vec<_>>());
}
