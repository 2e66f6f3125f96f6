//! Reads the stack trace of a record: the annotated calls from the root to the failure, and the frames of a backtrace.

use ragspan_core::source::shorten_stack_trace;

/// The stack trace of a record, with shortened paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StackTrace {
    /// The annotated calls, such as `answer (src/answer.rs:48)`.
    pub(crate) calls: Vec<String>,
    /// The lines of the backtrace; none if backtraces were disabled.
    pub(crate) backtrace: Vec<String>,
    frames: Vec<Frame>,
}

/// A function on the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Frame {
    /// Its path, without hash and closures, such as `my_crate::search::vector_search`.
    symbol: String,
    /// Its source location, if the program was compiled with line numbers.
    location: Option<String>,
}

impl StackTrace {
    pub(crate) fn parse(text: &str) -> Self {
        let text = shorten_stack_trace(text);
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        let first = lines.iter().position(|line| symbol(line).is_some());
        let (calls, backtrace) = lines.split_at(first.unwrap_or(lines.len()));
        Self {
            calls: calls.to_vec(),
            backtrace: backtrace.to_vec(),
            frames: frames(backtrace),
        }
    }

    /// Returns the frames of the user's own crates, the innermost first.
    pub(crate) fn own_frames(&self) -> Vec<String> {
        let annotated: Vec<_> = self
            .frames
            .iter()
            .filter(|it| self.is_annotated(it))
            .collect();
        let crates: Vec<_> = annotated.iter().map(|frame| frame.crate_name()).collect();
        let mut own: Vec<_> = self.frames.iter().filter(|it| it.is_own(&crates)).collect();
        // A function and its closures are frames of their own.
        own.dedup_by(|a, b| a.symbol == b.symbol);
        own.into_iter().map(Frame::shown).collect()
    }

    /// Returns whether the frame is one of the annotated calls.
    fn is_annotated(&self, frame: &Frame) -> bool {
        let name = frame.symbol.rsplit("::").next().unwrap_or_default();
        let mut operations = self.calls.iter().filter_map(|call| call.split(" (").next());
        operations.any(|operation| operation.rsplit("::").next() == Some(name))
    }
}

/// Crates whose frames are not the user's, wherever they were compiled.
const LIBRARIES: [&str; 8] = [
    "alloc",
    "core",
    "ragspan",
    "ragspan_core",
    "std",
    "test",
    "tokio",
    "tracing",
];

impl Frame {
    /// Returns the first name of the path; of `<my_crate::A as core::B>::c` that is `my_crate`.
    fn crate_name(&self) -> &str {
        let path = self.symbol.trim_start_matches(['<', '&', '*', '(', '[']);
        let path = path.strip_prefix("dyn ").unwrap_or(path);
        path.split("::").next().unwrap_or_default()
    }

    /// Returns whether the function belongs to the user: by its source file, or else by its crate, which has to be one of the
    /// annotated calls.
    fn is_own(&self, annotated: &[&str]) -> bool {
        let name = self.crate_name();
        if LIBRARIES.contains(&name) || name.starts_with("__") {
            return false;
        }
        match &self.location {
            Some(location) => location.contains(".rs:") && !is_of_dependency(location),
            None => annotated.contains(&name),
        }
    }

    fn shown(&self) -> String {
        match &self.location {
            Some(location) => format!("{} ({location})", self.symbol),
            None => self.symbol.clone(),
        }
    }
}

/// Returns whether a shortened path is of the standard library, or of a package with a version or a revision in its name.
fn is_of_dependency(location: &str) -> bool {
    let package = location.split(['/', '\\']).next().unwrap_or_default();
    let is_version = |end: &str| end.starts_with(|c: char| c.is_ascii_digit()) && end.contains('.');
    let is_revision = |end: &str| end.len() == 16 && end.chars().all(|c| c.is_ascii_hexdigit());
    let mut ends = package
        .match_indices('-')
        .filter_map(|(at, _)| package.get(at + 1..));
    package == "library" || ends.any(|end| is_version(end) || is_revision(end))
}

fn frames(backtrace: &[String]) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    for line in backtrace {
        if let Some(symbol) = symbol(line) {
            let symbol = without_closures(symbol).to_owned();
            frames.push(Frame {
                symbol,
                location: None,
            });
        } else if let (Some(location), Some(frame)) =
            (line.trim_start().strip_prefix("at "), frames.last_mut())
        {
            frame.location = Some(without_column(location).to_owned());
        }
    }
    frames
}

