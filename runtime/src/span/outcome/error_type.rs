//! The trait of errors with a label.

use std::error::Error;

use tracing::Value;

use crate::record::Level;
use crate::value::Fields;

/// An error with a type label: the `error_type` label of the metrics and the `error.type` of a record.
///
/// `#[derive(ErrorType)]` writes the implementation: a variant's name in `snake_case`.
///
/// ```
/// use ragspan::ErrorType;
///
/// #[derive(ErrorType)]
/// enum SearchError {
///     NoContext,
///     #[error_type("index_away")]
///     IndexUnavailable(std::io::Error),
/// }
///
/// assert_eq!(SearchError::NoContext.error_type(), "no_context");
/// ```
///
/// A variant can also set the level of the failure, the action taken, and the fields to record:
///
/// ```
/// use ragspan::{ErrorType, rag_span};
///
/// #[derive(Debug, ErrorType)]
/// enum ModelError {
///     #[error_type(level = "warning", action = "queued_for_retry", fields(retry_after_seconds))]
///     RateLimited { retry_after_seconds: u64 },
///     #[error_type("openai_api_failed", action = "fallback_to_mini", fields(code = 0))]
///     Api(u16),
/// }
///
/// # impl std::fmt::Display for ModelError {
/// #     fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { out.write_str("failed") }
/// # }
/// #[rag_span(layer = "generation")]
/// fn generate(error: ModelError) -> Result<(), ModelError> {
///     Err(error)
/// }
///
/// let (_, seen) = ragspan::testing::capture(|| generate(ModelError::RateLimited { retry_after_seconds: 60 }));
/// let record = seen.record("generate_failed");
/// assert_eq!((&record["level"], &record["error"]["type"]), (&"WARNING".into(), &"rate_limited".into()));
/// assert_eq!(record["context"]["action"], "queued_for_retry");
/// assert_eq!(record["context"]["retry_after_seconds"], 60);
///
/// let (_, seen) = ragspan::testing::capture(|| generate(ModelError::Api(500)));
/// let record = seen.record("generate_failed");
/// assert_eq!((&record["level"], &record["error"]["type"]), (&"ERROR".into(), &"openai_api_failed".into()));
/// assert_eq!(record["context"]["code"], 500);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `error_type` label",
    label = "this does not implement `ErrorType`",
    note = "write a label in place of `transparent`, as in #[error_type(\"timeout\")], or implement `ErrorType` for `{Self}`"
)]
pub trait ErrorType {
    /// Returns the label, one of a small, fixed set.
    fn error_type(&self) -> &'static str;

    /// Returns the level of the failure, if it is not ERROR: a rate limit after which the call is retried is a
    /// WARNING. A level in the annotation takes precedence.
    fn error_level(&self) -> Option<Level> {
        None
    }

    /// Returns the action taken after the failure, for the record: `queued_for_retry`.
    fn error_action(&self) -> Option<&'static str> {
        None
    }

    /// Reports the fields to record to `out`.
    fn error_fields(&self, out: &mut ErrorFields<'_>) {
        let _nothing = out;
    }
}

/// An error with a label that implements `std::error::Error`. [`Probe`](super::Probe) tries this bound first, so the
/// compiler reports it as missing for an error whose type is inferred too late.
#[diagnostic::on_unimplemented(
    message = "the type of this error was not known where the value is classified",
    label = "the type `{Self}` of the error was inferred later",
    note = "write the type of the value: `|span| -> Result<_, {Self}> {{ .. }}`, or `Ok::<_, {Self}>(..)`"
)]
#[expect(
    unnameable_types,
    reason = "a bound of `Probe`, which users cannot name either"
)]
pub trait LabelledError: ErrorType + Error {}

#[diagnostic::do_not_recommend]
impl<E: ErrorType + Error> LabelledError for E {}

/// Collects the fields of an error for the record of the failure.
#[derive(Debug)]
pub struct ErrorFields<'a>(&'a mut Fields);

impl<'a> ErrorFields<'a> {
    pub(super) fn new(fields: &'a mut Fields) -> Self {
        Self(fields)
    }

    /// Records a field.
    pub fn field(&mut self, name: &'static str, value: &dyn Value) {
        self.0.capture(name, value);
    }
}

macro_rules! delegate_error_type {
    ($($pointer:ty),*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<E: ErrorType + ?Sized> ErrorType for $pointer {
                fn error_type(&self) -> &'static str {
                    E::error_type(self)
                }

                fn error_level(&self) -> Option<Level> {
                    E::error_level(self)
                }

                fn error_action(&self) -> Option<&'static str> {
                    E::error_action(self)
                }

                fn error_fields(&self, out: &mut ErrorFields<'_>) {
                    E::error_fields(self, out);
                }
            }
        )*
    };
}

delegate_error_type!(&E, Box<E>, std::sync::Arc<E>);
