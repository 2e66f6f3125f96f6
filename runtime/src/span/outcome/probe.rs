//! Classifies a value by its static type.
//!
//! [`Probe`] is a chain of wrapper types ("tiers"), each of which dereferences to the next. Method lookup starts at
//! the first tier and takes the first `classify` whose bounds the value's type meets. This is autoref-based
//! specialization, here by `Deref`:
//! <https://github.com/dtolnay/case-studies/blob/master/autoref-specialization/README.md>. So type aliases work, and
//! no trait has to be in scope. Inside a generic function only the declared bounds are known: a value whose type is a
//! type parameter counts as a success.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::ops::Deref;

use ragspan_core::record::keys;

use super::error_type::{ErrorFields, ErrorType, LabelledError};
use crate::record::{ErrorKind, Outcome};
use crate::span::call::Call;

/// Classifies a returned value: the start of the chain of tiers.
#[derive(Debug)]
pub struct Probe<'a, R>(LabelledResult<'a, R>);

impl<'a, R> Probe<'a, R> {
    /// Creates a probe of this value.
    pub fn new(value: &'a R) -> Self {
        let display = DisplayResult(DebugResult(AnyResult(AnyValue(value))));
        let std_error = StdErrorResult(ReportResult(display));
        Self(LabelledResult(LabelledDisplayResult(std_error)))
    }

    #[cfg(feature = "http")]
    pub(super) fn returned(&self) -> &'a R {
        self.0.returned()
    }
}

impl<'a, R> Deref for Probe<'a, R> {
    type Target = LabelledResult<'a, R>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

macro_rules! tiers {
    ($($(#[$doc:meta])* $tier:ident => $next:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $tier<'a, R>($next<'a, R>);

            impl<'a, R> $tier<'a, R> {
                fn returned(&self) -> &'a R {
                    self.0.returned()
                }
            }

            impl<'a, R> Deref for $tier<'a, R> {
                type Target = $next<'a, R>;

                fn deref(&self) -> &Self::Target {
                    &self.0
                }
            }
        )*
    };
}

tiers! {
    /// A `Result` whose error implements `ErrorType` and `Error`.
    LabelledResult => LabelledDisplayResult;
    /// A `Result` whose error implements `ErrorType` and `Display`.
    LabelledDisplayResult => StdErrorResult;
    /// A `Result` whose error implements `Error`.
    StdErrorResult => ReportResult;
    /// A `Result` whose error dereferences to an `Error`: `Box<dyn Error>`, and the reports of `anyhow` and `eyre`.
    ReportResult => DisplayResult;
    /// A `Result` whose error implements `Display`.
    DisplayResult => DebugResult;
    /// A `Result` whose error implements `Debug`.
    DebugResult => AnyResult;
    /// Any other `Result`, and `Option`.
    AnyResult => AnyValue;
}

/// A value of any type.
#[derive(Debug)]
pub struct AnyValue<'a, R>(&'a R);

impl<'a, R> AnyValue<'a, R> {
    fn returned(&self) -> &'a R {
        self.0
    }

    /// Classifies the value as a success.
    pub fn classify(&self, call: &mut Call) {
        call.set_outcome(Outcome::Success);
    }

    /// Classifies the value, and returns it if the call has listeners.
    pub fn classify_value(&self, call: &mut Call) -> Option<&'a R> {
        self.classify(call);
        self.value(call)
    }

    /// Returns the value if the call is a success and has listeners.
    pub fn value(&self, call: &Call) -> Option<&'a R> {
        call.is_success().then_some(self.0)
    }
}

/// Implements the methods of one tier for results whose error meets the bounds.
macro_rules! classify {
    ($tier:ident, [$($bound:tt)*], |$call:ident, $error:ident| $fail:expr) => {
        impl<'a, T, E: $($bound)*> $tier<'a, Result<T, E>> {
            /// Classifies `Ok` as a success and `Err` as an error.
            #[inline(never)]
            pub fn classify(&self, $call: &mut Call) {
                match self.returned() {
                    Ok(_) => $call.set_outcome(Outcome::Success),
                    Err($error) => $fail,
                }
            }

            /// Classifies the result, and returns the value in `Ok` if the call has listeners.
            #[inline(never)]
            pub fn classify_value(&self, $call: &mut Call) -> Option<&'a T> {
                match self.returned() {
                    Ok(value) => {
                        $call.set_outcome(Outcome::Success);
                        return $call.is_success().then_some(value);
                    }
                    Err($error) => $fail,
                }
                None
            }
        }
    };
}

classify!(LabelledResult, [LabelledError], |call, error| {
    call.fail(
        ErrorKind::Label(error.error_type()),
        format_args!("{error}"),
        error.source(),
    );
    call.record_error_type(error);
});
classify!(
    LabelledDisplayResult,
    [ErrorType + Display],
    |call, error| {
        call.fail(
            ErrorKind::Label(error.error_type()),
            format_args!("{error}"),
            None,
        );
        call.record_error_type(error);
    }
);
classify!(StdErrorResult, [Error], |call, error| {
    call.fail(type_of(error), format_args!("{error}"), error.source());
});
classify!(
    ReportResult,
    [Deref<Target: Error> + Display + Debug],
    |call, error| {
        call.fail(
            type_of(error),
            format_args!("{error}"),
            error.deref().source(),
        );
        call.report_backtrace(error);
    }
);
classify!(DisplayResult, [Display], |call, error| call.fail(
    type_of(error),
    format_args!("{error}"),
    None
));
classify!(DebugResult, [Debug], |call, error| call.fail(
    type_of(error),
    format_args!("{error:?}"),
    None
));
classify!(AnyResult, [Sized], |call, error| {
    call.fail(
        type_of(error),
        format_args!("{}", type_of(error).label()),
        None,
    );
});

impl<'a, T, E> AnyResult<'a, Result<T, E>> {
    /// Returns the value in `Ok` if the call is a success and has listeners.
    pub fn value(&self, call: &Call) -> Option<&'a T> {
        self.returned().as_ref().ok().filter(|_| call.is_success())
    }
}

impl<'a, T> AnyResult<'a, Option<T>> {
    /// Classifies the value as a success, and returns the value in `Some` if the call has listeners.
    pub fn classify_value(&self, call: &mut Call) -> Option<&'a T> {
        call.set_outcome(Outcome::Success);
        self.value(call)
    }

    /// Returns the value in `Some` if the call is a success and has listeners.
    pub fn value(&self, call: &Call) -> Option<&'a T> {
        self.returned().as_ref().filter(|_| call.is_success())
    }
}

impl Call {
    /// Records the level, the action and the fields of an error that has a label.
    fn record_error_type<E: ErrorType + ?Sized>(&mut self, error: &E) {
        if let Some(observer) = &mut self.observer {
            if let Some(level) = error.error_level().filter(|_| !self.callsite.has_level) {
                observer.failure_level = level;
            }
            if let Some(action) = error.error_action() {
                observer.fields().push_text(keys::ACTION.field, action);
            }
            error.error_fields(&mut ErrorFields::new(observer.fields()));
        }
    }
}

fn type_of<E>(_: &E) -> ErrorKind {
    ErrorKind::TypeName(std::any::type_name::<E>())
}
