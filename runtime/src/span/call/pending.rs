//! A call that starts with the first poll: its options and the values of its fields, kept until then.

use std::fmt;

use tracing::Value;
use tracing::field::{DisplayValue, Empty, Field, Visit, display};

use crate::span::callsite::SpanCallsite;
use crate::span::options::SpanOptions;
use crate::value::bounded;

/// The data of a call that has not started.
#[derive(Debug)]
pub(super) struct PendingCall {
    pub(super) options: SpanOptions,
    /// The values of the callsite's first fields.
    values: Vec<OwnedValue>,
    /// How many of the values are passed to the creation of the span.
    created_with: usize,
    pub(super) model: Option<String>,
}

/// An owned field value.
#[derive(Debug, Default)]
enum OwnedValue {
    #[default]
    Empty,
    Bool(bool),
    I64(i64),
    U64(u64),
    I128(i128),
    U128(u128),
    F64(f64),
    Text(String),
    /// The `Debug` output of any other value.
    Debug(DisplayValue<String>),
}

impl PendingCall {
    pub(super) fn new(
        callsite: &'static SpanCallsite,
        options: SpanOptions,
        values: &[&dyn Value],
    ) -> Self {
        let mut pending = Self {
            options,
            values: Vec::new(),
            created_with: values.len(),
            model: None,
        };
        pending.push(callsite, values);
        pending
    }

    /// Adds the values of the callsite's next fields.
    pub(super) fn push(&mut self, callsite: &'static SpanCallsite, values: &[&dyn Value]) {
        let names = callsite.metadata().fields().iter().skip(self.values.len());
        for (name, value) in names.zip(values) {
            let mut owned = OwnedValue::Empty;
            value.record(&name, &mut owned);
            self.values.push(owned);
        }
    }

    /// Returns the values for the creation of the span, and those to be recorded after it.
    pub(super) fn values(&self) -> (Vec<&dyn Value>, Vec<&dyn Value>) {
        let mut created: Vec<&dyn Value> = self.values.iter().map(OwnedValue::as_value).collect();
        let after = created.split_off(self.created_with);
        (created, after)
    }
}

impl OwnedValue {
    fn as_value(&self) -> &dyn Value {
        match self {
            Self::Empty => &Empty,
            Self::Bool(value) => value,
            Self::I64(value) => value,
            Self::U64(value) => value,
            Self::I128(value) => value,
            Self::U128(value) => value,
            Self::F64(value) => value,
            Self::Text(value) => value,
            Self::Debug(value) => value,
        }
    }
}

impl Visit for OwnedValue {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        *self = Self::Debug(display(bounded(format_args!("{value:?}"))));
    }

    fn record_str(&mut self, _: &Field, value: &str) {
        *self = Self::Text(bounded(format_args!("{value}")));
    }

    fn record_bool(&mut self, _: &Field, value: bool) {
        *self = Self::Bool(value);
    }

    fn record_i64(&mut self, _: &Field, value: i64) {
        *self = Self::I64(value);
    }

    fn record_u64(&mut self, _: &Field, value: u64) {
        *self = Self::U64(value);
    }

    fn record_i128(&mut self, _: &Field, value: i128) {
        *self = Self::I128(value);
    }

    fn record_u128(&mut self, _: &Field, value: u128) {
        *self = Self::U128(value);
    }

    fn record_f64(&mut self, _: &Field, value: f64) {
        *self = Self::F64(value);
    }
}
