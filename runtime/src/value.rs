//! The field values of a record: small, owned, and all text in one buffer.

use std::fmt::{self, Write as _};

use std::sync::OnceLock;

use tracing::callsite::{DefaultCallsite, Identifier};
use tracing::field::{Field, FieldSet, Visit};
use tracing::{Level, Metadata};
use tracing_core::Kind;

use ragspan_core::record::keys;

use crate::privacy::{REDACTED, is_secret};

/// The longest text of one value, in bytes; the rest is counted and left out.
const MAX_TEXT: usize = 64 * 1024;

/// Formatting of a value stops after this many bytes were left out.
const MAX_COUNTED: usize = 1024 * 1024;

/// The most values that a running call or a request keeps; one more counts those that were left out.
const MAX_KEPT: usize = 256;

/// The most bytes of text that a running call or a request keeps, before its last value.
const MAX_KEPT_TEXT: usize = 1024 * 1024;

/// The largest buffer that a recycled record retains, in bytes.
const RECYCLED_CAPACITY: usize = 2 * 1024;

/// The number of fields for which a recycled record retains room.
const RECYCLED_FIELDS: usize = 64;

/// A piece of an [`Arena`]'s text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text {
    start: u32,
    end: u32,
    /// Bytes that were left out after `end`.
    pub(crate) cut: u32,
}

/// The text of one record, in one buffer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arena(String);

impl Arena {
    pub(crate) fn get(&self, text: Text) -> &str {
        self.0
            .get(text.start as usize..text.end as usize)
            .unwrap_or_default()
    }

    /// Stores the printed form of `value`, up to 64 KiB of it.
    pub(crate) fn print(&mut self, value: fmt::Arguments<'_>) -> Text {
        let start = self.0.len();
        let mut bounded = Bounded {
            out: &mut self.0,
            left: MAX_TEXT,
            cut: 0,
        };
        // An error comes from the bound or from a broken `Display` of the user's; the text printed before it is stored.
        let _stopped = bounded.write_fmt(value).is_err();
        let cut = bounded.cut;
        Text {
            start: narrow(start),
            end: narrow(self.0.len()),
            cut: narrow(cut),
        }
    }

    /// Stores `text`, up to 64 KiB of it.
    pub(crate) fn push(&mut self, text: &str) -> Text {
        let (head, cut) = text.split_at(text.floor_char_boundary(MAX_TEXT));
        let start = self.0.len();
        self.0.push_str(head);
        Text {
            start: narrow(start),
            end: narrow(self.0.len()),
            cut: narrow(cut.len()),
        }
    }

    /// Stores `text` instead of a piece that was already cut.
    pub(crate) fn push_for(&mut self, text: &str, before: Text) -> Text {
        let text = self.push(text);
        let cut = text.cut.saturating_add(before.cut);
        Text { cut, ..text }
    }

    /// Returns the whole buffer.
    pub(crate) fn whole(&self) -> &str {
        &self.0
    }

    /// Returns the length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
        self.0.shrink_to(RECYCLED_CAPACITY);
    }
}

/// The printed form of a value, up to 64 KiB.
pub(crate) fn bounded(value: fmt::Arguments<'_>) -> String {
    let mut arena = Arena::default();
    arena.print(value);
    arena.0
}

fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Writes up to its bound and counts the bytes after it.
struct Bounded<'a> {
    out: &'a mut String,
    left: usize,
    cut: usize,
}

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = if self.cut == 0 {
            text.floor_char_boundary(self.left)
        } else {
            0
        };
        let (head, cut) = text.split_at(end);
        self.out.push_str(head);
        self.left -= head.len();
        self.cut = self.cut.saturating_add(cut.len());
        if self.cut > MAX_COUNTED {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    I64(i64),
    U64(u64),
    I128(i128),
    U128(u128),
    F64(f64),
    Text(Text),
}

impl Value {
    /// Returns `true` if the value may be among a record's `metrics`.
    pub(crate) fn is_number(&self) -> bool {
        !matches!(self, Self::Bool(_) | Self::Text(_))
    }

    /// Returns `true` if JSON has no number for this value.
    pub(crate) fn is_nan(&self) -> bool {
        matches!(self, Self::F64(value) if !value.is_finite())
    }

    /// Converts microseconds to milliseconds.
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact for durations of up to 285 years"
    )]
    pub(crate) fn millis(micros: u64) -> Self {
        Self::F64(micros as f64 / 1000.0)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "sums of recorded values; exact up to nine quadrillion"
    )]
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::F64(number) => Some(*number),
            Self::U64(number) => Some(*number as f64),
            Self::I64(number) => Some(*number as f64),
            _ => None,
        }
    }
}

