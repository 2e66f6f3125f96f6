//! The context of a request, bound to all that runs inside it.
//!
//! A scope is an ERROR-level span with a callsite in the user's own crate, so that `EnvFilter("warn")` or
//! `mycrate=debug` does not switch the context off. It carries fields; it has no id and no record.

use std::sync::Arc;

use tracing::callsite::{DefaultCallsite, Identifier};
use tracing::field::FieldSet;
use tracing::instrument::{Instrument, Instrumented};
use tracing::span::EnteredSpan;
use tracing::subscriber::NoSubscriber;
use tracing::{Level, Metadata, Span};
use tracing_core::Kind;

use super::bind::{bind_all, fill};
use super::logger::Logger;
use crate::context::carrier::{self, Inherited};
use crate::context::frame::Frame;
use crate::context::headers::Received;
use crate::context::{ContextVisitor, RequestContext};

/// The callsite of a scope; derives make one, and it is no part of the public API.
#[derive(Debug)]
pub struct ScopeCallsite {
    callsite: DefaultCallsite,
    meta: Metadata<'static>,
}

impl ScopeCallsite {
    /// A site that knows itself as `me`.
    #[must_use]
    pub const fn new(
        me: &'static Self,
        name: &'static str,
        module: &'static str,
        file: &'static str,
        line: u32,
    ) -> Self {
        let fields = FieldSet::new(&["context"], Identifier(&me.callsite));
        let (file, line) = (Some(file), Some(line));
        Self {
            callsite: DefaultCallsite::new(&me.meta),
            meta: Metadata::new(
                name,
                module,
                Level::ERROR,
                file,
                line,
                Some(module),
                fields,
                Kind::SPAN,
            ),
        }
    }

    fn is_enabled(&'static self) -> bool {
        let interest = self.callsite.interest();
        // That every subscriber wants it does not mean that there is one here.
        !interest.is_never()
            && tracing::dispatcher::get_default(|to| match interest.is_always() {
                true => !to.is::<NoSubscriber>(),
                false => to.enabled(&self.meta),
            })
    }
}

static OWN: ScopeCallsite = ScopeCallsite::new(&OWN, "context", module_path!(), file!(), line!());

/// The callsite of scopes whose context has none of its own.
pub(super) fn own_site() -> &'static ScopeCallsite {
    &OWN
}

/// Whether a scope made here would carry anything.
pub(crate) fn scope_is_enabled() -> bool {
    OWN.is_enabled()
}

/// The fields of a request, which every record inside its scope repeats.
///
/// `#[derive(LogContext)]` writes the implementation. Fields named `request_id`, `user_id`, `session_id`
/// and `tenant_id` have their own places in a record; the others go into its `context`.
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
/// By hand it is one method, which tells a [`ContextVisitor`] each field:
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
/// What holds a context is one: `&C`, `Option<C>`, where `None` has no fields, `Box<C>`, `Arc<C>`, `Rc<C>` and `Cow<C>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no context of a request",
    label = "this does not implement `LogContext`",
    note = "write #[derive(ragspan::LogContext)] above the struct"
)]
pub trait LogContext {
    /// Hands each field to `out`.
    fn visit(&self, out: &mut ContextVisitor<'_>);

    /// The callsite of the scope's span.
    #[doc(hidden)]
    fn scope_site(&self) -> &'static ScopeCallsite {
        &OWN
    }

    /// What came from another service with it.
    #[doc(hidden)]
    fn arrival(&self) -> Option<Arrival> {
        None
    }

    /// Runs `future` with these fields on every record inside it. Fields of an outer scope stay, unless
    /// they are set again here.
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

    /// Puts these fields on every record from here to where the guard is dropped, on this thread. In `async` code use
    /// [`scope`](Self::scope): the guard can't be sent to another thread, and must not be held across an `await`.
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

    /// Adds these fields to the request that the code runs in, as [`bind`](crate::scope::bind) does with one.
    fn bind(&self)
    where
        Self: Sized,
    {
        bind_all(self);
    }

    /// A logger whose every event carries these fields.
    fn logger(&self) -> Logger
    where
        Self: Sized,
    {
        Logger::of(self)
    }
}

/// What [`LogContext::enter`] returns: the scope ends when it is dropped.
#[derive(Debug)]
#[must_use = "the scope ends when this is dropped"]
pub struct EnteredScope {
    _span: EnteredSpan,
}

/// What [`extract`](crate::propagation::extract) has read of a request's headers.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Arrival(Arc<Received>);

impl Arrival {
    pub(crate) fn new(received: Arc<Received>) -> Self {
        Self(received)
    }

    pub(super) fn into_inner(self) -> Arc<Received> {
        self.0
    }
}

/// Instrumentation is switched off for this build: a scope carries nothing.
pub(crate) const OFF: bool = cfg!(all(feature = "off", not(feature = "testing")));

fn open<C: LogContext>(context: &C) -> Span {
    let site = context.scope_site();
    if OFF || !site.is_enabled() {
        return Span::none();
    }
    let span = Span::new(&site.meta, &site.meta.fields().value_set(&[]));
    carrier::attach(&span, None, None, |mut above| {
        if let Some(arrival) = context.arrival() {
            above.arrive(arrival.into_inner());
        }
        let fields = bind(context, &above);
        above.frame = Some(Arc::new(Frame::new(Some(fields))));
        (above, ())
    });
    span
}

/// What is above, with the fields of `context` in the place of those of the same name.
pub(super) fn bind(context: &dyn LogContext, above: &Inherited) -> Arc<RequestContext> {
    let mut request = above.request().as_deref().cloned().unwrap_or_default();
    fill(&mut request, |out| context.visit(out));
    Arc::new(request)
}
