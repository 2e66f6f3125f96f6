//! The parts that a line of JSON is made of: keys, texts and numbers.

use ragspan_core::record::keys::Key;

use super::escape;
use crate::value::{Fields, Text, Value};

/// Appends JSON to a buffer.
pub(super) struct Writer<'a> {
    pub(super) out: &'a mut Vec<u8>,
    /// Texts are cut behind so many bytes.
    pub(super) longest: usize,
}

impl Writer<'_> {
    pub(super) fn value(&mut self, fields: &Fields, value: Value) {
        match value {
            Value::Bool(true) => self.raw("true"),
            Value::Bool(false) => self.raw("false"),
            Value::I64(value) => self.raw(itoa::Buffer::new().format(value)),
            Value::U64(value) => self.raw(itoa::Buffer::new().format(value)),
            Value::I128(value) => self.raw(itoa::Buffer::new().format(value)),
            Value::U128(value) => self.raw(itoa::Buffer::new().format(value)),
            Value::F64(value) if value.is_finite() => {
                self.raw(zmij::Buffer::new().format_finite(value));
            }
            Value::F64(_) => self.raw("null"),
            Value::Text(text) => self.text(fields, text),
        }
    }

    /// Microseconds as milliseconds with three decimals.
    pub(super) fn millis(&mut self, micros: u64) {
        self.raw(itoa::Buffer::new().format(micros / 1000));
        let rest = micros % 1000;
        let digit = |value: u64| b'0' + u8::try_from(value % 10).unwrap_or_default();
        self.out
            .extend_from_slice(&[b'.', digit(rest / 100), digit(rest / 10), digit(rest)]);
    }

    pub(super) fn text(&mut self, fields: &Fields, text: Text) {
        self.quoted(fields.text.get(text), text.cut as usize);
    }

    pub(super) fn string(&mut self, text: &str) {
        self.quoted(text, 0);
    }

    /// A text of which so many bytes were left out before.
    fn quoted(&mut self, text: &str, cut_before: usize) {
        let (kept, rest) = text.split_at(text.floor_char_boundary(self.longest));
        let cut = rest.len() + cut_before;
        self.raw("\"");
        self.escaped(kept);
        if cut > 0 {
            self.raw(" [cut ");
            self.raw(itoa::Buffer::new().format(cut));
            self.raw(" bytes]");
        }
        self.raw("\"");
    }

    /// Writes a key of an object whose first byte after its brace is at `start`.
    pub(super) fn key(&mut self, start: usize, key: Key) {
        self.separate(start);
        self.raw("\"");
        self.raw(key.name);
        self.raw("\":");
    }

    pub(super) fn optional(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.string(text),
            None => self.raw("null"),
        }
    }

    pub(super) fn id(&mut self, id: Option<[u8; 36]>) {
        match id {
            Some(text) => self.ascii(&text),
            None => self.raw("null"),
        }
    }

    /// Writes a text without anything to escape.
    pub(super) fn ascii(&mut self, text: &[u8]) {
        self.raw("\"");
        self.out.extend_from_slice(text);
        self.raw("\"");
    }

    pub(super) fn separate(&mut self, start: usize) {
        if self.out.len() > start {
            self.raw(",");
        }
    }

    pub(super) fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    pub(super) fn escaped(&mut self, text: &str) {
        escape::write(text, self.out);
    }
}
