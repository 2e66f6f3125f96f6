//! Writes the current trace, span and baggage into the headers of an outbound request.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use crate::context::headers::{
    DottedOrder, Policy, Received, TraceParent, baggage_header, tracestate_header,
};
use crate::dispatch;
use crate::trace::{self, Context};

/// A target for the headers of an outbound request: a map of headers, or the attributes of a message.
pub trait Inject {
    /// Sets a header, and replaces all headers of that name. `name` is in lower case.
    fn set(&mut self, name: &'static str, value: String);
}

impl<S: BuildHasher> Inject for HashMap<String, String, S> {
    fn set(&mut self, name: &'static str, value: String) {
        self.insert(name.to_owned(), value);
    }
}

impl Inject for BTreeMap<String, String> {
    fn set(&mut self, name: &'static str, value: String) {
        self.insert(name.to_owned(), value);
    }
}

impl Inject for Vec<(String, String)> {
    fn set(&mut self, name: &'static str, value: String) {
        self.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self.push((name.to_owned(), value));
    }
}

#[cfg(feature = "http")]
impl Inject for http::HeaderMap {
    fn set(&mut self, name: &'static str, value: String) {
        // All values are visible ASCII, so this does not fail.
        if let Ok(value) = http::HeaderValue::try_from(value) {
            self.insert(name, value);
        }
    }
}

/// Writes the current trace and span into the headers of an outbound request, so that the calls of the other service
/// become children of the nearest enclosing call. Outside any call it writes only the baggage.
///
/// The baggage contains the fields of the request context that the configuration names (`propagation.baggage`, by
/// default `request_id`). The request may go to an external service: do not name secret fields there.
///
/// ```
/// #[ragspan::rag_span(layer = "generation")]
/// fn call() -> Vec<(String, String)> {
///     let mut headers = Vec::new();
///     ragspan::propagation::inject(&mut headers);
///     headers
/// }
///
/// let (headers, _) = ragspan::testing::capture(call);
/// let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
/// assert_eq!(names, ["traceparent", "tracestate", "baggage"]);
/// ```
pub fn inject(into: &mut (impl Inject + ?Sized)) {
    let default = Policy::default();
    let handle = dispatch::current();
    let policy = handle
        .as_ref()
        .map_or(&default, |handle| handle.propagation());
    let context = Context::current();
    let received = context.inherited().received.as_deref();
    let remote = received.and_then(|received| received.remote.as_ref());
    if let Some((trace, span)) = context.inherited().ids {
        let flags = remote.map_or(TraceParent::SAMPLED, |remote| remote.flags);
        let parent = TraceParent::new(trace, span, flags);
        let state = remote.map_or("", |remote| &remote.state);
        into.set("traceparent", parent.to_string());
        into.set("tracestate", tracestate_header(span, state));
    }
    let order = remote.and_then(|remote| remote.order.as_ref());
    if (policy.langsmith || order.is_some())
        && let Some(order) = DottedOrder::below(order, trace::segments().into_iter())
    {
        into.set("langsmith-trace", order.as_str().to_owned());
    }
    let baggage = baggage(policy, &context, received);
    if !baggage.is_empty() {
        into.set("baggage", baggage);
    }
}

/// Returns the `baggage` header: the configured fields, and the entries that LangSmith's clients have added upstream.
fn baggage(policy: &Policy, context: &Context, received: Option<&Received>) -> String {
    let fields = policy.baggage.iter();
    let fields: Vec<(&str, String)> = fields
        .filter_map(|name| Some((*name, context.text(name)?)))
        .collect();
    let own = fields.iter().map(|(name, value)| (*name, value.as_str()));
    let upstream = received.map(|received| received.baggage.langsmith_members());
    baggage_header(own, upstream.into_iter().flatten())
}
