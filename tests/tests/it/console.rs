//! Runs the console blocks of a page, and compares their output with the page, by shape.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::page::{is_trace, shape};
use crate::programs::built;
use crate::quickstart::text;

/// A fenced block: the two words after its fence, and its lines.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) kind: String,
    pub(crate) file: String,
    pub(crate) text: String,
}

/// Returns the fenced blocks of a page, without those inside of lists.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let fences = page.split("\n```").skip(1).step_by(2);
    let block = |fence: &str| {
        let (head, text) = fence.split_once('\n').unwrap();
        let (kind, file) = head.split_once(' ').unwrap_or((head, ""));
        Block {
            kind: kind.to_owned(),
            file: file.to_owned(),
            text: format!("{text}\n"),
        }
    };
    fences.map(block).collect()
}

/// A command, and the output that the page shows below it.
#[derive(Debug)]
struct Step {
    command: String,
    shown: Vec<String>,
}

impl Block {
    /// Returns the commands of a console block: its lines that begin with `$`.
    fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for line in self.text.lines() {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => steps.push(Step {
                    command: command.to_owned(),
                    shown: Vec::new(),
                }),
                (None, Some(step)) => step.shown.push(line.to_owned()),
                (None, None) => panic!("{line:?} comes before a command"),
            }
        }
        steps
    }
}

/// Commands that would build or install for minutes, and those that run in their place: programs that are built already.
const REPLACED: [(&str, &str); 4] = [
    // With an empty path, as before `ragspan` is installed: the commands that it prints depend on that.
    (
        "cargo run -p ragspan-examples --bin quickstart",
        "PATH= $PROGRAMS/quickstart",
    ),
    ("cargo run -q -p ragspan-cli -- ", "ragspan "),
    // The built command is on the path.
    ("cargo install --path cli", "ragspan --version"),
    ("cargo install --path ../ragspan/cli", "ragspan --version"),
];

/// A reader who types the commands of one page into a shell, in a folder of its own.
pub(crate) struct Reader {
    folder: PathBuf,
    /// Variables that the page exports.
    variables: HashMap<String, String>,
    /// Addresses on the page, and those of this run.
    addresses: HashMap<&'static str, String>,
    /// Trace ids on the page, and those of this run in their place.
    ids: HashMap<String, String>,
}

impl Reader {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            variables: HashMap::new(),
            addresses: HashMap::new(),
            ids: HashMap::new(),
        }
    }

    /// Sends requests for an address on the page to another one.
    pub(crate) fn listen(&mut self, shown: &'static str, actual: &str) {
        self.addresses.insert(shown, actual.to_owned());
    }

    /// Runs a command that the page takes for done.
    pub(crate) fn set_up(&mut self, command: &str) {
        self.output(command);
    }

    /// Runs the commands of all console blocks of a page.
    pub(crate) fn follow(&mut self, page: &str) {
        let blocks = blocks(page);
        let consoles = blocks.iter().filter(|block| block.kind == "console");
        consoles.for_each(|block| self.run(block));
    }

    /// Runs the commands of a console block, which must succeed, and compares their output.
    pub(crate) fn run(&mut self, block: &Block) {
        for step in block.steps() {
            self.attempt(&step);
        }
    }

    /// Runs a command until its output has the shown shape, thrice at most: which request of the quickstart is the slowest differs.
    fn attempt(&mut self, step: &Step) {
        for _ in 1..3 {
            let came = self.output(&step.command);
            if step.shown.is_empty() || self.difference(&step.shown, &came).is_none() {
                return;
            }
        }
        let came = self.output(&step.command);
        self.compare(&step.command, &step.shown, &came);
    }

    /// Returns the standard output of a command.
    fn output(&mut self, command: &str) -> String {
        if let Some((name, value)) = exported(command) {
            let value = self.shell(&format!("echo {value}"));
            self.variables
                .insert(name.to_owned(), value.trim().to_owned());
            return String::new();
        }
        let command = self.of_this_run(command);
        if let Some(request) = command.strip_prefix("curl ") {
            let (request, filter) = request.split_once(" | ").unwrap_or((request, "cat"));
            std::fs::write(self.folder.join("response"), self.request(request)).unwrap();
            return self.shell(&format!("cat response | {filter}"));
        }
        self.shell(&command)
    }

    /// Replaces commands and ids on the page by those of this run.
    fn of_this_run(&self, command: &str) -> String {
        let mut command = command.to_owned();
        for (shown, run) in REPLACED {
            command = command.replace(shown, run);
        }
        for (shown, id) in &self.ids {
            command = command.replace(shown, id);
        }
        command
    }

    /// Runs a command by the shell: without a terminal, in UTC, and with the built programs first on the path.
    fn shell(&self, command: &str) -> String {
        let programs = built("ragspan").parent().unwrap().to_owned();
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir(&self.folder)
            .env("PATH", format!("{}:{path}", programs.display()))
            .env("PROGRAMS", &programs)
            .env("TZ", "UTC")
            .env_remove("COLUMNS")
            .env_remove("RAGSPAN_DB")
            .env_remove("OPENAI_API_KEY")
            .envs(&self.variables)
            .output()
            .unwrap();
        let stderr = text(&output.stderr);
        assert!(output.status.success(), "{command}: {stderr}");
        text(&output.stdout)
    }

    /// Sends the request of a `curl`, whose words are as on the page, and returns the response's body.
    fn request(&self, curl: &str) -> String {
        let words = words(curl);
        let url = words
            .iter()
            .find(|word| word.contains("://") || word.starts_with("localhost"));
        let url = url.unwrap_or_else(|| panic!("no address in curl {curl}"));
        let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap();
        let address = self.addresses.get(host);
        let address = address.unwrap_or_else(|| panic!("nothing listens on {host}"));
        let body = words
            .iter()
            .position(|word| word == "-d")
            .map(|at| &*words[at + 1]);
        let method = if body.is_some() { "POST" } else { "GET" };
        send(
            address,
            &format!("{method} /{path}"),
            body.unwrap_or_default(),
        )
    }

    /// Checks that two outputs have the same shape.
    #[track_caller]
    pub(crate) fn compare(&mut self, command: &str, shown: &[String], came: &str) {
        if let Some(difference) = self.difference(shown, came) {
            panic!("{command}\n{difference}\n\n{came}");
        }
    }

    /// Returns how the shapes of two outputs differ, or learns which ids of this run are in the place of those on the page.
    fn difference(&mut self, shown: &[String], came: &str) -> Option<String> {
        let shown = whole_answers(shown.iter().map(String::as_str));
        let came = whole_answers(came.lines());
        match pairs(&shown, &came) {
            Ok(pairs) => {
                let ids =
                    |(shown, came): (&str, &str)| ids(shown).zip(ids(came)).collect::<Vec<_>>();
                self.ids.extend(pairs.into_iter().flat_map(ids));
                None
            }
            Err(difference) => Some(difference),
        }
    }
}

