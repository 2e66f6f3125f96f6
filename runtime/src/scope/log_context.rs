//! The trait of request contexts, and the scopes opened with it.
//!
//! A scope is a span that holds the request fields of all code inside; it has no id and no record.

use std::sync::Arc;

use tracing::Span;
use tracing::instrument::{Instrument, Instrumented};
use tracing::span::EnteredSpan;

use super::bind::bind_all;
use super::callsite::{ScopeCallsite, default_callsite};
use super::collect::collect;
use super::logger::Logger;
use super::received::ReceivedHeaders;
use super::visitor::ContextVisitor;
use crate::context::{Frame, RequestContext};
use crate::trace::{self, Inherited};

/// The fields of a request, which are added to every record inside its scope.
///
/// `#[derive(LogContext)]` writes the implementation. Fields named `request_id`, `user_id`, `session_id` and
/// `tenant_id` are fields of the record itself; all others go into its `context`.
///
/// ```
/// use ragspan::{LogContext, rag_span};
///
/// #[derive(LogContext)]
/// struct Request {
///     user_id: String,
///     plan: &'static str,
///     #[log(redact)]
///     api_key: String,
/// }
///
/// #[rag_span(layer = "api")]
/// fn answer() {}
///
/// let (_, seen) = ragspan::testing::capture(|| {
///     let request = Request { user_id: "ada".into(), plan: "free", api_key: "s3cret".into() };
///     request.in_scope(answer);
/// });
/// let record = seen.record("answer_complete");
/// assert_eq!(record["user_id"], "ada");
/// assert_eq!(record["context"]["plan"], "free");
/// assert_eq!(record["context"]["api_key"], "[redacted]");
/// ```
///
/// A manual implementation has one method, which reports each field to a [`ContextVisitor`]:
///
/// ```
/// use ragspan::scope::ContextVisitor;
/// use ragspan::{LogContext, rag_span};
///
/// enum Caller {
///     User { id: u64, email: String },
///     Job(&'static str),
/// }
///
/// impl LogContext for Caller {
///     fn visit(&self, out: &mut ContextVisitor<'_>) {
///         match self {
///             Self::User { id, email } => {
///                 out.field("user_id", id);
///                 out.hashed("email", email);
///             }
///             Self::Job(name) => out.field("job", name),
///         }
///     }
/// }
///
/// #[rag_span(layer = "ingestion")]
/// fn ingest() {}
///
/// let (_, seen) = ragspan::testing::capture(|| {
///     Caller::Job("nightly").in_scope(ingest);
///     Caller::User { id: 7, email: "ada@example.com".into() }.in_scope(|| tracing::info!("asked"));
/// });
/// assert_eq!(seen.record("ingest_complete")["context"]["job"], "nightly");
/// assert_eq!(seen.record("asked")["user_id"], "7");
/// ```
///
/// `&C`, `Option<C>`, `Box<C>`, `Arc<C>`, `Rc<C>` and `Cow<C>` implement it for a context `C`; `None` has no fields.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a request context",
    label = "this does not implement `LogContext`",
    note = "write #[derive(ragspan::LogContext)] above the struct"
)]
pub trait LogContext {
    /// Reports each field to `out`.
    fn visit(&self, out: &mut ContextVisitor<'_>);

    /// Returns the callsite of the scope's span.
    #[doc(hidden)]
    fn scope_callsite(&self) -> &'static ScopeCallsite {
        default_callsite()
    }

    /// Returns the headers with which the request came from another service.
    #[doc(hidden)]
    fn received_headers(&self) -> Option<ReceivedHeaders> {
        None
    }

    /// Runs `future` with these fields on every record inside it. Fields of an outer scope still apply, except those
    /// set again by this one.
    fn scope<F: Future>(&self, future: F) -> Instrumented<F>
    where
        Self: Sized,
    {
        future.instrument(open(self))
    }

    /// Runs `body` with these fields on every record inside it.
    fn in_scope<R>(&self, body: impl FnOnce() -> R) -> R
    where
        Self: Sized,
    {
        open(self).in_scope(body)
    }

    /// Adds these fields to every record of this thread until the returned guard is dropped. In `async` code use
    /// [`scope`](Self::scope) instead: the guard is not `Send`, and must not be held across an `await`.
    ///
    /// ```
    /// # use ragspan::{LogContext, rag_span};
    /// #[derive(LogContext)]
    /// struct Job { job: u32 }
    ///
    /// #[rag_span(layer = "ingestion")]
    /// fn index() {}
    ///
    /// let (_, seen) = ragspan::testing::capture(|| {
    ///     let _job = Job { job: 7 }.enter();
    ///     index();
    /// });
    /// assert_eq!(seen.record("index_complete")["context"]["job"], 7);
    /// ```
    fn enter(&self) -> EnteredScope
    where
        Self: Sized,
    {
        EnteredScope {
            _span: open(self).entered(),
        }
    }

    /// Adds these fields to the request that this code is part of, as [`bind`](crate::scope::bind) does for one field.
    fn bind(&self)
    where
        Self: Sized,
    {
        bind_context(self);
    }

    /// Returns a logger that adds these fields to every event.
    fn logger(&self) -> Logger
    where
        Self: Sized,
    {
        new_logger(self)
    }
}

/// A guard returned by [`LogContext::enter`]. Dropping it ends the scope.
#[derive(Debug)]
#[must_use = "the scope ends when this is dropped"]
pub struct EnteredScope {
    _span: EnteredSpan,
}

/// True if instrumentation is disabled for this build: scopes then add no fields.
pub(crate) const OFF: bool = cfg!(all(feature = "off", not(feature = "testing")));

fn open<C: LogContext>(context: &C) -> Span {
    let callsite = context.scope_callsite();
    if OFF || !callsite.is_enabled() {
        return Span::none();
    }
    let span = callsite.span();
    trace::attach(&span, None, None, |mut inherited| {
        if let Some(received) = context.received_headers() {
            inherited.receive(received.into_inner());
        }
        let fields = fields_over(context, &inherited);
        inherited.frame = Some(Arc::new(Frame::new(Some(fields))));
        (inherited, ())
    });
    span
}

// The functions below take `&dyn LogContext`, so that they are compiled once and not for each context.

fn bind_context(context: &dyn LogContext) {
    bind_all(|out| context.visit(out));
}

fn new_logger(context: &dyn LogContext) -> Logger {
    let mut fields = RequestContext::default();
    collect(&mut fields, |out| context.visit(out));
    Logger(Arc::new(fields))
}

/// Returns the inherited fields with those of `context` added. Fields of `context` take precedence.
pub(crate) fn fields_over(context: &dyn LogContext, inherited: &Inherited) -> Arc<RequestContext> {
    let mut request = inherited.request().as_deref().cloned().unwrap_or_default();
    collect(&mut request, |out| context.visit(out));
    Arc::new(request)
}
