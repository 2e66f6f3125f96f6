//! The visitor to which a `LogContext` reports its fields.

use std::fmt::{Debug, Display};

use crate::context::{RequestContext, hash};
use crate::privacy::REDACTED;
use crate::recordable::Metric;
use crate::value::Fields;

/// Collects the fields of a [`LogContext`](crate::LogContext), one method call for each field.
///
/// `request_id`, `user_id`, `session_id` and `tenant_id` are fields of the record itself, as text; the other fields
/// go into its `context`, and metrics into its `metrics`. If a name is reported twice, the last value applies. A
/// value that records nothing, like `None`, leaves the field as an outer scope has set it. Text is cut at 64 KiB.
#[derive(Debug)]
pub struct ContextVisitor<'a> {
    context: &'a mut RequestContext,
    scratch: Fields,
    /// The number of rejected ids.
    rejected: u64,
}

impl<'a> ContextVisitor<'a> {
    /// Creates a visitor that adds fields to `context`.
    pub(crate) fn new(context: &'a mut RequestContext) -> Self {
        Self {
            context,
            scratch: Fields::default(),
            rejected: 0,
        }
    }

    /// Returns how many ids were rejected: empty, too long, or with control characters. Derived ids replace them.
    pub(super) fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Adds all fields of another request.
    pub(super) fn all(&mut self, other: &RequestContext) {
        *self.context = other.over(self.context);
    }

    /// Adds a number, a boolean, a text, or an `Option` of one.
    ///
    /// ```
    /// use ragspan::scope::ContextVisitor;
    /// use ragspan::LogContext;
    ///
    /// struct Request { user_id: u64, plan: Option<&'static str> }
    ///
    /// impl LogContext for Request {
    ///     fn visit(&self, out: &mut ContextVisitor<'_>) {
    ///         out.field("user_id", &self.user_id);
    ///         out.field("plan", &self.plan);
    ///     }
    /// }
    /// # let (_, seen) = ragspan::testing::capture(|| {
    /// #     Request { user_id: 7, plan: Some("free") }.in_scope(|| tracing::info!("here"));
    /// # });
    /// # assert_eq!(seen.record("here")["user_id"], "7");
    /// # assert_eq!(seen.record("here")["context"]["plan"], "free");
    /// ```
    pub fn field(&mut self, name: &'static str, value: &dyn tracing::Value) {
        self.put(name, |to| to.capture(name, value));
    }

    /// Adds a field without its value, which is shown as `[redacted]`.
    ///
    /// ```
    /// # struct Request { api_key: String }
    /// # impl ragspan::LogContext for Request {
    /// fn visit(&self, out: &mut ragspan::scope::ContextVisitor<'_>) {
    ///     out.redacted("api_key");
    /// }
    /// # }
    /// # let (_, seen) = ragspan::testing::capture(|| {
    /// #     ragspan::LogContext::in_scope(&Request { api_key: "s3cret".into() }, || tracing::info!("here"));
    /// # });
    /// # assert_eq!(seen.record("here")["context"]["api_key"], "[redacted]");
    /// ```
    pub fn redacted(&mut self, name: &'static str) {
        self.put(name, |to| to.push_text(name, REDACTED));
    }

    /// Adds a keyed hash of the value's `Display` output. Equal values have equal hashes, and the value cannot be
    /// read back.
    ///
    /// The hash is `hash:` and 16 hexadecimal digits: the first 64 bits of an HMAC-SHA-256 over at most 1 MiB of
    /// text. The key is that of [`Config::hash_key`](crate::Config::hash_key), or else a random one for the lifetime
    /// of the process. If the system has no source of randomness either, the field is shown as `[redacted]`.
    ///
    /// ```
    /// # struct Request { email: Option<String> }
    /// # impl ragspan::LogContext for Request {
    /// fn visit(&self, out: &mut ragspan::scope::ContextVisitor<'_>) {
    ///     if let Some(email) = &self.email {
    ///         out.hashed("email", email);
    ///     }
    /// }
    /// # }
    /// # let (_, seen) = ragspan::testing::capture(|| {
    /// #     ragspan::LogContext::in_scope(&Request { email: Some("ada@example.com".into()) }, || tracing::info!("here"));
    /// # });
    /// # let shown = seen.record("here")["context"]["email"].as_str().unwrap();
    /// # assert_eq!((shown.len(), shown.starts_with("hash:")), (21, true));
    /// ```
    pub fn hashed(&mut self, name: &'static str, value: &dyn Display) {
        match hash(value) {
            Some(text) => self.put(name, |to| to.push_text(name, &text)),
            None => self.redacted(name),
        }
    }