/// Named values and the text that they point into.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    items: Vec<(&'static str, Value)>,
    pub(crate) text: Arena,
}

impl Fields {
    pub(crate) fn push(&mut self, name: &'static str, value: Value) {
        self.items.push((name, value));
    }

    pub(crate) fn push_text(&mut self, name: &'static str, value: &str) {
        let text = self.text.push(value);
        self.push(name, Value::Text(text));
    }

    /// Adds a `tracing` value; the value of a secret is redacted.
    pub(crate) fn capture(&mut self, name: &'static str, value: &dyn tracing::Value) {
        let first = self.items.len();
        value.record(any_field(), &mut FieldVisitor(self));
        if is_secret(name) {
            self.hide(first, is_metric(name));
        }
        for (there, _) in self.items.iter_mut().skip(first) {
            *there = name;
        }
    }

    /// Redacts all values from the `first` on; with `numbers_stay`, numbers are left as they are.
    #[cold]
    fn hide(&mut self, first: usize, numbers_stay: bool) {
        let hidden = Value::Text(self.text.push(REDACTED));
        for (_, value) in self.items.iter_mut().skip(first) {
            if !(numbers_stay && value.is_number()) {
                *value = hidden;
            }
        }
    }

    /// Replaces the values of the same names by those of `recorded`, and counts those for which there is no room.
    pub(crate) fn set_all(&mut self, recorded: &Self) {
        for (name, value) in recorded.iter() {
            self.set(name, value, &recorded.text);
        }
    }

    /// Replaces the text of this name.
    pub(crate) fn set_text(&mut self, name: &'static str, text: &str) {
        let mut recorded = Self::default();
        recorded.push_text(name, text);
        self.set_all(&recorded);
    }

    /// Replaces the number or boolean of this name.
    pub(crate) fn set_value(&mut self, name: &'static str, value: Value) {
        self.set(name, value, &Arena::default());
    }

    /// Replaces the value of this name. Unused text is compacted now and then, so that a value that is set repeatedly
    /// takes at most twice its size.
    fn set(&mut self, name: &'static str, value: Value, from: &Arena) {
        self.remove(name);
        if !self.has_room() {
            return self.count_left_out();
        }
        self.copy(name, value, from);
        let len = self.text.len();
        if len > RECYCLED_CAPACITY && len > 2 * self.live() {
            let mut compacted = Self::default();
            compacted.append(self);
            *self = compacted;
        }
    }

    /// Returns whether one more value can be kept while a call or a request lives.
    pub(crate) fn has_room(&self) -> bool {
        let is_short = || self.text.len() < MAX_KEPT_TEXT || self.live() < MAX_KEPT_TEXT;
        let is_few = || self.items.len() < MAX_KEPT + usize::from(self.counts_left_out());
        self.items.len() <= MAX_KEPT && is_few() && is_short()
    }

    /// Returns whether one of the values is the number of those that were left out.
    fn counts_left_out(&self) -> bool {
        let names = [keys::FIELDS_LEFT_OUT.field, keys::FIELDS_LEFT_OUT.name];
        self.iter().any(|(name, _)| names.contains(&name))
    }

    /// Returns whether one more value can be kept together with those of `other`.
    pub(crate) fn has_room_beside(&self, other: &Self) -> bool {
        let text = self.text.len() + other.text.len();
        self.items.len() + other.items.len() < MAX_KEPT && text < MAX_KEPT_TEXT
    }

    #[cold]
    fn count_left_out(&mut self) {
        let name = keys::FIELDS_LEFT_OUT.field;
        let before = self.iter().find_map(|(there, value)| match value {
            Value::U64(count) if there == name => Some(count),
            _ => None,
        });
        self.remove(name);
        self.push(name, Value::U64(before.unwrap_or_default() + 1));
    }

    /// Returns the bytes of text that values refer to.
    fn live(&self) -> usize {
        let texts = self.iter().map(|(_, value)| match value {
            Value::Text(text) => text.end.saturating_sub(text.start) as usize,
            _ => 0,
        });
        texts.sum()
    }

    /// Adds all values of another `Fields`.
    pub(crate) fn append(&mut self, other: &Self) {
        for (name, value) in other.iter() {
            self.copy(name, value, &other.text);
        }
    }

    /// Adds a value whose text is in another buffer.
    pub(crate) fn copy(&mut self, name: &'static str, value: Value, from: &Arena) {
        let value = match value {
            Value::Text(text) => Value::Text(self.text.push_for(from.get(text), text)),
            plain => plain,
        };
        self.push(name, value);
    }

