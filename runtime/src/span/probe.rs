//! How a call ended, told from the value that it returned.
//!
//! A [`Probe`] is a ladder of wrappers, each of which dereferences to the next. The compiler looks for a
//! method from the top rung down and takes the first whose bounds the value's static type meets, so a
//! type alias or a plain value needs no reading of names, and no trait has to be in scope. Inside a generic function
//! only the bounds are seen: a return type that is a type parameter counts as success.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::error::Error;
use std::fmt::{Debug, Display};
use std::ops::Deref;

use tracing::Value;

use super::call::Call;
use crate::record::{ErrorKind, Level, Outcome};
use crate::value::Fields;

/// An error that names its own kind: the `error_type` label of the metrics and the `error.type` of a record.
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
/// A variant may also say how much it matters, what is done about it, and which of its fields belong into the record:
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
    label = "this has no label to ask for",
    note = "name the label where `transparent` stands, as in #[error_type(\"timeout\")], or implement `ErrorType` for `{Self}`"
)]
pub trait ErrorType {
    /// The label: one of a small, fixed set.
    fn error_type(&self) -> &'static str;

    /// How much the failure matters, where that is not ERROR: a rate limit that is waited out is a WARNING. What the annotation
    /// says goes before.
    fn error_level(&self) -> Option<Level> {
        None
    }

    /// What is done about it, for the record: `queued_for_retry`.
    fn error_action(&self) -> Option<&'static str> {
        None
    }

    /// Hands the fields that belong into the record to `out`.
    fn error_fields(&self, out: &mut ErrorFields<'_>) {
        let _nothing = out;
    }
}

/// An error that has a label and is a standard error. It is asked for first, so this is what the compiler misses of an error whose type it
/// did not know yet.
#[diagnostic::on_unimplemented(
    message = "the type of this error was not known where the value is judged",
    label = "the error turned out to be `{Self}` only later",
    note = "write the type of the value: `|span| -> Result<_, {Self}> {{ .. }}`, or `Ok::<_, {Self}>(..)`"
)]
pub trait LabelledError: ErrorType + Error {}

#[diagnostic::do_not_recommend]
impl<E: ErrorType + Error> LabelledError for E {}

/// Takes the fields of an error that belong into the record of the failure.
#[derive(Debug)]
pub struct ErrorFields<'a>(&'a mut Fields);

impl<'a> ErrorFields<'a> {
    pub(super) fn new(fields: &'a mut Fields) -> Self {
        Self(fields)
    }

    /// A field of this name.
    pub fn field(&mut self, name: &'static str, value: &dyn Value) {
        self.0.capture(name, value);
    }
}

macro_rules! error_type_through {
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

error_type_through!(&E, Box<E>, std::sync::Arc<E>);

/// Tells how a call ended, from what it returned.
#[derive(Debug)]
pub struct Probe<'a, R>(Labelled<'a, R>);

impl<'a, R> Probe<'a, R> {
    #[cfg(feature = "http")]
    pub(super) fn returned(&self) -> &'a R {
        self.0.returned()
    }

    /// A probe of this value.
    pub fn new(value: &'a R) -> Self {
        let bottom = Anything(value);
        let text = Text(Debugged(AnyResult(bottom)));
        Self(Labelled(LabelledText(StdError(Report(text)))))
    }
}

impl<'a, R> Deref for Probe<'a, R> {
    type Target = Labelled<'a, R>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

macro_rules! rungs {
    ($($(#[$doc:meta])* $rung:ident => $next:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $rung<'a, R>($next<'a, R>);

            impl<'a, R> $rung<'a, R> {
                fn returned(&self) -> &'a R {
                    self.0.returned()
                }
            }

            impl<'a, R> Deref for $rung<'a, R> {
                type Target = $next<'a, R>;

                fn deref(&self) -> &Self::Target {
                    &self.0
                }
            }
        )*
    };
}

rungs! {
    /// A `Result` whose error has a label and is a standard error.
    Labelled => LabelledText;
    /// A `Result` whose error has a label and a text.
    LabelledText => StdError;
    /// A `Result` with a standard error.
    StdError => Report;
    /// A `Result` whose error holds a standard one: `Box<dyn Error>`, and the reports of `anyhow` and `eyre`.
    Report => Text;
    /// A `Result` whose error can be shown.
    Text => Debugged;
    /// A `Result` whose error can be shown to a programmer.
    Debugged => AnyResult;
    /// Any other `Result`, and an `Option`.
    AnyResult => Anything;
}

/// Any value.
#[derive(Debug)]
pub struct Anything<'a, R>(&'a R);

impl<'a, R> Anything<'a, R> {
    fn returned(&self) -> &'a R {
        self.0
    }

    /// A value that is no `Result` is a success.
    pub fn classify(&self, call: &mut Call) {
        call.set_outcome(Outcome::Success);
    }

    /// The same, and the value, if somebody wants it.
    pub fn classify_value(&self, call: &mut Call) -> Option<&'a R> {
        self.classify(call);
        self.value(call)
    }

    /// The value of a success.
    pub fn value(&self, call: &Call) -> Option<&'a R> {
        call.is_success().then_some(self.0)
    }
}