    /// Adds the value's `Display` output.
    ///
    /// ```
    /// # struct Request { client: std::net::IpAddr }
    /// # impl ragspan::LogContext for Request {
    /// fn visit(&self, out: &mut ragspan::scope::ContextVisitor<'_>) {
    ///     out.display("client", &self.client);
    /// }
    /// # }
    /// # let (_, seen) = ragspan::testing::capture(|| {
    /// #     let client = std::net::Ipv4Addr::LOCALHOST.into();
    /// #     ragspan::LogContext::in_scope(&Request { client }, || tracing::info!("here"));
    /// # });
    /// # assert_eq!(seen.record("here")["context"]["client"], "127.0.0.1");
    /// ```
    pub fn display(&mut self, name: &'static str, value: &dyn Display) {
        self.put(name, |to| to.print_named(name, format_args!("{value}")));
    }

    /// Adds the value's `Debug` output.
    ///
    /// ```
    /// # #[derive(Debug)] enum Plan { Free }
    /// # struct Request { plan: Plan }
    /// # impl ragspan::LogContext for Request {
    /// fn visit(&self, out: &mut ragspan::scope::ContextVisitor<'_>) {
    ///     out.debug("plan", &self.plan);
    /// }
    /// # }
    /// # let (_, seen) = ragspan::testing::capture(|| {
    /// #     ragspan::LogContext::in_scope(&Request { plan: Plan::Free }, || tracing::info!("here"));
    /// # });
    /// # assert_eq!(seen.record("here")["context"]["plan"], "Free");
    /// ```
    pub fn debug(&mut self, name: &'static str, value: &dyn Debug) {
        self.put(name, |to| to.print_named(name, format_args!("{value:?}")));
    }

    /// Adds a number, or an `Option` of one, to the `metrics` of each record inside the scope. NaN, infinity and
    /// `None` are ignored. A record's own metric of the same name takes precedence.
    ///
    /// ```
    /// # struct Request { turn: u32 }
    /// # impl ragspan::LogContext for Request {
    /// fn visit(&self, out: &mut ragspan::scope::ContextVisitor<'_>) {
    ///     out.metric("turn", &self.turn);
    /// }
    /// # }
    /// # let (_, seen) = ragspan::testing::capture(|| {
    /// #     ragspan::LogContext::in_scope(&Request { turn: 3 }, || tracing::info!("here"));
    /// # });
    /// # assert_eq!(seen.record("here")["metrics"]["turn"], 3);
    /// ```
    pub fn metric(&mut self, name: &'static str, value: &impl Metric) {
        self.number(name, value);
    }

    /// Adds a number to the metrics of each record; not part of the public API, which is `metric`.
    #[doc(hidden)]
    pub fn number(&mut self, name: &'static str, value: &dyn tracing::Value) {
        self.scratch.clear();
        // Metrics are never redacted by name, unlike fields.
        self.scratch.capture("metrics.", value);
        self.context.set_metric(name, &self.scratch);
    }

    fn put(&mut self, name: &'static str, write: impl FnOnce(&mut Fields)) {
        self.scratch.clear();
        write(&mut self.scratch);
        if !self.context.set(name, &mut self.scratch) {
            self.rejected += 1;
        }
    }
}