    /// Adds the printed form of `value`; the value of a secret is redacted.
    pub(crate) fn print_named(&mut self, name: &'static str, value: fmt::Arguments<'_>) {
        if is_secret(name) {
            self.push_text(name, REDACTED);
        } else {
            self.print_text(name, value);
        }
    }

    /// Adds the printed form of `value`.
    pub(crate) fn print_text(&mut self, name: &'static str, value: fmt::Arguments<'_>) {
        let text = self.text.print(value);
        self.push(name, Value::Text(text));
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&'static str, Value)> + '_ {
        self.items.iter().copied()
    }

    /// Returns the last value of this name.
    pub(crate) fn json(&self, name: &str) -> Option<serde_json::Value> {
        let (_, value) = self.iter().rev().find(|(there, _)| *there == name)?;
        Some(self.value_json(value))
    }

    /// Returns all values by their names.
    pub(crate) fn all_json(&self) -> impl Iterator<Item = (String, serde_json::Value)> + '_ {
        self.iter()
            .map(|(name, value)| (name.to_owned(), self.value_json(value)))
    }

    /// Converts a value to JSON; a number that JSON cannot represent becomes text.
    fn value_json(&self, value: Value) -> serde_json::Value {
        match value {
            Value::Bool(value) => value.into(),
            Value::I64(value) => value.into(),
            Value::U64(value) => value.into(),
            Value::F64(value) if value.is_finite() => value.into(),
            Value::F64(value) => value.to_string().into(),
            Value::I128(value) => value.to_string().into(),
            Value::U128(value) => value.to_string().into(),
            Value::Text(text) => self.text.get(text).into(),
        }
    }

    /// Removes the value of this name and returns its text, for an event's message.
    pub(crate) fn take_text(&mut self, name: &str) -> Option<Text> {
        let at = self.items.iter().position(|(there, _)| *there == name)?;
        match self.items.remove(at) {
            (_, Value::Text(text)) => Some(text),
            (_, other) => Some(self.print(other)),
        }
    }

    fn print(&mut self, value: Value) -> Text {
        match value {
            Value::Bool(value) => self.text.print(format_args!("{value}")),
            Value::I64(value) => self.text.print(format_args!("{value}")),
            Value::U64(value) => self.text.print(format_args!("{value}")),
            Value::I128(value) => self.text.print(format_args!("{value}")),
            Value::U128(value) => self.text.print(format_args!("{value}")),
            Value::F64(value) => self.text.print(format_args!("{value}")),
            Value::Text(text) => text,
        }
    }

    /// Returns the last value as text.
    pub(crate) fn last_as_text(&mut self) -> Option<&str> {
        let (_, value) = self.items.last().copied()?;
        let text = self.print(value);
        Some(self.text.get(text))
    }

    /// Returns the last number of this name.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        let (_, value) = self.iter().rev().find(|(there, _)| *there == name)?;
        value.number()
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.items.retain(|(there, _)| *there != name);
    }

    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.items.shrink_to(RECYCLED_FIELDS);
        self.text.clear();
    }

    /// Returns the bytes of memory behind the fields.
    pub(crate) fn held_bytes(&self) -> usize {
        self.items.capacity() * size_of::<(&str, Value)>() + self.text.0.capacity()
    }

    /// Returns every text value, so that it can be moved.
    pub(crate) fn texts_mut(&mut self) -> impl Iterator<Item = &mut Text> {
        self.items.iter_mut().filter_map(|(_, value)| match value {
            Value::Text(text) => Some(text),
            _ => None,
        })
    }
}

/// A field for `tracing::Value::record`, which requires one; its name is never used.
fn any_field() -> &'static Field {
    static FIELD: OnceLock<Field> = OnceLock::new();
    static CALLSITE: DefaultCallsite = DefaultCallsite::new(&META);
    static META: Metadata<'static> = Metadata::new(
        "value",
        module_path!(),
        Level::TRACE,
        None,
        None,
        None,
        FieldSet::new(&["value"], Identifier(&CALLSITE)),
        Kind::SPAN,
    );
    FIELD.get_or_init(|| {
        META.fields()
            .iter()
            .next()
            .unwrap_or_else(|| unreachable!("it has one"))
    })
}

/// Collects the values that `tracing` records; the values of secrets are redacted.
#[derive(Debug)]
pub(crate) struct FieldVisitor<'a>(pub(crate) &'a mut Fields);

