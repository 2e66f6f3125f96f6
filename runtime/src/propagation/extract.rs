//! Reads the trace, the parent span and the baggage of a request from its headers.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::sync::Arc;

use crate::context::headers::{Policy, Received, receive};
use crate::context::{SpanId, TraceId};
use crate::dispatch;
use crate::scope::{ContextVisitor, LogContext, ReceivedHeaders};

/// A source of the headers of an inbound request: a map of headers, or the attributes of a message.
pub trait Extract {
    /// Calls `each` with each value of the header of this name. `name` is in lower case; the comparison ignores case.
    fn lines(&self, name: &str, each: &mut dyn FnMut(&str));
}

/// Calls `each` with the value of each pair of this name.
fn pairs<'a>(
    all: impl Iterator<Item = (&'a String, &'a String)>,
    name: &str,
    each: &mut dyn FnMut(&str),
) {
    all.filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .for_each(|(_, value)| each(value));
}

impl<S: BuildHasher> Extract for HashMap<String, String, S> {
    fn lines(&self, name: &str, each: &mut dyn FnMut(&str)) {
        pairs(self.iter(), name, each);
    }
}

impl Extract for BTreeMap<String, String> {
    fn lines(&self, name: &str, each: &mut dyn FnMut(&str)) {
        pairs(self.iter(), name, each);
    }
}

impl Extract for Vec<(String, String)> {
    fn lines(&self, name: &str, each: &mut dyn FnMut(&str)) {
        pairs(self.iter().map(|(name, value)| (name, value)), name, each);
    }
}

#[cfg(feature = "http")]
impl Extract for http::HeaderMap {
    fn lines(&self, name: &str, each: &mut dyn FnMut(&str)) {
        for value in self.get_all(name) {
            // A value that is not text is passed on as a malformed one, so that it is counted.
            each(value.to_str().unwrap_or("\u{fffd}"));
        }
    }
}

/// The trace, the parent span and the baggage of a request's caller, as [`extract`] returns them.
///
/// It is a [`LogContext`]: calls inside its scope belong to the caller's trace, as children of the caller's span. If
/// the configuration does not trust callers (`propagation.trust: false`), as at a public edge, a new trace begins, and
/// its records have the caller's ids in `context.linked_trace_id` and `linked_span_id`.
#[derive(Debug, Clone, Default)]
pub struct Remote {
    received: Arc<Received>,
    fields: Vec<(&'static str, String)>,
}

impl Remote {
    /// Returns the caller's trace; `None` if the headers contain none, or if callers are not trusted.
    #[must_use]
    pub fn trace_id(&self) -> Option<TraceId> {
        Some(self.received.remote.as_ref()?.trace)
    }

    /// Returns the caller's span. If the caller does not use ragspan, only the last eight bytes are known, and the
    /// others are zero.
    #[must_use]
    pub fn parent_span_id(&self) -> Option<SpanId> {
        Some(self.received.remote.as_ref()?.parent)
    }
}

#[diagnostic::do_not_recommend]
impl LogContext for Remote {
    fn visit(&self, out: &mut ContextVisitor<'_>) {
        for (name, value) in &self.fields {
            out.field(name, value);
        }
    }

    fn received_headers(&self) -> Option<ReceivedHeaders> {
        Some(ReceivedHeaders::new(Arc::clone(&self.received)))
    }
}

/// Returns the caller's context from the headers of a request. It applies inside the scope of the value.
///
/// A malformed header is ignored, and counted in `ragspan_propagation_rejected_total`.
///
/// ```
/// let headers = vec![
///     ("traceparent".to_owned(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
///     ("baggage".to_owned(), "request_id=r-1,other=2".to_owned()),
/// ];
/// # ragspan::testing::capture(|| {
/// let remote = ragspan::propagation::extract(&headers);
/// assert_eq!(remote.trace_id().unwrap().to_string(), "0af76519-16cd-43dd-8448-eb211c80319c");
/// assert_eq!(remote.parent_span_id().unwrap().to_string(), "00000000-0000-0000-b7ad-6b7169203331");
/// # });
/// ```
#[must_use = "the caller's context applies only inside the scope of this value"]
pub fn extract(from: &(impl Extract + ?Sized)) -> Remote {
    let default = Policy::default();
    let handle = dispatch::current();
    let policy = handle
        .as_ref()
        .map_or(&default, |handle| handle.propagation());
    let mut received = receive(|name, each| from.lines(name, each));
    if let Some(handle) = handle.as_ref().filter(|_| received.rejected > 0) {
        handle.registry().propagation_rejected(received.rejected);
    }
    let mut fields = Vec::new();
    if policy.trust {
        let known = policy.baggage.iter();
        fields.extend(known.filter_map(|name| Some((*name, received.baggage.get(name)?))));
    } else {
        if let Some(remote) = received.remote.take() {
            fields.push(("linked_trace_id", remote.trace.to_string()));
            fields.push(("linked_span_id", remote.parent.to_string()));
        }
        received = Received::default();
    }
    Remote {
        received: Arc::new(received),
        fields,
    }
}
