//! Decides which fields of a record are written, and into which of its objects.
//!
//! If several fields have one name, the last is written; a field of the record hides one of the request. A user's field
//! whose name is reserved moves to `context.fields`, so that it is never mistaken for a value of ragspan's own.

use ragspan_core::record::keys::{self, Part};

use super::{Kind, Record};
use crate::value::{Fields, Value};

/// The object into which a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// `context`.
    Context,
    /// `metrics`.
    Metrics,
    /// `context.fields`.
    Moved,
}

/// A field as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrittenField<'a> {
    pub(crate) destination: Destination,
    /// The name in its object.
    pub(crate) name: &'static str,
    pub(crate) value: Value,
    /// The fields that hold the value's text.
    pub(crate) fields: &'a Fields,
}

impl Record {
    /// Returns the fields that are written: those of the record, then those of its request.
    pub(crate) fn written_fields(&self) -> impl Iterator<Item = WrittenField<'_>> {
        self.written_of_record().chain(self.written_of_request())
    }

    fn written_of_record(&self) -> impl Iterator<Item = WrittenField<'_>> {
        let all = self.fields.iter().enumerate();
        all.filter_map(move |(index, (name, value))| {
            let destination = self.destination(index, name, value);
            let is_moved = destination == Destination::Moved;
            let mut later = self.fields.iter().enumerate().skip(index + 1);
            let is_hidden = later.any(|(index, (later, value))| {
                let moved = || self.destination(index, later, value) == Destination::Moved;
                later == name && moved() == is_moved
            });
            (!is_hidden).then(|| self.written(destination, name, value))
        })
    }

    fn written(
        &self,
        destination: Destination,
        field: &'static str,
        value: Value,
    ) -> WrittenField<'_> {
        let name = metric(field, value).unwrap_or(field);
        WrittenField {
            destination,
            name,
            value,
            fields: &self.fields,
        }
    }

    fn destination(&self, index: usize, field: &'static str, value: Value) -> Destination {
        let is_users = || index + self.own_fields < self.fields.iter().count();
        match metric(field, value) {
            Some(name) if self.reserves(Part::Metrics, name) && is_users() => Destination::Moved,
            Some(_) => Destination::Metrics,
            None if self.reserves(Part::Context, field) && is_users() => Destination::Moved,
            None => Destination::Context,
        }
    }

    fn written_of_request(&self) -> impl Iterator<Item = WrittenField<'_>> {
        let request = self.request.as_deref();
        let fields = request.map(|request| (Part::Context, &request.fields));
        let metrics = request.map(|request| (Part::Metrics, &request.metrics));
        let all = fields.into_iter().chain(metrics);
        all.flat_map(move |(part, fields)| {
            fields.iter().filter_map(move |(name, value)| {
                self.written_unless_hidden(part, name, value, fields)
            })
        })
    }

    fn written_unless_hidden<'a>(
        &'a self,
        part: Part,
        name: &'static str,
        value: Value,
        fields: &'a Fields,
    ) -> Option<WrittenField<'a>> {
        let destination = match part {
            _ if self.reserves(part, name) => Destination::Moved,
            Part::Context => Destination::Context,
            Part::Metrics => Destination::Metrics,
        };
        let mut own = self.fields.iter().enumerate();
        let is_hidden = own.any(|(index, (field, value))| {
            let same_name = match part {
                Part::Context => field == name,
                Part::Metrics => metric(field, value) == Some(name),
            };
            same_name && self.destination(index, field, value) == destination
        });
        (!is_hidden).then_some(WrittenField {
            destination,
            name,
            value,
            fields,
        })
    }

    /// Returns true if ragspan itself writes this name into this record.
    fn reserves(&self, part: Part, name: &str) -> bool {
        let lists_documents = || !self.documents.is_empty() && part == Part::Context;
        self.kind != Kind::Event
            && (keys::is_reserved(part, name) || name == keys::DOCUMENTS.name && lists_documents())
    }
}

/// Returns the name among the metrics of a field that belongs there.
fn metric(field: &'static str, value: Value) -> Option<&'static str> {
    field
        .strip_prefix(keys::METRICS_PREFIX)
        .filter(|_| value.is_number())
}
