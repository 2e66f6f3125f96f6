//! Which values a field of a derived `LogContext` can hold, and what the compiler says of the others.

use std::fmt::{Debug, Display};
use std::ops::Deref;

use tracing::Value;

use super::scope::LogContext;
use super::value::Metric;
use crate::privacy::Secret;

/// A value that a field of a `LogContext` can hold.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in the context of a request",
    label = "not a number, a boolean or text",
    note = "say how it is recorded: #[log(display)], #[log(debug)], #[log(with = |value| ..)], or #[log(flatten)] where it is a \
            context itself; #[log(skip)] leaves it out"
)]
pub trait ContextField {
    /// As it is recorded.
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

/// The value of a field.
pub fn context_field<T: ContextField>(value: &T) -> &dyn Value {
    value.as_context_field()
}

/// A value that a field with `display` can hold.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be printed by `Display`, as `display` does",
    label = "this has no `Display`",
    note = "write #[log(debug)] to print it by `Debug`, or give what has it: #[log(display, with = |value| ..)]"
)]
pub trait ContextDisplay: Display {}

#[diagnostic::do_not_recommend]
impl<T: Display> ContextDisplay for T {}

/// The value of a field with `display`.
pub fn context_display<T: ContextDisplay>(value: &T) -> &dyn Display {
    value
}

/// A value that a field with `debug` can hold.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be printed by `Debug`, as `debug` does",
    label = "this has no `Debug`",
    note = "write #[derive(Debug)] above it, or give what has it: #[log(debug, with = |value| ..)]"
)]
pub trait ContextDebug: Debug {}

#[diagnostic::do_not_recommend]
impl<T: Debug> ContextDebug for T {}

/// The value of a field with `debug`.
pub fn context_debug<T: ContextDebug>(value: &T) -> &dyn Debug {
    value
}

/// A value that a field with `hash` can hold.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be hashed: a hash is made of what `Display` prints",
    label = "this has no `Display`",
    note = "implement `Display` for it, or give what has it: #[log(hash, with = |value| ..)]"
)]
pub trait ContextHash: Display {}

#[diagnostic::do_not_recommend]
impl<T: Display> ContextHash for T {}

/// The value of a field with `hash`.
pub fn context_hash<T: ContextHash>(value: &T) -> &dyn Display {
    value
}

/// A value that a field with `metric` can hold.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number, and metrics are numbers",
    label = "not a number",
    note = "leave `metric` out, or give a number: #[log(metric, with = |value| ..)]"
)]
pub trait ContextMetric: Metric {}

#[diagnostic::do_not_recommend]
impl<T: Metric> ContextMetric for T {}

/// The value of a field with `metric`.
pub fn context_metric<T: ContextMetric>(value: &T) -> &dyn Value {
    value
}

/// The value of a field with `flatten`.
pub fn context<C: LogContext>(value: &C) -> &dyn LogContext {
    value
}

/// What `with` makes of a field: the field first, so that the type of a closure's argument is known.
pub fn with<'a, T, R>(value: &'a T, make: impl FnOnce(&'a T) -> R) -> R {
    make(value)
}

/// A value that may be an `Option`: its type has [`get`](Self::get), and any other that of [`Always`].
#[derive(Debug)]
pub struct Given<'a, T>(Always<'a, T>);

/// A value that is there.
#[derive(Debug)]
pub struct Always<'a, T>(&'a T);

impl<'a, T> Given<'a, T> {
    /// This value.
    pub const fn new(value: &'a T) -> Self {
        Self(Always(value))
    }
}

impl<'a, T> Given<'a, Option<T>> {
    /// What it holds.
    #[must_use]
    pub const fn get(&self) -> Option<&'a T> {
        self.0.0.as_ref()
    }
}

impl<'a, T> Given<'a, &'a Option<T>> {
    /// What it holds.
    #[must_use]
    pub const fn get(&self) -> Option<&'a T> {
        self.0.0.as_ref()
    }
}

impl<'a, T> Always<'a, T> {
    /// The value.
    #[must_use]
    pub const fn get(&self) -> Option<&'a T> {
        Some(self.0)
    }
}

impl<'a, T> Deref for Given<'a, T> {
    type Target = Always<'a, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_gives_what_it_holds_and_any_other_value_itself() {
        let (some, none) = (Some(7), None::<u8>);
        assert_eq!(Given::new(&some).get(), Some(&7));
        assert_eq!(Given::new(&none).get(), None);
        assert_eq!(Given::new(&&some).get(), Some(&7));
        assert_eq!(Given::new(&7).get(), Some(&7));
        assert_eq!(Given::new(&Ok::<u8, ()>(7)).get(), Some(&Ok(7)));
    }
}
