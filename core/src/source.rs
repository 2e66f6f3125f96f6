//! Shortens paths of source files to what is the same on every machine: the package, and the path in it.

/// Returns the end of a path that begins with its package: `my_crate/src/answer.rs`, or `tokio-1.49.0/src/task.rs` of a
/// dependency. A relative path is relative to the workspace, and is returned without a leading `./`.
///
/// ```
/// use ragspan_core::source::shorten_path;
///
/// assert_eq!(shorten_path("/home/ada/rag/search/src/index.rs"), "search/src/index.rs");
/// assert_eq!(shorten_path("src/index.rs"), "src/index.rs");
/// ```
#[must_use]
pub fn shorten_path(file: &str) -> &str {
    if !is_absolute(file) && !file.starts_with("..") {
        return file.strip_prefix("./").unwrap_or(file);
    }
    let parts = Parts::of(file);
    let start = parts
        .after_known_folder()
        .or_else(|| parts.package())
        .unwrap_or_else(|| parts.last_two());
    parts.from(start)
}

/// Returns a stack trace with every path shortened: those of calls, as in `answer (/home/ada/rag/src/answer.rs:48)`, and those
/// of a backtrace's frames, as in `at /home/ada/rag/src/answer.rs:48:9`.
#[must_use]
pub fn shorten_stack_trace(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(shorten_line).collect();
    lines.join("\n")
}

fn shorten_line(line: &str) -> String {
    let frame = line.trim_start().strip_prefix("at ");
    let call = || {
        line.strip_suffix(')')
            .and_then(|line| line.rsplit_once(" ("))
    };
    if let Some(location) = frame {
        let lead = line.strip_suffix(location).unwrap_or_default();
        format!("{lead}{}", shorten_path(location))
    } else if let Some((operation, location)) = call() {
        format!("{operation} ({})", shorten_path(location))
    } else {
        line.to_owned()
    }
}

/// True also for paths of Windows.
fn is_absolute(file: &str) -> bool {
    let after_drive = file.get(1..).filter(|rest| rest.starts_with(":\\"));
    file.starts_with(['/', '\\']) || after_drive.is_some()
}

/// The parts of a path, each with the position of its first byte.
struct Parts<'a> {
    path: &'a str,
    all: Vec<(usize, &'a str)>,
}

impl<'a> Parts<'a> {
    fn of(path: &'a str) -> Self {
        let mut all = Vec::new();
        let mut start = 0;
        for part in path.split(['/', '\\']) {
            all.push((start, part));
            start += part.len() + 1;
        }
        Self { path, all }
    }

