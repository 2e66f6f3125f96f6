//! The fields of a request that every record inside it repeats.

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
    pub(super) fn put(&mut self, name: &'static str, added: &mut Fields) {
        if let Some(slot) = self.reserved(name) {
            if let Some(text) = added.last_as_text() {
                *slot = Some(text.into());
            }
        } else if let Some((_, value)) = added.iter().next_back() {
            self.fields.remove(name);
            self.fields.copy(name, value, &added.text);
        }
    }

    /// The same for a metric; what is no finite number changes nothing.
    pub(super) fn put_metric(&mut self, name: &'static str, added: &Fields) {
        let value = added.iter().next_back().map(|(_, value)| value);
        if let Some(number) = value.filter(|value| value.is_number() && !value.is_nan()) {
            self.metrics.remove(name);
            self.metrics.push(name, number);
        }
    }
}

fn merged(own: &Fields, above: &Fields) -> Fields {
    let mut fields = above.clone();
    for (name, _) in own.iter() {
        fields.remove(name);
    }
    fields.append(own);
    fields
}
