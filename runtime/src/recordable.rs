//! Traits of the values that can be recorded, with the compiler's messages for all other values.

use std::fmt::Display;

use tracing::Value;
use tracing::field::{DisplayValue, display};

use crate::privacy::Secret;
use ragspan_core::{Cost, Usage};

/// A value that can be recorded as a field as it is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be recorded as a field as it is",
    label = "not a number, a boolean or text",
    note = "write `?name` to record it by `Debug`, or `%name` to record it by `Display`; \
            of an expression: `name = ?expression` or `name = %expression`"
)]
pub trait Field {
    /// Returns the value to record.
    fn as_field(&self) -> &dyn Value;
}

#[diagnostic::do_not_recommend]
impl<T: Value> Field for T {
    fn as_field(&self) -> &dyn Value {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T> Field for Secret<T> {
    fn as_field(&self) -> &dyn Value {
        self.as_value()
    }
}

#[diagnostic::do_not_recommend]
impl<T> Field for &Secret<T> {
    fn as_field(&self) -> &dyn Value {
        self.as_value()
    }
}

/// Returns the value of a field.
pub fn field<T: Field>(value: &T) -> &dyn Value {
    value.as_field()
}

/// An error that `err` can print.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be printed by `Display`, as `err` does",
    label = "this error has no `Display`",
    note = "write `err(Debug)` to print it by `Debug`, or implement `Display` for it"
)]
pub trait ErrorText: Display {}

#[diagnostic::do_not_recommend]
impl<T: Display> ErrorText for T {}

/// Returns the text of an error, as `err` prints it.
pub fn error_text<T: ErrorText>(error: T) -> DisplayValue<T> {
    display(error)
}

/// A number, or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number, and metrics are numbers",
    label = "not a number",
    note = "record it in `context(..)`, or write an expression whose value is a number"
)]
pub trait Metric: Value {}

macro_rules! metric {
    ($($number:ty)*) => { $(impl Metric for $number {})* };
}

metric!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);

impl<T: Metric> Metric for Option<T> {}

#[diagnostic::do_not_recommend]
impl<T: Metric> Metric for &T {}

/// Returns the value of a metric.
pub fn metric<T: Metric>(value: &T) -> &dyn Value {
    value
}

/// A value that contains the token usage of an LLM call: a `Usage`, a provider's JSON, or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not contain token usage",
    label = "neither a `ragspan::Usage` nor a provider's JSON",
    note = "write `usage = |reply| Usage::new(reply.prompt_tokens, reply.completion_tokens)`, or pass the provider's JSON"
)]
pub trait ToUsage {
    /// Returns the token usage, if it is known.
    fn to_usage(&self) -> Option<Usage>;
}

impl ToUsage for Usage {
    fn to_usage(&self) -> Option<Usage> {
        Some(*self)
    }
}

impl ToUsage for serde_json::Value {
    fn to_usage(&self) -> Option<Usage> {
        Usage::from_json(self)
    }
}

impl<T: ToUsage> ToUsage for Option<T> {
    fn to_usage(&self) -> Option<Usage> {
        self.as_ref().and_then(ToUsage::to_usage)
    }
}

#[diagnostic::do_not_recommend]
impl<T: ToUsage + ?Sized> ToUsage for &T {
    fn to_usage(&self) -> Option<Usage> {
        T::to_usage(self)
    }
}

/// A value that contains the cost of a call: a `Cost`, a number of dollars, or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a cost",
    label = "neither a `ragspan::Cost` nor a number of dollars",
    note = "write `cost = |reply| reply.dollars`, with an `f64`, a `ragspan::Cost`, or an `Option` of one"
)]
pub trait ToCost {
    /// Returns the cost, if it is known.
    fn to_cost(&self) -> Option<Cost>;
}

impl ToCost for Cost {
    fn to_cost(&self) -> Option<Cost> {
        Some(*self)
    }
}

impl ToCost for f64 {
    fn to_cost(&self) -> Option<Cost> {
        Cost::from_dollars(*self)
    }
}

impl<T: ToCost> ToCost for Option<T> {
    fn to_cost(&self) -> Option<Cost> {
        self.as_ref().and_then(ToCost::to_cost)
    }
}

#[diagnostic::do_not_recommend]
impl<T: ToCost + ?Sized> ToCost for &T {
    fn to_cost(&self) -> Option<Cost> {
        T::to_cost(self)
    }
}