macro_rules! judge {
    ($rung:ident, [$($bound:tt)*], |$call:ident, $error:ident| $fail:expr) => {
        impl<'a, T, E: $($bound)*> $rung<'a, Result<T, E>> {
            /// An `Err` is a failure.
            #[inline(never)]
            pub fn classify(&self, $call: &mut Call) {
                match self.returned() {
                    Ok(_) => $call.set_outcome(Outcome::Success),
                    Err($error) => $fail,
                }
            }

            /// The same, and the value inside `Ok`, if somebody wants it.
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

judge!(Labelled, [LabelledError], |call, error| {
    call.fail(
        ErrorKind::Label(error.error_type()),
        format_args!("{error}"),
        error.source(),
    );
    call.told_by(error);
});
judge!(LabelledText, [ErrorType + Display], |call, error| {
    call.fail(
        ErrorKind::Label(error.error_type()),
        format_args!("{error}"),
        None,
    );
    call.told_by(error);
});
judge!(StdError, [Error], |call, error| {
    call.fail(type_of(error), format_args!("{error}"), error.source());
});
judge!(
    Report,
    [Deref<Target: Error> + Display + Debug],
    |call, error| {
        call.fail(
            type_of(error),
            format_args!("{error}"),
            error.deref().source(),
        );
        call.traced(error);
    }
);
judge!(Text, [Display], |call, error| call.fail(
    type_of(error),
    format_args!("{error}"),
    None
));
judge!(Debugged, [Debug], |call, error| call.fail(
    type_of(error),
    format_args!("{error:?}"),
    None
));
judge!(AnyResult, [Sized], |call, error| {
    call.fail(
        type_of(error),
        format_args!("{}", type_of(error).label()),
        None,
    );
});

impl<'a, T, E> AnyResult<'a, Result<T, E>> {
    /// The value inside `Ok`, of a success.
    pub fn value(&self, call: &Call) -> Option<&'a T> {
        self.returned().as_ref().ok().filter(|_| call.is_success())
    }
}

impl<'a, T> AnyResult<'a, Option<T>> {
    /// The value inside `Some`, if somebody wants it.
    pub fn classify_value(&self, call: &mut Call) -> Option<&'a T> {
        call.set_outcome(Outcome::Success);
        self.value(call)
    }

    /// The value inside `Some`, of a success.
    pub fn value(&self, call: &Call) -> Option<&'a T> {
        self.returned().as_ref().filter(|_| call.is_success())
    }
}

fn type_of<E>(_: &E) -> ErrorKind {
    ErrorKind::TypeName(std::any::type_name::<E>())
}

/// A `Result`: what `#[rag_span(err)]` asks.
#[diagnostic::on_unimplemented(
    message = "`err` needs a function that returns a `Result`, and this one returns `{Self}`",
    label = "there is no error to record",
    note = "leave `err` out, or return a `Result`"
)]
pub trait Fallible {
    /// What stands in `Ok`.
    type Value;
    /// What stands in `Err`.
    type Error;

    /// The value as what it is.
    fn as_it_is(&self) -> &Result<Self::Value, Self::Error>;
}

impl<T, E> Fallible for Result<T, E> {
    type Value = T;
    type Error = E;

    #[inline]
    fn as_it_is(&self) -> &Self {
        self
    }
}

/// The value of a function that can fail.
#[inline]
pub fn fallible<R: Fallible>(value: &R) -> &Result<R::Value, R::Error> {
    value.as_it_is()
}

/// A type whose values can be empty: what `#[rag_span(empty)]` asks.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no notion of empty",
    label = "cannot tell whether this is empty",
    note = "say it yourself: `empty = |value| value.hits == 0`"
)]
pub trait MayBeEmpty {
    /// Whether nothing was found.
    fn is_empty(&self) -> bool;
}

/// Whether the value is empty.
pub fn is_empty<T: MayBeEmpty + ?Sized>(value: &T) -> bool {
    value.is_empty()
}

impl<T: MayBeEmpty, E> MayBeEmpty for Result<T, E> {
    fn is_empty(&self) -> bool {
        self.as_ref().is_ok_and(MayBeEmpty::is_empty)
    }
}

impl<T> MayBeEmpty for Option<T> {
    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

macro_rules! may_be_empty {
    ($([$($generics:tt)*] $type:ty;)*) => {
        $(
            impl<$($generics)*> MayBeEmpty for $type {
                fn is_empty(&self) -> bool {
                    <$type>::is_empty(self)
                }
            }
        )*
    };
}

may_be_empty! {
    [] str;
    [] String;
    [T] [T];
    [T] Vec<T>;
    [T] VecDeque<T>;
    [T] LinkedList<T>;
    [T] BinaryHeap<T>;
    [T] BTreeSet<T>;
    [K, V] BTreeMap<K, V>;
    [T, S] HashSet<T, S>;
    [K, V, S] HashMap<K, V, S>;
}

macro_rules! through {
    ($($pointer:ty),*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<T: MayBeEmpty + ?Sized> MayBeEmpty for $pointer {
                fn is_empty(&self) -> bool {
                    T::is_empty(self)
                }
            }
        )*
    };
}

through!(&T, &mut T, Box<T>, std::rc::Rc<T>, std::sync::Arc<T>);
