//! The compared variants: a peer, called sync or async, succeeding or failing; and their names.

use std::fmt;
use std::str::FromStr;

/// The instrumentation of the call, and its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// Nobody.
    Bare,
    /// `#[tracing::instrument]`, and no subscriber. Where sqlx is in the build, so is tracing's `log` feature, and most of
    /// what is measured here is that.
    InstrumentOff,
    /// ragspan, and nothing started.
    RagspanOff,
    /// ragspan, started with a level above every record: metrics alone.
    RagspanFiltered,
    /// `#[tracing::instrument(err)]`, JSON at the span's end, through a non-blocking appender to a file.
    InstrumentJson,
    /// By hand, its JSON by tracing-subscriber, through a non-blocking appender to a file.
    ByHand,
    /// By hand, its JSON by json-subscriber, through the same appender.
    ByHandJsonSubscriber,
    /// ragspan with its file sink.
    RagspanFile,
    /// ragspan with its SQLite sink.
    RagspanSqlite,
}

impl Peer {
    /// All, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::Bare,
        Self::InstrumentOff,
        Self::RagspanOff,
        Self::RagspanFiltered,
        Self::InstrumentJson,
        Self::ByHand,
        Self::ByHandJsonSubscriber,
        Self::RagspanFile,
        Self::RagspanSqlite,
    ];

    /// As the command line and the table have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::InstrumentOff => "instrument-off",
            Self::RagspanOff => "ragspan-off",
            Self::RagspanFiltered => "ragspan-filtered",
            Self::InstrumentJson => "instrument-json",
            Self::ByHand => "by-hand",
            Self::ByHandJsonSubscriber => "by-hand-json-subscriber",
            Self::RagspanFile => "ragspan-file",
            Self::RagspanSqlite => "ragspan-sqlite",
        }
    }

    /// Returns `true` if failing calls are measured too: not where nothing is written.
    #[must_use]
    pub const fn writes(self) -> bool {
        !matches!(
            self,
            Self::Bare | Self::InstrumentOff | Self::RagspanOff | Self::RagspanFiltered
        )
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    /// Who instruments.
    pub peer: Peer,
    /// How it is called.
    pub path: Path,
}

/// How the function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// The async function, polled to its end at once.
    pub is_async: bool,
    /// With arguments that make it fail.
    pub fails: bool,
}

impl Path {
    /// All, in the order of the table.
    pub const ALL: [Self; 4] = [
        Self::new(false, false),
        Self::new(true, false),
        Self::new(false, true),
        Self::new(true, true),
    ];

    const fn new(is_async: bool, fails: bool) -> Self {
        Self { is_async, fails }
    }

    const fn suffix(self) -> &'static str {
        match (self.is_async, self.fails) {
            (false, false) => "",
            (true, false) => "-async",
            (false, true) => "-error",
            (true, true) => "-async-error",
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colour = if self.is_async { "async" } else { "sync" };
        let end = if self.fails { "error" } else { "success" };
        write!(out, "{colour}, {end}")
    }
}

impl Variant {
    /// All that are measured, path by path.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let of = |path: Path| {
            let peers = Peer::ALL
                .into_iter()
                .filter(move |peer| peer.writes() || !path.fails);
            peers.map(move |peer| Self { peer, path })
        };
        Path::ALL.into_iter().flat_map(of).collect()
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.peer.name(), self.path.suffix())
    }
}

/// No variant has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown variant: `calls list` shows them")]
pub struct UnknownVariant;

impl FromStr for Variant {
    type Err = UnknownVariant;

    fn from_str(name: &str) -> Result<Self, UnknownVariant> {
        let mut all = Self::all().into_iter();
        all.find(|variant| variant.to_string() == name)
            .ok_or(UnknownVariant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_variant() {
        let all = Variant::all();
        for variant in &all {
            assert_eq!(variant.to_string().parse(), Ok(*variant));
        }
        assert_eq!(all.len(), 2 * 9 + 2 * 5);
    }

    #[test]
    fn other_names_are_refused() {
        for name in [
            "",
            "bare-error",
            "ragspan",
            "ragspan-file-async-",
            "by-hand-error-async",
        ] {
            assert_eq!(name.parse::<Variant>(), Err(UnknownVariant), "{name}");
        }
    }
}