fn ids(line: &str) -> impl Iterator<Item = String> {
    let ids = line.split_whitespace().filter(|word| is_trace(word));
    ids.map(str::to_owned)
}

/// Pairs each shown line with one that came and has its shape. A line `…` stands for any number of lines.
fn pairs<'a>(shown: &'a [String], came: &'a [String]) -> Result<Vec<(&'a str, &'a str)>, String> {
    let Some((first, rest)) = shown.split_first() else {
        let more = came
            .first()
            .map(|line| format!("came, and is not shown: {line}"));
        return more.map_or(Ok(Vec::new()), Err);
    };
    if first == "…" {
        return after_gap(rest, came);
    }
    match came.split_first() {
        Some((line, after)) if is_alike(first, line) => {
            let mut all = vec![(first.as_str(), line.as_str())];
            all.extend(pairs(rest, after)?);
            Ok(all)
        }
        line => Err(format!(
            "shown: {first}\ncame:  {}",
            line.map_or("nothing", |(line, _)| line)
        )),
    }
}

/// Returns the name and the value of a variable that the command exports.
fn exported(command: &str) -> Option<(&str, &str)> {
    command.strip_prefix("export ")?.split_once('=')
}

/// Splits a command as a shell does, with quotes but without escapes.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in command.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().expect("one at least").push(c),
        }
    }
    words
}

/// Sends a request, and returns the body of the response.
pub(crate) fn send(address: &str, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let rest = "host: localhost\r\nconnection: close\r\ncontent-type: application/json";
    write!(
        stream,
        "{head} HTTP/1.1\r\n{rest}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// Returns the lines of an output, with every answer of the quickstart on one line: a page may wrap it.
fn whole_answers<'a>(output: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in output {
        let is_more =
            |last: &String| last.starts_with("A  ") && !line.trim().starts_with("faithfulness");
        match lines.last_mut().filter(|last| is_more(last)) {
            Some(last) => last.push_str(line),
            None => lines.push(line.to_owned()),
        }
    }
    lines
}

/// Pairs the shown lines with the first that came and have their shapes, wherever these begin.
fn after_gap<'a>(
    shown: &'a [String],
    came: &'a [String],
) -> Result<Vec<(&'a str, &'a str)>, String> {
    let mut difference = format!("shown, and did not come: {shown:#?}");
    for from in 0..=came.len() {
        match pairs(shown, &came[from..]) {
            Ok(pairs) => return Ok(pairs),
            // Where the first line is found, the difference is in the lines after it.
            Err(later)
                if came
                    .get(from)
                    .zip(shown.first())
                    .is_some_and(|(came, shown)| !shown.is_empty() && is_alike(shown, came)) =>
            {
                difference = later
            }
            Err(_) => {}
        }
    }
    Err(difference)
}

/// Returns whether two lines have the same shape, up to the word that a width cuts off in one of them.
fn is_alike(shown: &str, came: &str) -> bool {
    if [shown, came].iter().all(|line| line.starts_with("A  ")) {
        // The sentences are quotes of pages, which change.
        return came.contains("[docs/") || came.contains(".md:");
    }
    // Documents have a best score only where there is room for it.
    let words = |line: &str| -> Vec<String> {
        shape(line)
            .replace(", best 0", "")
            .split(' ')
            .map(str::to_owned)
            .collect()
    };
    let (shown, came) = (words(shown), words(came));
    let cut = |words: &[String]| {
        words
            .iter()
            .position(|word| word.ends_with('…'))
            .unwrap_or(words.len())
    };
    let until = cut(&shown).min(cut(&came));
    let is_whole = cut(&shown) == shown.len() && cut(&came) == came.len();
    shown[..until] == came[..until] && (!is_whole || shown.len() == came.len())
}
