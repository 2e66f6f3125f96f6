//! What belongs to a span from its creation on: its parent, what it follows from, its first values, and a request's context.

use std::sync::Arc;

use tracing::span::Id;
use tracing::{Span, Value};

use super::call::Call;
use super::pending::Pending;
use super::scope::{LogContext, bind};
use super::site::Site;
use super::watch::Watch;
use crate::context::RequestContext;
use crate::context::carrier::Inherited;
use crate::dispatch::Handle;

/// A call about to be opened.
#[derive(Debug)]
pub struct Opening {
    site: &'static Site,
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
}

impl Opening {
    pub(super) fn new(site: &'static Site, enabled: bool, handle: Option<Handle>) -> Self {
        Self {
            site,
            enabled,
            handle,
            said: Said::default(),
            later: site.deferred,
        }
    }

    /// The time has come for what was kept.
    pub(super) fn now(mut self, said: Said) -> Self {
        self.said = said;
        self.later = false;
        self
    }

    /// The span is a child of this one, or the root of a new trace.
    #[must_use]
    pub fn parent(mut self, parent: impl Into<Option<Id>>) -> Self {
        self.said.parent = Some(parent.into());
        self
    }

    /// The span follows from these.
    #[must_use]
    pub fn follows_from<I: Into<Option<Id>>>(
        mut self,
        causes: impl IntoIterator<Item = I>,
    ) -> Self {
        let causes = causes.into_iter().filter_map(Into::into);
        self.said.causes.extend(causes);
        self
    }

    /// The request's fields, for the call and all below it.
    #[must_use]
    pub fn context(mut self, context: &dyn LogContext) -> Self {
        self.said.context = Some(bind(context, &Inherited::default()));
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
