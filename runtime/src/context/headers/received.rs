//! Reads all propagation headers of one request.

use ragspan_core::{SpanId, TraceId};

use super::baggage::Baggage;
use super::langsmith::DottedOrder;
use super::traceparent::TraceParent;
use super::tracestate::TraceState;

/// The trace and the call that a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteParent {
    pub(crate) trace: TraceId,
    /// The calling span. Callers without ragspan send eight bytes; the first eight are zero then.
    pub(crate) parent: SpanId,
    /// The flags of `traceparent`: a hint whether the caller keeps the trace.
    pub(crate) flags: u8,
    /// The members of `tracestate` that other systems wrote.
    pub(crate) state: Box<str>,
    /// LangSmith's name of the parent.
    pub(crate) order: Option<DottedOrder>,
}

/// The parsed propagation headers of one request.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) remote: Option<RemoteParent>,
    pub(crate) baggage: Baggage,
    /// The number of headers that were malformed or over their limit.
    pub(crate) rejected: u64,
}

/// Parses the headers; `lines` calls its second argument with each line of the header of that name.
pub(crate) fn receive(lines: impl Fn(&str, &mut dyn FnMut(&str))) -> Received {
    let mut rejected = 0;
    let parent = single_line(&lines, "traceparent", &mut rejected, TraceParent::parse);
    let order = single_line(&lines, "langsmith-trace", &mut rejected, DottedOrder::parse);
    let mut state = TraceState::default();
    if parent.is_some() {
        lines("tracestate", &mut |line| state.line(line));
        rejected += u64::from(state.is_broken());
    }
    let mut baggage = Baggage::default();
    lines("baggage", &mut |line| baggage.line(line));
    rejected += u64::from(baggage.is_cut());
    Received {
        remote: remote(parent, state, order),
        baggage,
        rejected,
    }
}

/// Combines the headers. `traceparent` takes precedence over `langsmith-trace`, whose trace id may differ;
/// LangSmith's path is still kept, to be continued in outbound calls.
fn remote(
    parent: Option<TraceParent>,
    state: TraceState,
    order: Option<DottedOrder>,
) -> Option<RemoteParent> {
    let Some(parent) = parent else {
        let order = order?;
        return Some(RemoteParent {
            trace: order.trace(),
            parent: order.parent(),
            flags: TraceParent::SAMPLED,
            state: "".into(),
            order: Some(order),
        });
    };
    let (ours, state) = state.into_parts();
    Some(RemoteParent {
        trace: parent.trace,
        parent: parent.full(ours),
        flags: parent.flags,
        state,
        order,
    })
}

/// Parses a header that must have exactly one line, and counts it as rejected otherwise.
fn single_line<T>(
    lines: &impl Fn(&str, &mut dyn FnMut(&str)),
    name: &str,
    rejected: &mut u64,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let (mut count, mut parsed) = (0_u32, None);
    lines(name, &mut |line| {
        count = count.saturating_add(1);
        // Several lines contradict each other, so none of them is used.
        parsed = if count == 1 { parse(line) } else { None };
    });
    *rejected += u64::from(count > 0 && parsed.is_none());
    parsed
}
