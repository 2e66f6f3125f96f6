//! The trait of functions that can fail.

/// A `Result`, which `#[rag_span(err)]` requires.
#[diagnostic::on_unimplemented(
    message = "`err` needs a function that returns a `Result`, and this one returns `{Self}`",
    label = "not a `Result`",
    note = "remove `err`, or return a `Result`"
)]
pub trait Fallible {
    /// The type of the value in `Ok`.
    type Value;
    /// The type of the error in `Err`.
    type Error;

    /// Returns the value as a `Result`.
    fn as_result(&self) -> &Result<Self::Value, Self::Error>;
}

impl<T, E> Fallible for Result<T, E> {
    type Value = T;
    type Error = E;

    #[inline]
    fn as_result(&self) -> &Self {
        self
    }
}

/// Returns the value of a function with `err`.
#[inline]
pub fn fallible<R: Fallible>(value: &R) -> &Result<R::Value, R::Error> {
    value.as_result()
}
