//! What a call that begins with its first poll keeps until then: the values of its fields, taken when the function was called.

use std::fmt;

use tracing::Value;
use tracing::field::{DisplayValue, Empty, Field, Visit, display};

use super::callsite::SpanCallsite;
use super::opening::Said;
use crate::value::bounded;

/// A call that has not begun.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) said: Said,
    /// Of the site's fields, from the first on.
    held: Vec<Held>,
    /// How many of them belong to the span from its creation on.
    created: usize,
    pub(super) model: Option<String>,
}

/// One value, owned.
#[derive(Debug, Default)]
enum Held {
    #[default]
    Nothing,
    Bool(bool),
    I64(i64),
    U64(u64),
    I128(i128),
    U128(u128),
    F64(f64),
    Text(String),
    /// What was not text, as it printed itself.
    Printed(DisplayValue<String>),
}

impl Pending {
    pub(super) fn new(site: &'static SpanCallsite, said: Said, values: &[&dyn Value]) -> Self {
        let mut pending = Self {
            said,
            held: Vec::new(),
            created: values.len(),
            model: None,
        };
        pending.hold(site, values);
        pending
    }

    /// Keeps the values of the next fields.
    pub(super) fn hold(&mut self, site: &'static SpanCallsite, values: &[&dyn Value]) {
        let names = site.metadata().fields().iter().skip(self.held.len());
        for (name, value) in names.zip(values) {
            let mut held = Held::Nothing;
            value.record(&name, &mut held);
            self.held.push(held);
        }
    }

    /// The values that belong to the creation of the span, and those that come after it.
    pub(super) fn values(&self) -> (Vec<&dyn Value>, Vec<&dyn Value>) {
        let mut created: Vec<&dyn Value> = self.held.iter().map(Held::value).collect();
        let after = created.split_off(self.created);
        (created, after)
    }
}

impl Held {
    fn value(&self) -> &dyn Value {
        match self {
            Self::Nothing => &Empty,
            Self::Bool(value) => value,
            Self::I64(value) => value,
            Self::U64(value) => value,
            Self::I128(value) => value,
            Self::U128(value) => value,
            Self::F64(value) => value,
            Self::Text(value) => value,
            Self::Printed(value) => value,
        }
    }
}

impl Visit for Held {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        *self = Self::Printed(display(bounded(format_args!("{value:?}"))));
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
