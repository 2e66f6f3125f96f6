//! The six levels of a record.

use std::fmt;
use std::str::FromStr;

/// How much a record matters. `tracing` has no CRITICAL, so there is a sixth level here.
///
/// ```
/// use ragspan::Level;
/// assert!(Level::Warning > Level::Info);
/// assert_eq!("warn".parse(), Ok(Level::Warning));
/// assert_eq!(Level::Warning.to_string(), "WARNING");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Everything.
    Trace,
    /// Sizes, intermediate values, starts.
    Debug,
    /// Normal operation.
    #[default]
    Info,
    /// Unexpected, and handled.
    Warning,
    /// An operation failed.
    Error,
    /// The system is down.
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

    /// This level and all above it.
    pub fn and_above(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |level| *level >= self)
    }

    /// As records spell it.
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
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// Text that names no level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("`{0}` is not a level: use trace, debug, info, warning, error or critical")]
pub struct ParseLevelError(String);

impl FromStr for Level {
    type Err = ParseLevelError;

    /// Reads a level in either case; `warn` and `warning` are the same.
    fn from_str(text: &str) -> Result<Self, ParseLevelError> {
        match text.to_ascii_lowercase().as_str() {
            "trace" => Ok(Self::Trace),
            "debug" => Ok(Self::Debug),
            "info" => Ok(Self::Info),
            "warn" | "warning" => Ok(Self::Warning),
            "error" => Ok(Self::Error),
            "critical" => Ok(Self::Critical),
            _ => Err(ParseLevelError(text.to_owned())),
        }
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
    fn an_unknown_level_is_rejected_with_the_known_ones() {
        let error = "fatal".parse::<Level>().unwrap_err().to_string();
        assert!(
            error.contains("`fatal`") && error.contains("critical"),
            "{error}"
        );
    }

    #[test]
    fn and_above_ends_with_critical() {
        let above: Vec<_> = Level::Error.and_above().collect();
        assert_eq!(above, [Level::Error, Level::Critical]);
        assert_eq!(Level::Trace.and_above().count(), 6);
    }
}