    fn name(&self, at: usize) -> &'a str {
        self.all.get(at).map_or("", |(_, name)| *name)
    }

    fn from(&self, at: usize) -> &'a str {
        let start = self.all.get(at).map_or(0, |(start, _)| *start);
        self.path.get(start..).unwrap_or(self.path)
    }

    /// Returns the part behind the folders in which Cargo and rustup keep sources, if the path is in one of them.
    fn after_known_folder(&self) -> Option<usize> {
        /// The folders, and the number of parts behind them that name an index, a repository or a version of Rust.
        const KNOWN: [(&[&str], usize); 5] = [
            (&["registry", "src"], 1),
            (&["git", "checkouts"], 0),
            (&["rustlib", "src", "rust"], 0),
            (&["rust", "deps"], 0),
            (&["", "rustc"], 1),
        ];
        let names: Vec<_> = self.all.iter().map(|(_, name)| *name).collect();
        KNOWN.into_iter().find_map(|(folder, more)| {
            let found = names
                .windows(folder.len())
                .rposition(|part| part == folder)?;
            let start = found + folder.len() + more;
            (start < names.len()).then_some(start)
        })
    }

    /// Returns the folder of the package: the parent of the last folder in which Cargo expects sources.
    fn package(&self) -> Option<usize> {
        let folders = self.all.len().checked_sub(1)?;
        let last = |wanted: &[&str]| (1..folders).rfind(|at| wanted.contains(&self.name(*at)));
        let sources = last(&["src"]).or_else(|| last(&["tests", "examples", "benches"]))?;
        let package = sources - 1;
        if self.is_home(package) {
            return None;
        }
        let is_name =
            !matches!(self.name(package), "" | "." | "..") && !self.name(package).ends_with(':');
        Some(if is_name { package } else { sources })
    }

    fn last_two(&self) -> usize {
        let last = self.all.len().saturating_sub(1);
        let folder = last.saturating_sub(1);
        let is_name = !matches!(self.name(folder), "" | "." | "..");
        if is_name && !self.is_home(folder) {
            folder
        } else {
            last
        }
    }

    /// Returns whether the part is the folder of a user, or one above it.
    fn is_home(&self, at: usize) -> bool {
        match self.name(1) {
            "home" | "Users" => at <= 2,
            "root" => at <= 1,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: &[(&str, &str)] = &[
        ("src/answer.rs", "src/answer.rs"),
        ("./src/answer.rs", "src/answer.rs"),
        ("cli/src/demo/service.rs", "cli/src/demo/service.rs"),
        ("/home/ada/work/rag/src/answer.rs", "rag/src/answer.rs"),
        (
            "/srv/ragspan/runtime/src/http/callsites.rs",
            "runtime/src/http/callsites.rs",
        ),
        ("/app/src/main.rs", "app/src/main.rs"),
        ("/src/main.rs", "src/main.rs"),
        ("/srv/rag/src/tests/search.rs", "rag/src/tests/search.rs"),
        ("/srv/rag/tests/it/main.rs", "rag/tests/it/main.rs"),
        ("/home/ada/src/rag/main.rs", "rag/main.rs"),
        ("/home/ada/main.rs", "main.rs"),
        (concat!("/", "root", "/src/main.rs"), "src/main.rs"),
        ("/main.rs", "main.rs"),
        ("../../other/src/lib.rs", "other/src/lib.rs"),
        ("../lib.rs", "lib.rs"),
        (
            "/home/ada/.cargo/registry/src/index-1949cf8c6b5b557f/tokio-1.49.0/src/task/join.rs",
            "tokio-1.49.0/src/task/join.rs",
        ),
        (
            "/home/ada/.cargo/git/checkouts/ragspan-0123456789abcdef/1a2b3c4/runtime/src/rag.rs",
            "ragspan-0123456789abcdef/1a2b3c4/runtime/src/rag.rs",
        ),
        (
            "/rustc/ded5c06cf21d2b93bffd5d884aa6e96934ee4234/library/std/src/panicking.rs",
            "library/std/src/panicking.rs",
        ),
        (
            "/home/ada/.rustup/toolchains/stable/lib/rustlib/src/rust/library/core/src/time.rs",
            "library/core/src/time.rs",
        ),
        (
            "/rust/deps/hashbrown-0.16.1/src/raw.rs",
            "hashbrown-0.16.1/src/raw.rs",
        ),
        (
            "/srv/rag/target/debug/build/rag-5f3e/out/schema.rs",
            "out/schema.rs",
        ),
        ("C:\\Users\\ada\\rag\\src\\answer.rs", "rag\\src\\answer.rs"),
        ("C:\\src\\answer.rs", "src\\answer.rs"),
        ("", ""),
        ("/", ""),
    ];

    #[test]
    fn a_path_begins_with_its_package() {
        for (path, expected) in PATHS {
            assert_eq!(shorten_path(path), *expected, "{path}");
            let with_line = format!("{path}:48:9");
            assert_eq!(
                shorten_path(&with_line),
                format!("{expected}:48:9"),
                "{path}"
            );
        }
    }

    #[test]
    fn a_shortened_path_stays_as_it_is() {
        for (path, _) in PATHS {
            let once = shorten_path(path);
            assert_eq!(shorten_path(once), once, "{path}");
        }
    }

    #[test]
    fn every_line_of_a_stack_trace_is_shortened() {
        let text = "answer (/home/ada/rag/src/answer.rs:48)\n   0: std::panicking::begin\n             at \
                    /rustc/ded5c06c/library/std/src/panicking.rs:689:5\n   1: rag::answer\n             at \
                    ./src/answer.rs:50:9\nnote (see above)";
        let expected = "answer (rag/src/answer.rs:48)\n   0: std::panicking::begin\n             at \
                        library/std/src/panicking.rs:689:5\n   1: rag::answer\n             at \
                        src/answer.rs:50:9\nnote (see above)";
        assert_eq!(shorten_stack_trace(text), expected);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_shortened_to_its_end(text in proptest::prelude::any::<String>()) {
            proptest::prop_assert!(text.ends_with(shorten_path(&text)));
        }
    }
}
