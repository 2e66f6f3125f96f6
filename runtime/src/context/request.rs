//! The fields of a request that every record inside it repeats.

use std::borrow::Cow;

use super::TraceId;
use crate::value::{Fields, Value};

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

    /// The request's id: the one it came with, or the one made from the trace.
    pub(crate) fn request_id_of(
        request: Option<&Self>,
        trace: Option<TraceId>,
    ) -> Option<Cow<'_, str>> {
        let given = request.and_then(|request| request.request_id.as_deref());
        given_or_made(given, "req", trace)
    }

    /// The session: the one it came with, or one of its own, made from the trace.
    pub(crate) fn session_id_of(
        request: Option<&Self>,
        trace: Option<TraceId>,
    ) -> Option<Cow<'_, str>> {
        let given = request.and_then(|request| request.session_id.as_deref());
        given_or_made(given, "ses", trace)
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

    /// Puts the one field that `added` holds in the place of what is here; if it holds none, nothing changes. An id that
    /// comes from outside and can't be one is not taken, and another is made; then the answer is false.
    pub(crate) fn put(&mut self, name: &'static str, added: &mut Fields) -> bool {
        if let Some(slot) = self.reserved(name) {
            if let Some(text) = added.last_as_text() {
                let taken = !is_made(name) || is_acceptable(text);
                *slot = taken.then(|| text.into());
                return taken;
            }
        } else if let Some((_, value)) = added.iter().next_back() {
            self.without(name);
            match value {
                Value::Text(text) => self.fields.push_text(name, added.text.get(text)),
                plain => self.fields.push(name, plain),
            }
        }
        true
    }

    /// Takes a field out, and its text with it: a request that binds one field again and again must not grow.
    pub(crate) fn without(&mut self, name: &str) {
        if let Some(slot) = self.reserved(name) {
            *slot = None;
        } else if self.fields.iter().any(|(there, _)| there == name) {
            let mut kept = std::mem::take(&mut self.fields);
            kept.remove(name);
            self.fields.append(&kept);
        }
    }
}

fn given_or_made<'a>(
    given: Option<&'a str>,
    prefix: &str,
    trace: Option<TraceId>,
) -> Option<Cow<'a, str>> {
    let made = || trace.map(|trace| format!("{prefix}-{}", trace.short()).into());
    given.map(Into::into).or_else(made)
}

/// Ids that we make where there is none, so that a bad one can be replaced.
fn is_made(name: &str) -> bool {
    matches!(name, "request_id" | "session_id")
}

/// An id that may come from a header: short, and nothing that a terminal or a log viewer would act on.
fn is_acceptable(id: &str) -> bool {
    const MOST: usize = 128;
    id.len() <= MOST && !id.is_empty() && !id.chars().any(char::is_control)
}

/// Takes the fields of a [`LogContext`](crate::LogContext), one call a field.
#[derive(Debug)]
pub struct ContextVisitor<'a> {
    context: &'a mut RequestContext,
    scratch: Fields,
    /// Ids that could not be taken.
    refused: u64,
}

impl<'a> ContextVisitor<'a> {
    /// Adds to `context`.
    pub(crate) fn new(context: &'a mut RequestContext) -> Self {
        Self {
            context,
            scratch: Fields::default(),
            refused: 0,
        }
    }

    /// How many ids were too long, or held what no id holds, and are made anew.
    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }

    fn put(&mut self, name: &'static str) {
        if !self.context.put(name, &mut self.scratch) {
            self.refused += 1;
        }
    }

    /// A field; `request_id`, `user_id`, `session_id` and `tenant_id` have their own places in a record.
    /// A value that records nothing, as `None`, leaves what an outer scope has set.
    pub fn field(&mut self, name: &'static str, value: &dyn tracing::Value) {
        self.scratch.clear();
        self.scratch.capture(name, value);
        self.put(name);
    }

    /// A field whose value must not be shown.
    pub fn redacted(&mut self, name: &'static str) {
        self.scratch.clear();
        self.scratch.push_text(name, REDACTED);
        self.put(name);
    }

    /// All fields of another request.
    pub(crate) fn all(&mut self, other: &RequestContext) {
        *self.context = other.over(self.context);
    }
}
