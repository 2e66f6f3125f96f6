//! What belongs to a span from its creation on: its parent, what it follows from, its first values, and a request's context.

use std::sync::Arc;

use tracing::span::Id;
use tracing::subscriber::NoSubscriber;
use tracing::{Span, Value};

use super::call::Call;
use super::callsite::SpanCallsite;
use super::pending::Pending;
use super::scope::{Arrival, LogContext, bind};
use super::watch::Watch;
use crate::context::RequestContext;
use crate::context::carrier::Inherited;
use crate::context::headers::Received;
use crate::dispatch::{self, Handle};

/// A span, or its id, that another can stand below or follow from; `None` is none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no span",
    label = "not a span",
    note = "give a span or its id: `parent = &span`, or `parent = None` for the root of a new trace; `follows_from` takes a list of them"
)]
pub trait SpanRef {
    /// The id.
    fn id(self) -> Option<Id>;
}

#[diagnostic::do_not_recommend]
impl<T: Into<Option<Id>>> SpanRef for T {
    fn id(self) -> Option<Id> {
        self.into()
    }
}

/// Some spans that another follows from.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of spans",
    label = "not a list of spans",
    note = "give a list, also of one: `follows_from = [&span]`"
)]
pub trait SpanRefs {
    /// The ids.
    fn ids(self) -> impl Iterator<Item = Id>;
}

#[diagnostic::do_not_recommend]
impl<T: IntoIterator<Item: SpanRef>> SpanRefs for T {
    fn ids(self) -> impl Iterator<Item = Id> {
        self.into_iter().filter_map(SpanRef::id)
    }
}

/// A call about to be opened.
#[derive(Debug)]
pub struct Opening {
    site: &'static SpanCallsite,
    enabled: bool,
    handle: Option<Handle>,
    said: Said,
    /// It is opened by the first poll, and only what it will need is kept now.
    later: bool,
}

/// What the annotation says of the call's place.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The span named as the parent; `Some(None)` for a root.
    pub(super) parent: Option<Option<Id>>,
    causes: Vec<Id>,
    pub(super) context: Option<Arc<RequestContext>>,
    pub(super) received: Option<Arc<Received>>,
}

/// Whether there is no subscriber here. The callsite does not know: it remembers what subscribers elsewhere want, or have wanted.
#[cold]
fn is_unheard() -> bool {
    tracing::dispatcher::get_default(|to| to.is::<NoSubscriber>())
}

impl Opening {
    /// A call of this site, unless nobody would hear of it.
    pub(super) fn begin(site: &'static SpanCallsite) -> Option<Self> {
        let (enabled, handle) = (site.is_enabled(), dispatch::current());
        if handle.is_none() {
            dispatch::hint_not_started(site.origin.operation);
            if !enabled || is_unheard() {
                return None;
            }
        }
        Some(Self {
            site,
            enabled,
            handle,
            said: Said::default(),
            later: site.deferred,
        })
    }

    /// The time has come for what was kept.
    pub(super) fn now(mut self, said: Said) -> Self {
        self.said = said;
        self.later = false;
        self
    }

    /// The span is a child of this one, or the root of a new trace.
    #[must_use]
    pub fn parent(mut self, parent: impl SpanRef) -> Self {
        self.said.parent = Some(parent.id());
        self
    }

    /// The span follows from these.
    #[must_use]
    pub fn follows_from(mut self, causes: impl SpanRefs) -> Self {
        self.said.causes.extend(causes.ids());
        self
    }

    /// The request's fields, for the call and all below it.
    #[must_use]
    pub fn context(mut self, context: &dyn LogContext) -> Self {
        self.said.context = Some(bind(context, &Inherited::default()));
        self.said.received = context.arrival().map(Arrival::into_inner);
        self
    }

    /// Opens the span with the values of the site's first fields.
    #[must_use]
    pub fn call(self, values: &[&dyn Value]) -> Call {
        let site = self.site;
        if self.later {
            return Call::later(site, Pending::new(site, self.said, values));
        }
        let span = self.span(values);
        for cause in &self.said.causes {
            span.follows_from(cause);
        }
        let said = self.said;
        let watch = self.handle.map(|handle| {
            let mut watch = Watch::begin(site, &span, handle, said);
            watch.capture(site, 0, values);
            watch
        });
        Call::new(site, span, watch)
    }

    fn span(&self, values: &[&dyn Value]) -> Span {
        if !self.enabled {
            return Span::none();
        }
        let meta = self.site.metadata();
        let mut all: Vec<Option<&dyn Value>> = Vec::new();
        let values = if values.is_empty() {
            meta.fields().value_set(&[])
        } else {
            all.extend(values.iter().copied().map(Some));
            all.resize(meta.fields().len(), None);
            meta.fields().value_set_all(&all)
        };
        match &self.said.parent {
            None => Span::new(meta, &values),
            Some(None) => Span::new_root(meta, &values),
            Some(Some(parent)) => Span::child_of(parent.clone(), meta, &values),
        }
    }
}
