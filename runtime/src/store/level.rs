//! The levels of a record, in their order.

use std::fmt;
use std::str::FromStr;

/// How much a record matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The finest detail.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// The ordinary course of things.
    Info,
    /// Not right, but handled.
    Warning,
    /// An operation failed.
    Error,
    /// The service, or its telemetry, is down.
    Critical,
}

impl Level {
    /// Every level, the least first.
    pub const ALL: [Self; 6] = [
        Self::Trace,
        Self::Debug,
        Self::Info,
        Self::Warning,
        Self::Error,
        Self::Critical,
    ];

    /// The word that stands in a record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
        }
    }

    /// This level and all above it.
    pub(super) fn and_above(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |level| *level >= self)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no level: use trace, debug, info, warning, error or critical")]
pub struct UnknownLevel(String);

impl FromStr for Level {
    type Err = UnknownLevel;

    /// Reads a level in any case; `warn` is accepted for `warning`.
    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        let word = if text.eq_ignore_ascii_case("warn") {
            "WARNING"
        } else {
            text
        };
        Self::ALL
            .into_iter()
            .find(|level| level.as_str().eq_ignore_ascii_case(word))
            .ok_or_else(|| UnknownLevel(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_reads_its_own_word_in_any_case() {
        for level in Level::ALL {
            assert_eq!(level.as_str().parse(), Ok(level));
            assert_eq!(level.as_str().to_lowercase().parse(), Ok(level));
        }
        assert_eq!("warn".parse(), Ok(Level::Warning));
    }

    #[test]
    fn an_unknown_word_is_refused_with_the_words_that_are_known() {
        let error = "fatal".parse::<Level>().unwrap_err();
        assert!(error.to_string().contains("`fatal`"));
        assert!(error.to_string().contains("critical"));
    }

    #[test]
    fn and_above_ends_with_critical() {
        let above: Vec<_> = Level::Error.and_above().collect();
        assert_eq!(above, [Level::Error, Level::Critical]);
        assert_eq!(Level::Trace.and_above().count(), 6);
    }
}
