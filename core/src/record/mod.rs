//! The names in a record: its eighteen keys, and every name that ragspan itself writes into `context` and `metrics`.

mod fingerprint;
pub mod keys;

pub use fingerprint::error_fingerprint;

/// The message of the record that a score leaves, with its name in [`keys::METRIC`] and its value in [`keys::SCORE`].
pub const SCORE_RECORDED: &str = "score_recorded";

/// Declares the keys of a record in the order in which every writer writes them.
macro_rules! record_keys {
    ($($(#[$doc:meta])* $key:ident = $name:literal,)*) => {
        /// A key of a record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum RecordKey {
            $($(#[$doc])* $key,)*
        }

        impl RecordKey {
            /// Every key, in the order of a record.
            pub const ALL: [Self; RECORD_KEYS.len()] = [$(Self::$key,)*];

            /// Returns the name of the key.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$key => $name,)*
                }
            }
        }

        /// The names of the eighteen keys, in the order of a record.
        pub const RECORD_KEYS: [&str; 18] = [$($name,)*];
    };
}

record_keys! {
    /// RFC 3339, UTC, microseconds.
    Timestamp = "timestamp",
    /// One of the six levels.
    Level = "level",
    /// `rag.<layer>`, or a tracing target.
    Logger = "logger",
    /// The message of an event, or the operation of a span with its outcome.
    Message = "message",
    /// The trace.
    TraceId = "trace_id",
    /// The span.
    SpanId = "span_id",
    /// The parent of the span.
    ParentSpanId = "parent_span_id",
    /// The request.
    RequestId = "request_id",
    /// The user.
    UserId = "user_id",
    /// The session.
    SessionId = "session_id",
    /// The tenant.
    TenantId = "tenant_id",
    /// An object of fields; see [`keys`].
    Context = "context",
    /// An object of numbers; see [`keys`].
    Metrics = "metrics",
    /// Null, or an object with `type`, `message` and `chain`.
    Error = "error",
    /// The annotated functions from the root to the failure, and the backtrace.
    StackTrace = "stack_trace",
    /// The environment in which the service runs.
    Environment = "environment",
    /// The version of the service.
    Version = "version",
    /// The machine.
    Host = "host",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_and_their_names_are_in_one_order() {
        assert_eq!(RecordKey::ALL.map(RecordKey::name), RECORD_KEYS);
    }
}
