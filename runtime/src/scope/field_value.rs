//! Traits of the values that fields of a derived `LogContext` can have, with the compiler's messages for all other
//! values.

use std::fmt::{Debug, Display};
use std::ops::Deref;

use tracing::Value;

use super::log_context::LogContext;
use crate::privacy::Secret;
use crate::recordable::Metric;

/// A value of a field of a `LogContext`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a request context",
    label = "not a number, a boolean or text",
    note = "choose how it is recorded: #[log(display)], #[log(debug)], #[log(with = |value| ..)], or #[log(flatten)] if it is a \
            `LogContext` itself; #[log(skip)] leaves it out"
)]
pub trait ContextField {
    /// Returns the value to record.
    fn as_context_field(&self) -> &dyn Value;
}

#[diagnostic::do_not_recommend]
impl<T: Value> ContextField for T {
    fn as_context_field(&self) -> &dyn Value {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T> ContextField for Secret<T> {
    fn as_context_field(&self) -> &dyn Value {
        self.as_value()
    }
}

#[diagnostic::do_not_recommend]
impl<T> ContextField for &Secret<T> {
    fn as_context_field(&self) -> &dyn Value {
        self.as_value()
    }
}

/// Returns the value of a field.
pub fn context_field<T: ContextField>(value: &T) -> &dyn Value {
    value.as_context_field()
}

/// A value of a field with `display`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be printed by `Display`, as `display` does",
    label = "this has no `Display`",
    note = "write #[log(debug)] to print it by `Debug`, or convert it: #[log(display, with = |value| ..)]"
)]
pub trait ContextDisplay: Display {}

#[diagnostic::do_not_recommend]
impl<T: Display> ContextDisplay for T {}

/// Returns the value of a field with `display`.
pub fn context_display<T: ContextDisplay>(value: &T) -> &dyn Display {
    value
}

/// A value of a field with `debug`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be printed by `Debug`, as `debug` does",
    label = "this has no `Debug`",
    note = "write #[derive(Debug)] above it, or convert it: #[log(debug, with = |value| ..)]"
)]
pub trait ContextDebug: Debug {}

#[diagnostic::do_not_recommend]
impl<T: Debug> ContextDebug for T {}

/// Returns the value of a field with `debug`.
pub fn context_debug<T: ContextDebug>(value: &T) -> &dyn Debug {
    value
}

/// A value of a field with `hash`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be hashed: a hash is computed over the `Display` output",
    label = "this has no `Display`",
    note = "implement `Display` for it, or convert it: #[log(hash, with = |value| ..)]"
)]
pub trait ContextHash: Display {}

#[diagnostic::do_not_recommend]
impl<T: Display> ContextHash for T {}

/// Returns the value of a field with `hash`.
pub fn context_hash<T: ContextHash>(value: &T) -> &dyn Display {
    value
}

/// A value of a field with `metric`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number, and metrics are numbers",
    label = "not a number",
    note = "leave `metric` out, or convert it to a number: #[log(metric, with = |value| ..)]"
)]
pub trait ContextMetric: Metric {}

#[diagnostic::do_not_recommend]
impl<T: Metric> ContextMetric for T {}

/// Returns the value of a field with `metric`.
pub fn context_metric<T: ContextMetric>(value: &T) -> &dyn Value {
    value
}

/// Returns the value of a field with `flatten`.
pub fn context<C: LogContext>(value: &C) -> &dyn LogContext {
    value
}

/// Applies the closure of `with` to a field. The field is the first argument, so that the closure's argument type is
/// inferred.
pub fn with<'a, T, R>(value: &'a T, convert: impl FnOnce(&'a T) -> R) -> R {
    convert(value)
}

/// A reference to a field. `get` returns the value inside an `Option`, and by autoref specialization any other value
/// itself: for types other than `Option` the method is found on [`RequiredField`], the `Deref` target.
#[derive(Debug)]
pub struct OptionalField<'a, T>(RequiredField<'a, T>);

/// A reference to a field that is not an `Option`.
#[derive(Debug)]
pub struct RequiredField<'a, T>(&'a T);

impl<'a, T> OptionalField<'a, T> {
    /// Creates the reference.
    pub const fn new(value: &'a T) -> Self {
        Self(RequiredField(value))
    }
}

impl<'a, T> OptionalField<'a, Option<T>> {
    /// Returns the value inside.
    #[must_use]
    pub const fn get(&self) -> Option<&'a T> {
        self.0.0.as_ref()
    }
}

impl<'a, T> OptionalField<'a, &'a Option<T>> {
    /// Returns the value inside.
    #[must_use]
    pub const fn get(&self) -> Option<&'a T> {
        self.0.0.as_ref()
    }
}

impl<'a, T> RequiredField<'a, T> {
    /// Returns the value.
    #[must_use]
    pub const fn get(&self) -> Option<&'a T> {
        Some(self.0)
    }
}

impl<'a, T> Deref for OptionalField<'a, T> {
    type Target = RequiredField<'a, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn get_returns_the_value_inside_an_option_and_any_other_value_itself() {
        let (some, none) = (Some(7), None::<u8>);
        assert_eq!(OptionalField::new(&some).get(), Some(&7));
        assert_eq!(OptionalField::new(&none).get(), None);
        assert_eq!(OptionalField::new(&&some).get(), Some(&7));
        assert_eq!(OptionalField::new(&7).get(), Some(&7));
        assert_eq!(OptionalField::new(&Ok::<u8, ()>(7)).get(), Some(&Ok(7)));
    }
}
