//! Which records a backend gets.

use crate::context::Layer;
use crate::record::Level;

/// Which records a backend gets; by default all.
///
/// ```
/// use ragspan::config::{Backend, Route};
/// use ragspan::{Config, Level};
///
/// let errors_and_a_tenth = Route::default().sample(0.1);
/// let config = Config::default()
///     .route(Backend::Stdout, Route::default().level(Level::Warning))
///     .route(Backend::Sqlite, errors_and_a_tenth);
/// # drop(config);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a route has no effect until it is passed to `Config::route`"]
pub struct Route {
    pub(crate) level: Option<Level>,
    /// All layers if it is empty.
    pub(crate) layers: Vec<Layer>,
    pub(crate) sample: Option<f64>,
}

impl Route {
    /// Sets the minimum level of the backend's records. A level below that of [`Config`](crate::Config) has no effect.
    pub fn level(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    /// Sets the layers of the backend's records. Events outside of annotated functions have no layer, and then do not go
    /// there.
    pub fn layers(mut self, layers: impl IntoIterator<Item = Layer>) -> Self {
        self.layers = layers.into_iter().collect();
        self
    }

    /// Sets the fraction of traces that the backend gets, from 0 to 1. It gets all records of a trace or none, and every
    /// trace with an error. Records outside of traces are not sampled.
    ///
    /// The records of the other traces are held until their request ends, or for 30 seconds.
    pub fn sample(mut self, fraction: f64) -> Self {
        self.sample = Some(fraction.clamp(0.0, 1.0)).filter(|fraction| *fraction < 1.0);
        self
    }
}

/// A backend that records can be routed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// Standard output.
    Stdout,
    /// The file of JSON lines.
    File,
    /// The SQLite database.
    Sqlite,
}

impl Backend {
    /// Returns the value of the metrics' label `sink`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::File => "file",
            Self::Sqlite => "sqlite",
        }
    }
}
