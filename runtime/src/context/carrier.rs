//! The carrier: the node that an annotated call or a scope leaves in the tracing span tree, and how the nearest one is found.
//!
//! Nodes are kept in the unfiltered `Registry`, reached through the dispatcher and never through a
//! layer's own view: so per-layer filters, `reload` and `in_current_span` cannot hide them. Everything
//! that descends from a node finds it by walking up; third-party spans between have none and are passed.

use std::fmt;
use std::sync::Arc;

use tracing::span::Id;
use tracing::{Dispatch, Span, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::frame::Frame;
use super::headers::{Received, Segment};
use super::self_time::{Children, SelfTime};
use super::trace::Trace;
use super::{Layer, RequestContext, SpanId, TraceId};
use crate::value::Fields;

/// No call remembers more errors of its children than this.
const MAX_BIRTHS: usize = 32;

/// What a call takes from the nearest node above it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inherited {
    /// Of the nearest annotated call.
    pub(crate) ids: Option<(TraceId, SpanId)>,
    /// The parent of that call.
    pub(crate) parent: Option<SpanId>,
    /// Of the nearest scope; where there is none, the trace has one.
    pub(crate) frame: Option<Arc<Frame>>,
    /// The bits of all layers from the root down to here.
    pub(crate) layers: u64,
    /// Of the nearest annotated call.
    pub(crate) origin: Option<&'static Origin>,
    /// What is shared by the calls of the trace.
    pub(crate) trace: Option<Arc<Trace>>,
    /// What the request has brought from another service.
    pub(crate) received: Option<Arc<Received>>,
}

impl Inherited {
    /// The fields of the request, as they are now.
    pub(crate) fn request(&self) -> Option<Arc<RequestContext>> {
        self.frame()?.now()
    }

    /// A request from another service begins here: it is part of the caller's trace, and of no call of this process.
    pub(crate) fn arrive(&mut self, received: Arc<Received>) {
        if let Some(remote) = &received.remote {
            self.ids = Some((remote.trace, remote.parent));
            self.parent = None;
            self.layers = 0;
            self.origin = None;
            self.trace = None;
        }
        self.received = Some(received);
    }

    /// The nearest scope, else the trace itself: what is bound belongs to it.
    pub(crate) fn frame(&self) -> Option<&Frame> {
        let scope = self.frame.as_deref();
        match &self.trace {
            Some(trace) => Some(trace.frame(scope)),
            None => scope,
        }
    }
}

/// Where an annotated function stands.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) operation: &'static str,
    pub(crate) layer: Layer,
    pub(crate) module: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
}

/// As a line of a stack trace.
impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({}:{})", self.operation, self.file, self.line)
    }
}

/// An error that a child has recorded: the hash of its deepest text, and where it was born.
pub(crate) type Birth = (u64, SpanId);

/// A node: what those below inherit, and what they report back.
#[derive(Debug)]
struct Node {
    inherited: Inherited,
    /// A scope carries context only; errors pass through it.
    is_call: bool,
    /// When the call began, in Unix microseconds.
    start: u64,
    /// The call is over, though what it started may still run below it.
    ended: bool,
    births: Vec<Birth>,
    /// What was recorded while the call ran.
    late: Fields,
    /// When the calls below it ran.
    children: Children,
}

/// A span closes when nothing runs in it or below it any more.
impl Drop for Node {
    fn drop(&mut self) {
        if let Some(trace) = self.inherited.trace.take() {
            Trace::leave(trace);
        }
    }
}

/// What a node was told while its call ran.
#[derive(Debug)]
pub(crate) struct Closed {
    pub(crate) late: Fields,
    /// What is left of the call's time without that of the calls below it.
    pub(crate) own: SelfTime,
}

/// Makes `span` a node, whose content `make` tells from that of the nearest node above, and returns what
/// `make` returned beside it. Without a span or a registry there is no node to be; `make` is asked all the same, and a
/// `parent` that was named tells then what is above. A call says when it has `begun`; a scope has no time of its own.
pub(crate) fn attach<R>(
    span: &Span,
    parent: Option<Option<&Id>>,
    begun: Option<u64>,
    make: impl FnOnce(Inherited) -> (Inherited, R),
) -> R {
    let mut make = Some(make);
    let placed = span.with_subscriber(|(id, dispatch)| {
        let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
        let above = span.parent().and_then(inherited).unwrap_or_default();
        let (inherited, result) = make.take()?(above);
        if let Some(start) = begun {
            tell_above(&span, |node| node.children.begin(start));
        }
        span.extensions_mut().replace(Node {
            inherited,
            is_call: begun.is_some(),
            start: begun.unwrap_or_default(),
            ended: false,
            births: Vec::new(),
            late: Fields::default(),
            children: Children::default(),
        });
        Some(result)
    });
    match (placed.flatten(), make) {
        (Some(result), _) => result,
        (None, Some(make)) => make(parent.map_or_else(current, named)).1,
        (None, None) => unreachable!("`make` was taken, so it has returned"),
    }
}

/// What the code that runs here would inherit.
pub(crate) fn current() -> Inherited {
    tracing::dispatcher::get_default(|dispatch| {
        let registry = dispatch.downcast_ref::<Registry>()?;
        nearest(registry, registry.current_span().id()?)
    })
    .unwrap_or_default()
}

/// What the code inside this span would inherit.
fn named(parent: Option<&Id>) -> Inherited {
    let found = tracing::dispatcher::get_default(|dispatch| {
        nearest(dispatch.downcast_ref::<Registry>()?, parent?)
    });
    found.unwrap_or_default()
}

