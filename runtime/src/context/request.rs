//! The fields of a request, which are part of every record inside it.

use std::borrow::Cow;

use ragspan_core::TraceId;
use ragspan_core::record::keys;

use crate::value::{Fields, Value};

/// The four reserved ids of a request, and the user's fields and metrics.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestContext {
    pub(crate) request_id: Option<Box<str>>,
    pub(crate) user_id: Option<Box<str>>,
    pub(crate) session_id: Option<Box<str>>,
    pub(crate) tenant_id: Option<Box<str>>,
    pub(crate) fields: Fields,
    /// Numbers, under their names without the prefix `metrics.`.
    pub(crate) metrics: Fields,
}

impl RequestContext {
    /// Merges this with the fields of an outer scope. Fields of this one take precedence.
    pub(crate) fn over(&self, outer: &Self) -> Self {
        let either = |own: &Option<Box<str>>, outer: &Option<Box<str>>| {
            own.as_ref().or(outer.as_ref()).cloned()
        };
        let mut all = Self {
            request_id: either(&self.request_id, &outer.request_id),
            user_id: either(&self.user_id, &outer.user_id),
            session_id: either(&self.session_id, &outer.session_id),
            tenant_id: either(&self.tenant_id, &outer.tenant_id),
            ..Self::default()
        };
        let (fields, without_fields) = merged(&self.fields, &outer.fields);
        let (metrics, without_metrics) = merged(&self.metrics, &outer.metrics);
        (all.fields, all.metrics) = (fields, metrics);
        if without_fields + without_metrics > 0 {
            all.count_left_out(without_fields + without_metrics);
        }
        all
    }

    /// Returns about how many bytes of memory it holds.
    pub(crate) fn held_bytes(&self) -> usize {
        let ids = [
            &self.request_id,
            &self.user_id,
            &self.session_id,
            &self.tenant_id,
        ];
        let ids: usize = ids.into_iter().flatten().map(|id| id.len()).sum();
        ids + self.fields.held_bytes() + self.metrics.held_bytes()
    }

    /// Returns the request id: the given one, or one derived from the trace id.
    pub(crate) fn request_id_of(
        request: Option<&Self>,
        trace: Option<TraceId>,
    ) -> Option<Cow<'_, str>> {
        let given = request.and_then(|request| request.request_id.as_deref());
        given_or_derived(given, "req", trace)
    }

    /// Returns the session id: the given one, or one derived from the trace id.
    pub(crate) fn session_id_of(
        request: Option<&Self>,
        trace: Option<TraceId>,
    ) -> Option<Cow<'_, str>> {
        let given = request.and_then(|request| request.session_id.as_deref());
        given_or_derived(given, "ses", trace)
    }

    /// Returns the given ids: request, user, session, tenant.
    pub(crate) fn ids(&self) -> [Option<&str>; 4] {
        [
            self.request_id.as_deref(),
            self.user_id.as_deref(),
            self.session_id.as_deref(),
            self.tenant_id.as_deref(),
        ]
    }

    /// Returns the given ids for modification.
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

    /// Sets `name` to the one value in `added`, or changes nothing if `added` is empty. Returns false if a request or
    /// session id was rejected as malformed; the derived id applies then.
    pub(crate) fn set(&mut self, name: &'static str, added: &mut Fields) -> bool {
        if let Some(slot) = self.reserved(name) {
            if let Some(text) = added.last_as_text() {
                let accepted = !is_derivable(name) || is_valid_id(text);
                *slot = accepted.then(|| text.into());
                return accepted;
            }
        } else if let Some((_, value)) = added.iter().next_back() {
            if let Some(metric) = name.strip_prefix("metrics.").filter(|_| value.is_number()) {
                self.set_metric(metric, added);
                return true;
            }
            remove_field(&mut self.fields, name);
            if self.fields.has_room() {
                self.fields.copy(name, value, &added.text);
            } else {
                self.count_left_out(1);
            }
        }
        true
    }

    /// Sets the metric `name` to the one value in `added`. A value that is not a finite number changes nothing.
    pub(crate) fn set_metric(&mut self, name: &'static str, added: &Fields) {
        let value = added.iter().next_back().map(|(_, value)| value);
        if let Some(number) = value.filter(|value| value.is_number() && !value.is_nan()) {
            self.metrics.remove(name);
            if self.metrics.has_room() {
                self.metrics.push(name, number);
            } else {
                self.count_left_out(1);
            }
        }
    }

    /// Counts fields and metrics for which there is no room.
    #[cold]
    fn count_left_out(&mut self, fields: u64) {
        let name = keys::FIELDS_LEFT_OUT.name;
        let before = self.metrics.iter().find_map(|(there, value)| match value {
            Value::U64(count) if there == name => Some(count),
            _ => None,
        });
        self.metrics.remove(name);
        let count = Value::U64(before.unwrap_or_default() + fields);
        self.metrics.push(name, count);
    }

    /// Removes the field and the metric of this name.
    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(slot) = self.reserved(name) {
            *slot = None;
        } else if let Some(metric) = name.strip_prefix("metrics.") {
            self.metrics.remove(metric);
        } else {
            remove_field(&mut self.fields, name);
            self.metrics.remove(name);
        }
    }
}

/// Removes a field and its text from the arena, so that binding one field repeatedly does not grow the request.
fn remove_field(fields: &mut Fields, name: &str) {
    if fields.iter().any(|(known, _)| known == name) {
        let mut kept = std::mem::take(fields);
        kept.remove(name);
        fields.append(&kept);
    }
}

/// Returns the fields of `outer` that `own` does not replace, followed by those of `own`, and the number of those of
/// `outer` for which there is no room. The result is built anew instead of cloned, since the texts of removed fields
/// would stay in the arena of a clone.
fn merged(own: &Fields, outer: &Fields) -> (Fields, u64) {
    let (mut fields, mut left_out) = (Fields::default(), 0);
    for (name, value) in outer.iter() {
        if own.iter().any(|(known, _)| known == name) {
            continue;
        }
        if fields.has_room_beside(own) {
            fields.copy(name, value, &outer.text);
        } else {
            left_out += 1;
        }
    }
    fields.append(own);
    (fields, left_out)
}

fn given_or_derived<'a>(
    given: Option<&'a str>,
    prefix: &str,
    trace: Option<TraceId>,
) -> Option<Cow<'a, str>> {
    let derived = || trace.map(|trace| format!("{prefix}-{}", trace.short()).into());
    given.map(Into::into).or_else(derived)
}

/// Returns whether the id can be derived from the trace id, so that a malformed one can be replaced.
fn is_derivable(name: &str) -> bool {
    matches!(name, "request_id" | "session_id")
}

/// Returns whether an id, which may come from a header, is short and free of control characters, which a terminal or
/// a log viewer would interpret.
fn is_valid_id(id: &str) -> bool {
    const MAX_LENGTH: usize = 128;
    id.len() <= MAX_LENGTH && !id.is_empty() && !id.chars().any(char::is_control)
}
