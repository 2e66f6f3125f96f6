//! Writing headers: where the call that is made stands.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use crate::context::headers::{
    DottedOrder, Policy, Received, TraceParent, baggage_header, tracestate_header,
};
use crate::dispatch;
use crate::trace::{self, Context};

/// What takes the headers of an outbound call: a map of headers, or the attributes of a message.
pub trait Inject {
    /// Sets a header, whose name is in lower case, in the place of those of that name.
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
        self.retain(|(there, _)| !there.eq_ignore_ascii_case(name));
        self.push((name.to_owned(), value));
    }
}

#[cfg(feature = "http")]
impl Inject for http::HeaderMap {
    fn set(&mut self, name: &'static str, value: String) {
        // What we write is visible ASCII.
        if let Ok(value) = http::HeaderValue::try_from(value) {
            self.insert(name, value);
        }
    }
}

/// Writes where this code stands into the headers of an outbound call, so that what is called becomes part of the trace, below
/// the nearest annotated call. Outside of any call only the baggage is written.
///
/// The fields of the request that the configuration names (`propagation.baggage`; `request_id`) go as baggage. The
/// call may well go to a stranger: name no field there that none may see.
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
        let parent = TraceParent::of(trace, span, flags);
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

/// The fields that are named, and what LangSmith's clients have put in before us.
fn baggage(policy: &Policy, context: &Context, received: Option<&Received>) -> String {
    let fields = policy.baggage.iter();
    let fields: Vec<(&str, String)> = fields
        .filter_map(|name| Some((*name, context.text(name)?)))
        .collect();
    let plain = fields.iter().map(|(name, value)| (*name, value.as_str()));
    let passed = received.map(|received| received.baggage.of_langsmith());
    baggage_header(plain, passed.into_iter().flatten())
}