impl FieldVisitor<'_> {
    fn text(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.0.print_named(field.name(), value);
    }

    fn number(&mut self, field: &Field, value: Value) {
        let name = field.name();
        if is_secret(name) && !is_metric(name) {
            self.0.push_text(name, REDACTED);
        } else {
            self.0.push(name, value);
        }
    }
}

/// Returns `true` for names of metrics, such as `metrics.token`, whose numbers are not secrets.
fn is_metric(name: &str) -> bool {
    name.starts_with("metrics.")
}

impl Visit for FieldVisitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let name = field.name();
        let shown = if is_secret(name) { REDACTED } else { value };
        self.0.push_text(name, shown);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.text(field, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, Value::Bool(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, Value::I64(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, Value::U64(value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.number(field, Value::I128(value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.number(field, Value::U128(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, Value::F64(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_its_bound_and_the_rest_is_counted() {
        let mut arena = Arena::default();
        let long = "é".repeat(MAX_TEXT);
        let text = arena.print(format_args!("{long}"));
        assert_eq!(arena.get(text).len(), MAX_TEXT);
        assert_eq!(text.cut as usize, long.len() - MAX_TEXT);
    }

    #[test]
    fn pushed_and_printed_text_are_cut_alike() {
        let long = "aé".repeat(MAX_TEXT);
        let (mut pushed, mut printed) = (Arena::default(), Arena::default());
        let (one, two) = (pushed.push(&long), printed.print(format_args!("{long}")));
        assert_eq!((pushed.get(one), one), (printed.get(two), two));
        assert_eq!(one.cut as usize, long.len() - MAX_TEXT);
    }

    #[test]
    fn nothing_follows_a_cut_within_one_value() {
        let mut arena = Arena::default();
        let text = arena.print(format_args!("{}é{}", "a".repeat(MAX_TEXT - 1), "b"));
        assert!(arena.get(text).ends_with('a'));
        assert_eq!(text.cut, 3);
    }

    #[test]
    fn endless_formatting_is_stopped() {
        struct Endless;
        impl fmt::Display for Endless {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    out.write_str("again and again ")?;
                }
            }
        }
        let mut arena = Arena::default();
        let text = arena.print(format_args!("{Endless}"));
        assert_eq!(arena.get(text).len(), MAX_TEXT);
        assert!(text.cut as usize > MAX_COUNTED);
    }

    #[test]
    fn a_large_buffer_is_given_back() {
        let mut fields = Fields::default();
        fields.push_text("a", &"x".repeat(MAX_TEXT));
        fields.clear();
        assert!(fields.text.0.capacity() <= RECYCLED_CAPACITY);
    }

    #[test]
    fn a_value_that_is_set_again_and_again_takes_no_more_room() {
        let (mut fields, mut one) = (Fields::default(), Fields::default());
        fields.push_text("retained", "retained");
        one.push_text("x", &"x".repeat(MAX_TEXT));
        for _ in 0..10 {
            fields.set_all(&one);
            assert!(fields.text.len() <= 2 * (MAX_TEXT + "retained".len()));
        }
        let names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["retained", "x"]);
        assert_eq!(fields.last_as_text().map(str::len), Some(MAX_TEXT));
        fields.set_all(&Fields::default());
        assert_eq!(fields.iter().count(), 2, "an empty value changes nothing");
    }

    #[test]
    fn values_beyond_the_number_or_the_bytes_that_are_kept_are_counted() {
        let names: Vec<&str> = (0..300)
            .map(|at| &*String::leak(format!("n{at}")))
            .collect();
        let (mut few, mut long) = (Fields::default(), Fields::default());
        for name in &names {
            few.set_value(name, Value::U64(1));
            long.set_text(name, &"x".repeat(MAX_TEXT));
        }
        few.set_value(names[0], Value::Bool(true));
        let left_out = |fields: &Fields| fields.number(keys::FIELDS_LEFT_OUT.field);
        assert_eq!((few.items.len(), left_out(&few)), (257, Some(44.0)));
        assert_eq!(few.json(names[0]), Some(true.into()));
        let kept = MAX_KEPT_TEXT / MAX_TEXT;
        assert_eq!((long.items.len(), left_out(&long)), (kept + 1, Some(284.0)));
        assert!(long.text.len() <= MAX_KEPT_TEXT);
    }

    #[test]
    fn a_message_of_any_type_is_removed_from_the_fields() {
        let mut fields = Fields::default();
        fields.push("message", Value::U64(7));
        fields.push("other", Value::Bool(true));
        let text = fields.take_text("message").unwrap();
        assert_eq!(fields.text.get(text), "7");
        assert_eq!(fields.take_text("message"), None);
        assert_eq!(fields.iter().count(), 1);
    }
}