/// Returns the function of a line such as `  12: my_crate::answer`.
fn symbol(line: &str) -> Option<&str> {
    let (number, symbol) = line.trim_start().split_once(": ")?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(symbol)
}

fn without_closures(symbol: &str) -> &str {
    let mut symbol = symbol.trim_end();
    if let Some((path, hash)) = symbol.rsplit_once("::h")
        && hash.len() == 16
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        symbol = path;
    }
    while let Some((path, _)) = symbol
        .rsplit_once("::")
        .filter(|(_, end)| end.starts_with('{') && end.ends_with('}'))
    {
        symbol = path;
    }
    symbol
}

/// Returns `src/answer.rs:48` of `src/answer.rs:48:9`.
fn without_column(location: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match location.rsplit_once(':') {
        Some((rest, column))
            if is_number(column)
                && rest
                    .rsplit_once(':')
                    .is_some_and(|(_, line)| is_number(line)) =>
        {
            rest
        }
        _ => location,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CALLS: &str =
        "answer (src/main.rs:10)\nIndex::search (/home/ada/rag/search/src/lib.rs:20)\n";

    const WITH_LINES: &str = "   0: __rustc::rust_begin_unwind
             at /rustc/ded5c06c/library/std/src/panicking.rs:689:5
   1: core::panicking::panic_fmt
             at /rustc/ded5c06c/library/core/src/panicking.rs:80:14
   2: search::Index::search::{{closure}}::h0123456789abcdef
             at ./search/src/lib.rs:22:13
   3: ragspan::span::call::Call::run
             at /home/ada/ragspan/runtime/src/span/call.rs:7:9
   4: search::Index::search
             at /home/ada/rag/search/src/lib.rs:20:1
   5: <helpers::Retry as core::future::future::Future>::poll
             at ./helpers/src/retry.rs:5:1
   6: tokio::runtime::task::poll
             at /home/ada/.cargo/registry/src/index-1949cf8c6b5b557f/tokio-1.49.0/src/task.rs:9:1
   7: hyper::proto::dispatch
             at /home/ada/.cargo/registry/src/index-1949cf8c6b5b557f/hyper-1.8.1/src/proto.rs:9:1
   8: rag::answer::{closure#0}
             at ./src/main.rs:12:5
   9: clone3
             at ../sysdeps/unix/sysv/linux/x86_64/clone3.S:81:1";

    const WITHOUT_LINES: &str = "   0: __rustc::rust_begin_unwind
   1: core::panicking::panic_fmt
   2: search::Index::search
   3: hyper::proto::dispatch
   4: rag::answer::{{closure}}
   5: rag::main
   6: main";

    #[test]
    fn only_frames_of_the_users_crates_are_own() {
        let trace = StackTrace::parse(&format!("{CALLS}{WITH_LINES}"));
        assert_eq!(
            trace.calls,
            [
                "answer (src/main.rs:10)",
                "Index::search (search/src/lib.rs:20)"
            ]
        );
        assert_eq!(trace.backtrace.len(), 20);
        assert!(!trace.backtrace.concat().contains("/home"), "{trace:?}");
        let own = [
            "search::Index::search (search/src/lib.rs:22)",
            "<helpers::Retry as core::future::future::Future>::poll (helpers/src/retry.rs:5)",
            "rag::answer (src/main.rs:12)",
        ];
        assert_eq!(trace.own_frames(), own);
    }

    #[test]
    fn without_line_numbers_the_crates_of_the_annotated_calls_are_own() {
        let trace = StackTrace::parse(&format!("{CALLS}{WITHOUT_LINES}"));
        assert_eq!(
            trace.own_frames(),
            ["search::Index::search", "rag::answer", "rag::main"]
        );
    }

    #[test]
    fn a_stack_trace_without_a_backtrace_has_calls_alone() {
        let trace = StackTrace::parse(CALLS);
        assert_eq!((trace.calls.len(), trace.backtrace.len()), (2, 0));
        assert!(trace.own_frames().is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_a_panic(text in "[ -~é\n]{0,200}") {
            let trace = StackTrace::parse(&text);
            let lines = trace.calls.len() + trace.backtrace.len();
            prop_assert_eq!(lines, text.lines().count());
            _ = trace.own_frames();
        }
    }
}
