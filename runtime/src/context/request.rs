//! The fields of a request that every record inside it repeats.

use std::borrow::Cow;

use super::TraceId;
use crate::value::Fields;

/// One request's context: the four reserved ids, and fields and metrics of the user's own.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestContext {
    pub(crate) request_id: Option<Box<str>>,
    pub(crate) user_id: Option<Box<str>>,
    pub(crate) session_id: Option<Box<str>>,
    pub(crate) tenant_id: Option<Box<str>>,
    pub(crate) fields: Fields,
    /// Numbers, by their names without `metrics.`.
    pub(crate) metrics: Fields,
}

impl RequestContext {
    /// This over what is above: a field that both have is the one here.
    pub(crate) fn over(&self, above: &Self) -> Self {
        let either = |own: &Option<Box<str>>, above: &Option<Box<str>>| {
            own.as_ref().or(above.as_ref()).cloned()
        };
        Self {
            request_id: either(&self.request_id, &above.request_id),
            user_id: either(&self.user_id, &above.user_id),
            session_id: either(&self.session_id, &above.session_id),
            tenant_id: either(&self.tenant_id, &above.tenant_id),
            fields: merged(&self.fields, &above.fields),
            metrics: merged(&self.metrics, &above.metrics),
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

    /// The ids that were given.
    pub(crate) fn ids(&self) -> [Option<&str>; 4] {
        [
            self.request_id.as_deref(),
            self.user_id.as_deref(),
            self.session_id.as_deref(),
            self.tenant_id.as_deref(),
        ]
    }

    /// The same, to be replaced.
    pub(crate) fn ids_mut(&mut self) -> [Option<&mut Box<str>>; 4] {
        [
            self.request_id.as_mut(),
            self.user_id.as_mut(),
            self.session_id.as_mut(),
            self.tenant_id.as_mut(),
        ]
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
            if let Some(metric) = name.strip_prefix("metrics.").filter(|_| value.is_number()) {
                self.put_metric(metric, added);
                return true;
            }
            take_out(&mut self.fields, name);
            self.fields.copy(name, value, &added.text);
        }
        true
    }

    /// The same for a metric; what is no finite number changes nothing.
    pub(super) fn put_metric(&mut self, name: &'static str, added: &Fields) {
        let value = added.iter().next_back().map(|(_, value)| value);
        if let Some(number) = value.filter(|value| value.is_number() && !value.is_nan()) {
            self.metrics.remove(name);
            self.metrics.push(name, number);
        }
    }

    /// Takes a field out, and a metric of its name.
    pub(crate) fn without(&mut self, name: &str) {
        if let Some(slot) = self.reserved(name) {
            *slot = None;
        } else if let Some(metric) = name.strip_prefix("metrics.") {
            self.metrics.remove(metric);
        } else {
            take_out(&mut self.fields, name);
            self.metrics.remove(name);
        }
    }
}

/// Takes a field out, and its text with it: a request that binds one field again and again must not grow.
fn take_out(fields: &mut Fields, name: &str) {
    if fields.iter().any(|(there, _)| there == name) {
        let mut kept = std::mem::take(fields);
        kept.remove(name);
        fields.append(&kept);
    }
}

/// What is above and has not a name of those here, and then those. No clone from which names are taken: their texts would stay.
fn merged(own: &Fields, above: &Fields) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in above.iter() {
        if !own.iter().any(|(there, _)| there == name) {
            fields.copy(name, value, &above.text);
        }
    }
    fields.append(own);
    fields
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
