//! What is wrong with a sink: told once when it begins, once when it is over, and there to be asked for in between.

use std::error::Error;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use crate::clock::{self, Moment};
use crate::privacy::redact;

/// A sink that falls ill again within this time, in microseconds, is not told of again.
const QUIET: u64 = 60_000_000;

/// A line on standard error; where that is closed there is nobody to tell.
pub(crate) fn say(line: &str) {
    let _told = writeln!(std::io::stderr().lock(), "ragspan: {}", redact(line));
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

/// What ails a sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ailment {
    /// It does not take a batch now; it is tried again.
    Unavailable,
    /// It takes no batch any more, and what it is given is lost.
    Refused,
    /// It has not answered for long.
    Stalled,
    /// Its task has ended.
    Panicked,
}

impl Ailment {
    /// The `type` of a record's error.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Refused => "refused",
            Self::Stalled => "stalled",
            Self::Panicked => "panicked",
        }
    }
}

/// What is wrong with a sink, in words that a person can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Illness {
    pub(super) ailment: Ailment,
    pub(super) why: String,
}

impl Illness {
    pub(super) fn new(ailment: Ailment, why: impl Into<String>) -> Self {
        // A driver's error may show the address that it was given, password and all.
        let why = redact(&why.into()).into_owned();
        Self { ailment, why }
    }
}

/// The state of one sink.
#[derive(Debug, Default)]
pub(crate) struct Trouble(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    now: Option<Illness>,
    /// When the trouble of now began.
    since: Moment,
    /// Whether the trouble of now was told.
    told: bool,
    /// Whether it has left a record.
    recorded: bool,
    /// When one was told.
    last: Option<Moment>,
}

impl State {
    fn set(&mut self, illness: Illness, now: Moment) {
        if self.now.is_none() {
            self.since = now;
        }
        self.now = Some(illness);
    }
}

/// What to tell of a trouble that is over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Over {
    pub(super) line: String,
    /// For how many microseconds the sink was ill, if that has left a record.
    pub(super) recorded: Option<u64>,
}

impl Trouble {
    /// Something is wrong that its finder tells of.
    pub(super) fn note(&self, illness: Illness) {
        let mut state = self.state();
        state.set(illness, clock::now());
        state.told = true;
    }

    /// Something is wrong; gives the line to tell if this is news.
    pub(super) fn begin(&self, sink: &str, illness: Illness) -> Option<String> {
        self.begin_at(clock::now(), sink, illness)
    }

    fn begin_at(&self, now: Moment, sink: &str, illness: Illness) -> Option<String> {
        let mut state = self.state();
        let quiet = state
            .last
            .is_some_and(|last| now.micros_since(last) < QUIET);
        let news = !state.told && !quiet;
        let line = news.then(|| format!("{sink}: {}", illness.why));
        if news {
            state.last = Some(now);
            state.told = true;
        }
        state.set(illness, now);
        line
    }

    /// What is wrong now, if it was told but has left no record; from now on it has.
    pub(super) fn unrecorded(&self) -> Option<Illness> {
        let mut state = self.state();
        let illness = state.now.clone().filter(|_| state.told && !state.recorded);
        state.recorded |= illness.is_some();
        illness
    }

    /// All is well; gives what to tell if it was told that it was not.
    pub(super) fn end(&self, sink: &str) -> Option<Over> {
        let mut state = self.state();
        state.now.as_ref()?;
        state.now = None;
        let recorded = std::mem::take(&mut state.recorded);
        let lasted = || clock::now().micros_since(state.since);
        let recorded = recorded.then(lasted);
        let line = format!("{sink}: is well again");
        std::mem::take(&mut state.told).then_some(Over { line, recorded })
    }

    /// What is wrong now.
    pub(super) fn now(&self) -> Option<String> {
        self.state().now.as_ref().map(|now| now.why.clone())
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ill(why: &str) -> Illness {
        Illness::new(Ailment::Unavailable, why)
    }

    fn told(over: Option<Over>) -> Option<String> {
        over.map(|over| over.line)
    }

    #[test]
    fn a_trouble_is_told_once_and_its_end_too() {
        let trouble = Trouble::default();
        assert_eq!(trouble.end("file"), None);
        let line = trouble.begin("file", ill("full"));
        assert_eq!(line.as_deref(), Some("file: full"));
        assert_eq!(trouble.begin("file", ill("still full")), None);
        assert_eq!(trouble.now().as_deref(), Some("still full"));
        let over = told(trouble.end("file"));
        assert_eq!(over.as_deref(), Some("file: is well again"));
        assert_eq!((trouble.end("file"), trouble.now()), (None, None));
    }

    #[test]
    fn a_sink_that_flutters_is_not_told_of_each_time() {
        let trouble = Trouble::default();
        let told = (0..100).filter_map(|_| {
            let begun = trouble.begin("file", ill("full"));
            begun.into_iter().chain(told(trouble.end("file"))).next()
        });
        assert_eq!(told.count(), 1);
        assert_eq!(trouble.now(), None);
    }

    #[test]
    fn a_sink_that_fluttered_and_stays_ill_is_told_of_later() {
        let trouble = Trouble::default();
        let begin = |micros| trouble.begin_at(Moment::from_micros(micros), "file", ill("full"));
        assert!(begin(0).is_some());
        assert!(trouble.end("file").is_some());
        assert_eq!((begin(1_000), begin(QUIET - 1)), (None, None));
        assert!(begin(QUIET).is_some());
        assert_eq!(begin(3 * QUIET), None);
    }

    #[test]
    fn what_the_start_tells_is_not_told_again() {
        let trouble = Trouble::default();
        trouble.note(ill("locked"));
        assert_eq!(trouble.begin("sqlite", ill("locked")), None);
        assert!(trouble.end("sqlite").is_some());
    }

    #[test]
    fn what_was_told_leaves_one_record_and_only_then_its_end_does() {
        let trouble = Trouble::default();
        assert_eq!(trouble.unrecorded(), None);
        trouble.note(ill("locked"));
        assert_eq!(trouble.unrecorded(), Some(ill("locked")));
        assert_eq!(trouble.unrecorded(), None);
        assert!(
            trouble
                .end("sqlite")
                .is_some_and(|over| over.recorded.is_some())
        );
        trouble.note(ill("locked"));
        assert!(
            trouble
                .end("sqlite")
                .is_some_and(|over| over.recorded.is_none())
        );
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
