//! The fields of a request that every record inside it repeats.

use tracing::field::Field;

use crate::value::{Capture, Fields, Value};

/// What is written instead of a value that must not leave.
pub(crate) const REDACTED: &str = "[redacted]";

/// One request's context: the four reserved ids, and fields of the user's own.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestContext {
    pub(crate) request_id: Option<Box<str>>,
    pub(crate) user_id: Option<Box<str>>,
    pub(crate) session_id: Option<Box<str>>,
    pub(crate) tenant_id: Option<Box<str>>,
    pub(crate) fields: Fields,
}

impl RequestContext {
    /// This over what is above: a field that both have is the one here.
    pub(crate) fn over(&self, above: &Self) -> Self {
        let either = |own: &Option<Box<str>>, above: &Option<Box<str>>| {
            own.as_ref().or(above.as_ref()).cloned()
        };
        let mut fields = above.fields.clone();
        for (name, _) in self.fields.iter() {
            fields.remove(name);
        }
        fields.append(&self.fields);
        Self {
            request_id: either(&self.request_id, &above.request_id),
            user_id: either(&self.user_id, &above.user_id),
            session_id: either(&self.session_id, &above.session_id),
            tenant_id: either(&self.tenant_id, &above.tenant_id),
            fields,
        }
    }

    fn reserved(&mut self, name: &str) -> Option<&mut Option<Box<str>>> {
        match name {
            "request_id" => Some(&mut self.request_id),
            "user_id" => Some(&mut self.user_id),
            "session_id" => Some(&mut self.session_id),
            "tenant_id" => Some(&mut self.tenant_id),
            _ => None,
        }
    }

    /// Puts the one field that `added` holds in the place of what is here; if it holds none, nothing changes.
    fn put(&mut self, name: &'static str, added: &mut Fields) {
        if let Some(slot) = self.reserved(name) {
            if let Some(text) = added.last_as_text() {
                *slot = Some(text.into());
            }
        } else if let Some((_, value)) = added.iter().next_back() {
            self.fields.remove(name);
            match value {
                Value::Text(text) => self.fields.push_text(name, added.text.get(text)),
                plain => self.fields.push(name, plain),
            }
        }
    }
}

/// Takes the fields of a [`LogContext`](crate::LogContext), one call a field.
#[derive(Debug)]
pub struct ContextVisitor<'a> {
    context: &'a mut RequestContext,
    scratch: Fields,
    key: &'a Field,
}

impl<'a> ContextVisitor<'a> {
    /// Adds to `context`; `key` is any field, lent to values that ask for one.
    pub(crate) fn new(context: &'a mut RequestContext, key: &'a Field) -> Self {
        Self {
            context,
            scratch: Fields::default(),
            key,
        }
    }

    /// A field; `request_id`, `user_id`, `session_id` and `tenant_id` have their own places in a record.
    /// A value that records nothing, as `None`, leaves what an outer scope has set.
    pub fn field(&mut self, name: &'static str, value: &dyn tracing::Value) {
        self.scratch.clear();
        value.record(self.key, &mut Capture(&mut self.scratch));
        self.context.put(name, &mut self.scratch);
    }

    /// A field whose value must not be shown.
    pub fn redacted(&mut self, name: &'static str) {
        self.scratch.clear();
        self.scratch.push_text(name, REDACTED);
        self.context.put(name, &mut self.scratch);
    }
}
