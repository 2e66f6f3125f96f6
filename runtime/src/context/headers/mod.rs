//! What a request brings from another service, and takes to the next: trace, parent, state and baggage, as headers have them.
//!
//! Headers come from strangers. Nothing here panics, and nothing grows with what is sent: each header has its limit, summed over
//! all of its lines. What is malformed is left out and counted.

mod baggage;
mod langsmith;
mod policy;
mod traceparent;
mod tracestate;

pub(crate) use baggage::{Baggage, baggage_header};
pub(crate) use langsmith::{DottedOrder, Segment};
pub use policy::Policy;
pub(crate) use traceparent::TraceParent;
pub(crate) use tracestate::{TraceState, tracestate_header};

use super::{SpanId, TraceId};

/// Where a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) trace: TraceId,
    /// The call there; of a foreign system only its last eight bytes are known.
    pub(crate) parent: SpanId,
    /// The flags of `traceparent`: a hint whether the caller keeps the trace.
    pub(crate) flags: u8,
    /// What other systems have written into `tracestate`.
    pub(crate) state: Box<str>,
    /// LangSmith's name of the parent.
    pub(crate) order: Option<DottedOrder>,
}

/// All that the headers of a request say.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) remote: Option<Remote>,
    pub(crate) baggage: Baggage,
    /// How many of the headers were malformed, or more than the limits allow.
    pub(crate) rejected: u64,
}

/// Reads the headers; `lines` gives each line of the header of that name.
pub(crate) fn receive(lines: impl Fn(&str, &mut dyn FnMut(&str))) -> Received {
    let mut rejected = 0;
    let parent = only(&lines, "traceparent", &mut rejected, TraceParent::parse);
    let order = only(&lines, "langsmith-trace", &mut rejected, DottedOrder::parse);
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

/// Where both systems have a header, `traceparent` counts here, and LangSmith's path goes on for LangSmith, whose trace may be another.
fn remote(
    parent: Option<TraceParent>,
    state: TraceState,
    order: Option<DottedOrder>,
) -> Option<Remote> {
    let Some(parent) = parent else {
        let order = order?;
        return Some(Remote {
            trace: order.trace(),
            parent: order.parent(),
            flags: TraceParent::SAMPLED,
            state: "".into(),
            order: Some(order),
        });
    };
    let (ours, state) = state.into_parts();
    Some(Remote {
        trace: parent.trace,
        parent: parent.full(ours),
        flags: parent.flags,
        state,
        order,
    })
}

/// A header that stands once and is well-formed.
fn only<T>(
    lines: &impl Fn(&str, &mut dyn FnMut(&str)),
    name: &str,
    rejected: &mut u64,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let (mut times, mut parsed) = (0_u32, None);
    lines(name, &mut |line| {
        times = times.saturating_add(1);
        // Of many lines none is read: they contradict one another, whatever they are.
        parsed = if times == 1 { parse(line) } else { None };
    });
    *rejected += u64::from(times > 0 && parsed.is_none());
    parsed
}
