//! The public view of the request and the call that enclose the current code.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, json};

use super::inherited::Inherited;
use super::lookup::current;
use crate::clock;
use crate::context::{RequestContext, SpanId, TraceId};
use crate::value::Fields;

/// A snapshot of the request and the call that enclose the current code.
///
/// ```
/// use ragspan::{Context, LogContext, rag_span};
///
/// #[derive(LogContext)]
/// struct Request { user_id: String, plan: &'static str }
///
/// #[rag_span(layer = "api")]
/// fn answer() -> Context {
///     Context::current()
/// }
///
/// let (context, seen) = ragspan::testing::capture(|| {
///     let request = Request { user_id: "ada".into(), plan: "free" };
///     request.in_scope(answer)
/// });
/// let record = seen.record("answer_complete");
/// assert_eq!(record["trace_id"], context.trace_id().unwrap().to_string());
/// assert_eq!(record["request_id"], *context.request_id().unwrap());
/// assert_eq!(context.user_id(), Some("ada"));
/// assert_eq!(context.field("plan").unwrap(), "free");
/// assert_eq!(Context::current().trace_id(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    inherited: Inherited,
    request: Option<Arc<RequestContext>>,
    /// Unix microseconds.
    now: u64,
}

impl Context {
    /// Looks up the request and the call that enclose the current code.
    #[must_use]
    pub fn current() -> Self {
        let inherited = current();
        Self {
            request: inherited.request(),
            inherited,
            now: clock::now().unix_micros(),
        }
    }

    /// Returns the trace of the nearest annotated call; `None` outside of any call.
    #[must_use]
    pub fn trace_id(&self) -> Option<TraceId> {
        self.inherited.ids.map(|(trace, _)| trace)
    }

    /// Returns the span of the nearest annotated call; `None` outside of any call.
    #[must_use]
    pub fn span_id(&self) -> Option<SpanId> {
        self.inherited.ids.map(|(_, span)| span)
    }

    /// Returns the parent span of the nearest annotated call; `None` if that call is the root of its trace, and
    /// outside of any call.
    #[must_use]
    pub fn parent_span_id(&self) -> Option<SpanId> {
        self.inherited.parent
    }

    /// Returns the operation of the nearest annotated call; `None` outside of any call.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.inherited.callsite.map(|callsite| callsite.operation)
    }

    /// Returns the request id set by a scope, or one derived from the trace id; `None` if there is neither.
    #[must_use]
    pub fn request_id(&self) -> Option<Cow<'_, str>> {
        RequestContext::request_id_of(self.request.as_deref(), self.trace_id())
    }

    /// Returns the session id set by a scope, or one derived from the trace id; `None` if there is neither.
    #[must_use]
    pub fn session_id(&self) -> Option<Cow<'_, str>> {
        RequestContext::session_id_of(self.request.as_deref(), self.trace_id())
    }

    /// Returns the user id set by an enclosing scope.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.request.as_ref()?.user_id.as_deref()
    }

    /// Returns the tenant id set by an enclosing scope.
    #[must_use]
    pub fn tenant_id(&self) -> Option<&str> {
        self.request.as_ref()?.tenant_id.as_deref()
    }

    /// Returns another field of the request, as it appears in the `context` of a record.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<serde_json::Value> {
        self.request.as_ref()?.fields.json(name)
    }

    /// Returns the data that a call started by the current code would inherit.
    pub(crate) fn inherited(&self) -> &Inherited {
        &self.inherited
    }

    /// Returns any field as text, including the four ids.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match name {
            "request_id" => self.request_id().map(Cow::into_owned),
            "session_id" => self.session_id().map(Cow::into_owned),
            "user_id" => self.user_id().map(str::to_owned),
            "tenant_id" => self.tenant_id().map(str::to_owned),
            _ => match self.field(name)? {
                serde_json::Value::String(text) => Some(text),
                other => Some(other.to_string()),
            },
        }
    }

    /// Returns how long the trace had run in this process at the time of the lookup; `None` outside of any annotated
    /// call.
    #[must_use]
    pub fn elapsed(&self) -> Option<Duration> {
        let trace = self.inherited.trace.as_ref()?;
        Some(Duration::from_micros(self.now.saturating_sub(trace.start)))
    }

    /// Returns all fields as JSON, under the keys of a record, and `elapsed_ms`.
    ///
    /// ```
    /// #[ragspan::rag_span(layer = "api")]
    /// fn answer() -> serde_json::Value {
    ///     ragspan::Context::current().to_json()
    /// }
    ///
    /// let (json, seen) = ragspan::testing::capture(answer);
    /// assert_eq!(json["trace_id"], seen.record("answer_complete")["trace_id"]);
    /// assert!(json["elapsed_ms"].is_number());
    /// ```
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let text = |id: Option<String>| id.map_or(serde_json::Value::Null, Into::into);
        let elapsed = self.elapsed().map(|elapsed| elapsed.as_secs_f64() * 1000.0);
        let request = self.request.as_deref();
        let all = |fields: Option<&Fields>| -> Map<_, _> {
            fields.into_iter().flat_map(Fields::all_json).collect()
        };
        json!({
            "trace_id": text(self.trace_id().map(|id| id.to_string())),
            "span_id": text(self.span_id().map(|id| id.to_string())),
            "parent_span_id": text(self.parent_span_id().map(|id| id.to_string())),
            "request_id": self.request_id(),
            "user_id": self.user_id(),
            "session_id": self.session_id(),
            "tenant_id": self.tenant_id(),
            "context": all(request.map(|request| &request.fields)),
            "metrics": all(request.map(|request| &request.metrics)),
            "elapsed_ms": elapsed,
        })
    }
}

/// Returns the trace id of the nearest annotated call; `None` outside of any call. Meant for error pages and response
/// headers.
///
/// ```
/// #[ragspan::rag_span(layer = "api")]
/// fn answer() -> Option<String> {
///     ragspan::trace_id().map(|id| format!("something went wrong; please quote {id} to support"))
/// }
/// # ragspan::testing::capture(|| assert!(answer().is_some()));
/// assert_eq!(ragspan::trace_id(), None);
/// ```
#[must_use]
pub fn trace_id() -> Option<TraceId> {
    current().ids.map(|(trace, _)| trace)
}