/// What the nearest node at or above this span holds.
pub(crate) fn nearest(registry: &Registry, id: &Id) -> Option<Inherited> {
    registry.span(id).and_then(inherited)
}

fn inherited(from: SpanRef<'_, Registry>) -> Option<Inherited> {
    let mut span = from;
    loop {
        if let Some(node) = span.extensions().get::<Node>() {
            return Some(node.inherited.clone());
        }
        span = span.parent()?;
    }
}

/// The errors that the calls below this span have recorded.
pub(crate) fn births(span: &Span) -> Vec<Birth> {
    with_registry_span(span, |span| {
        span.extensions()
            .get::<Node>()
            .map(|node| node.births.clone())
    })
    .unwrap_or_default()
}

/// Tells the nearest call above this span that still runs of an error. Of errors that are alike the last one counts, and
/// the oldest is forgotten first: what a call fails with is most likely what failed last.
pub(crate) fn report_birth(span: &Span, birth: Birth) {
    with_registry_span(span, |span| {
        span.scope().skip(1).find_map(|above| {
            let mut extensions = above.extensions_mut();
            let node = extensions.get_mut::<Node>();
            let node = node.filter(|node| node.is_call && !node.ended)?;
            node.births.retain(|(hash, _)| *hash != birth.0);
            if node.births.len() >= MAX_BIRTHS {
                node.births.remove(0);
            }
            node.births.push(birth);
            Some(())
        })
    });
}

/// Changes what is kept for the record of the call whose span this is.
pub(crate) fn add_late(registry: &Registry, id: &Id, add: impl FnOnce(&mut Fields)) {
    if let Some(span) = registry.span(id) {
        let mut extensions = span.extensions_mut();
        let node = extensions.get_mut::<Node>().filter(|node| node.is_call);
        if let Some(node) = node {
            add(&mut node.late);
        }
    }
}

/// Changes what is kept for the record of the nearest call around the code that runs here.
pub(crate) fn add_late_here(add: impl FnOnce(&mut Fields)) {
    // The dispatcher asks for a closure that could be called twice.
    let mut add = Some(add);
    tracing::dispatcher::get_default(|dispatch| {
        let Some(registry) = dispatch.downcast_ref::<Registry>() else {
            return;
        };
        let current = registry.current_span();
        let from = current.id().and_then(|id| registry.span(id));
        let call = from.and_then(|from| from.scope().find(is_running));
        if let (Some(call), Some(add)) = (call, add.take()) {
            add_late(registry, &call.id(), add);
        }
    });
}

/// A call that has ended takes nothing more: what outlives it tells the one around it.
fn is_running(span: &SpanRef<'_, Registry>) -> bool {
    span.extensions()
        .get::<Node>()
        .is_some_and(|node| node.is_call && !node.ended)
}

/// The call of this span has run from `start` to `end`: takes what it was told, and tells the nearest call above.
pub(crate) fn close(span: &Span, start: u64, end: u64) -> Closed {
    let closed = with_registry_span(span, |span| {
        let (late, mut children) = {
            let mut extensions = span.extensions_mut();
            let node = extensions.get_mut::<Node>()?;
            node.ended = true;
            (
                std::mem::take(&mut node.late),
                std::mem::take(&mut node.children),
            )
        };
        tell_above(&span, |node| node.children.end(start, end));
        let own = children.close(start, end);
        Some(Closed { late, own })
    });
    closed.unwrap_or_else(|| Closed {
        late: Fields::default(),
        own: Children::default().close(start, end),
    })
}

/// Tells the nearest call above this span.
fn tell_above(span: &SpanRef<'_, Registry>, tell: impl FnOnce(&mut Node)) {
    let mut above = span.parent();
    while let Some(span) = above {
        let mut extensions = span.extensions_mut();
        let node = extensions.get_mut::<Node>();
        if let Some(node) = node.filter(|node| node.is_call) {
            return tell(node);
        }
        drop(extensions);
        above = span.parent();
    }
}

/// The calls of the trace that runs here, from its first in this process to the nearest.
pub(crate) fn segments() -> Vec<Segment> {
    let found = tracing::dispatcher::get_default(|dispatch| {
        let registry = dispatch.downcast_ref::<Registry>()?;
        let current = registry.current_span();
        let here = registry.span(current.id()?)?;
        let mut trace = None;
        let calls = here.scope().filter_map(|span| {
            let extensions = span.extensions();
            let node = extensions.get::<Node>().filter(|node| node.is_call)?;
            let (of, span) = node.inherited.ids?;
            // Beyond the door that a request came in by are other traces.
            (*trace.get_or_insert(of) == of).then_some(Segment {
                start: node.start,
                span,
            })
        });
        let mut calls: Vec<Segment> = calls.collect();
        calls.reverse();
        Some(calls)
    });
    found.unwrap_or_default()
}

/// The annotated calls from this span up to the root.
pub(crate) fn path(span: &Span) -> Vec<&'static Origin> {
    with_registry_span(span, |span| {
        let origins = span.scope().filter_map(|span| {
            let extensions = span.extensions();
            let node = extensions.get::<Node>().filter(|node| node.is_call)?;
            node.inherited.origin
        });
        Some(origins.collect())
    })
    .unwrap_or_default()
}

fn with_registry_span<R>(
    span: &Span,
    read: impl FnOnce(SpanRef<'_, Registry>) -> Option<R>,
) -> Option<R> {
    span.with_subscriber(|(id, dispatch): (&Id, &Dispatch)| {
        read(dispatch.downcast_ref::<Registry>()?.span(id)?)
    })
    .flatten()
}
