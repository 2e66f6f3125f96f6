//! The options of a waterfall.

/// How much of a trace is shown. By default one or two screens: the failures, the critical path, and more spans as far as
/// they fit, with repetitions folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    /// Shows each event under its span.
    pub events: bool,
    /// Shows every span, however many there are.
    pub all: bool,
    /// The number of levels that are shown; above that depth every span that is not a repetition is.
    pub depth: Option<usize>,
    /// Shows only the paths to this many spans: those with the most time of their own.
    pub slowest: Option<usize>,
}
