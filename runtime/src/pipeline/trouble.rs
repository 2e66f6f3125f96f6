//! What is wrong with a sink: told once when it begins, once when it is over, and there to be asked for in between.

use std::error::Error;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use crate::clock::{self, Moment};

/// A sink that falls ill again within this time, in microseconds, is not told of again.
const QUIET: u64 = 60_000_000;

/// A line on standard error; where that is closed there is nobody to tell.
pub(crate) fn say(line: &str) {
    let _told = writeln!(std::io::stderr().lock(), "ragspan: {line}");
}

/// An error and what is behind it, on one line; what an error repeats of its source is said once.
pub(super) fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = source.source();
    }
    text
}

/// The state of one sink.
#[derive(Debug, Default)]
pub(crate) struct Trouble(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    now: Option<String>,
    /// Whether the trouble of now was told.
    told: bool,
    /// When one was told.
    last: Option<Moment>,
}

impl Trouble {
    /// Something is wrong that its finder tells of.
    pub(super) fn note(&self, why: String) {
        let mut state = self.state();
        state.now = Some(why);
        state.told = true;
    }

    /// Something is wrong; gives the line to tell if this is news.
    pub(super) fn begin(&self, sink: &str, why: String) -> Option<String> {
        let mut state = self.state();
        let begins = state.now.is_none();
        let now = clock::now();
        let quiet = state
            .last
            .is_some_and(|last| now.micros_since(last) < QUIET);
        let line = (begins && !quiet).then(|| format!("{sink}: {why}"));
        if line.is_some() {
            state.last = Some(now);
        }
        state.told |= line.is_some();
        state.now = Some(why);
        line
    }

    /// All is well; gives the line to tell if it was told that it was not.
    pub(super) fn end(&self, sink: &str) -> Option<String> {
        let mut state = self.state();
        state.now = None;
        std::mem::take(&mut state.told).then(|| format!("{sink}: is well again"))
    }

    /// What is wrong now.
    pub(super) fn now(&self) -> Option<String> {
        self.state().now.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_told_once_and_its_end_too() {
        let trouble = Trouble::default();
        assert_eq!(trouble.end("file"), None);
        assert_eq!(
            trouble.begin("file", "full".into()),
            Some("file: full".into())
        );
        assert_eq!(trouble.begin("file", "still full".into()), None);
        assert_eq!(trouble.now(), Some("still full".into()));
        assert_eq!(trouble.end("file"), Some("file: is well again".into()));
        assert_eq!((trouble.end("file"), trouble.now()), (None, None));
    }

    #[test]
    fn a_sink_that_flutters_is_not_told_of_each_time() {
        let trouble = Trouble::default();
        let told = (0..100).filter_map(|_| {
            let begun = trouble.begin("file", "full".into());
            begun.into_iter().chain(trouble.end("file")).next()
        });
        assert_eq!(told.count(), 1);
        assert_eq!(trouble.now(), None);
    }

    #[test]
    fn what_the_start_tells_is_not_told_again() {
        let trouble = Trouble::default();
        trouble.note("locked".into());
        assert_eq!(trouble.begin("sqlite", "locked".into()), None);
        assert!(trouble.end("sqlite").is_some());
    }

    #[test]
    fn an_error_is_told_with_its_sources_and_nothing_twice() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot open: {0}")]
        struct Outer(#[source] std::io::Error);
        #[derive(Debug, thiserror::Error)]
        #[error("no store")]
        struct Outermost(#[source] Outer);
        let error = Outermost(Outer(std::io::Error::other("gone")));
        assert_eq!(whole(&error), "no store: cannot open: gone");
    }
}
