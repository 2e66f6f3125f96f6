//! A value that is never shown.

use std::fmt;

use super::REDACTED;

/// A value that no log, error message or serialization shows: `Debug`, `Display` and, with the feature `serde`,
/// `Serialize` show `[redacted]`.
///
/// Only [`expose`](Self::expose) and [`into_inner`](Self::into_inner) return the value, so that a search of the
/// program finds every use. As a field it is recorded as `[redacted]`.
///
/// ```
/// use ragspan::{LogContext, Secret, rag_span};
///
/// #[derive(Debug, LogContext)]
/// struct Request { tenant_id: &'static str, badge: Secret<String> }
///
/// #[rag_span(layer = "generation", context(pass = key))]
/// fn generate(key: &Secret<String>) -> usize {
///     tracing::info!(%key, "asking");
///     key.expose().len()
/// }
///
/// let request = Request { tenant_id: "acme", badge: Secret::new("4711-blue".to_owned()) };
/// let key = Secret::new("correct horse".to_owned());
/// let (length, seen) = ragspan::testing::capture(|| request.in_scope(|| generate(&key)));
/// assert_eq!(length, 13);
/// assert_eq!(format!("{key} {:?}", request.badge), "[redacted] [redacted]");
/// let record = &seen.record("generate_complete")["context"];
/// assert_eq!((&record["pass"], &record["badge"]), (&"[redacted]".into(), &"[redacted]".into()));
/// assert_eq!(seen.record("asking")["context"]["key"], "[redacted]");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The hidden value.
    #[must_use]
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The hidden value.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }

    /// Returns the value for `tracing`, which is `[redacted]`.
    pub(crate) fn as_value(&self) -> &'static dyn tracing::Value {
        &REDACTED
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(REDACTED)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(REDACTED)
    }
}

/// Serializes `[redacted]`.
#[cfg(feature = "serde")]
impl<T> serde::Serialize for Secret<T> {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(REDACTED)
    }
}

/// Deserializes the value, for configurations.
#[cfg(feature = "serde")]
impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Secret<T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::deserialize(from).map(Self)
    }
}

#[cfg(all(test, feature = "serde"))]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_and_not_written() {
        let read: Secret<String> = serde_json::from_str("\"hunter2\"").unwrap();
        assert_eq!(read.expose(), "hunter2");
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"[redacted]\"");
        assert_eq!(
            format!("{:#?} {read:>20}", Some(read.clone())),
            "Some(\n    [redacted],\n) [redacted]"
        );
    }
}
