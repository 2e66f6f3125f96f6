//! Takes the fields of a request's context, one call a field.

use std::fmt::{Debug, Display};

use super::RequestContext;
use super::hash::hash;
use crate::privacy::REDACTED;
use crate::value::Fields;

/// Takes the fields of a [`LogContext`](crate::LogContext), one call a field.
///
/// `request_id`, `user_id`, `session_id` and `tenant_id` have their own places in a record and are text there; the other
/// fields go into its `context`, and metrics into its `metrics`. Of a name that is given twice the last counts. What records
/// nothing, as `None`, leaves what an outer scope has set. A text is kept up to 64 KiB.
#[derive(Debug)]
pub struct ContextVisitor<'a> {
    context: &'a mut RequestContext,
    scratch: Fields,
    /// Ids that could not be taken.
    refused: u64,
}

impl<'a> ContextVisitor<'a> {
    /// Adds to `context`.
    pub(crate) fn new(context: &'a mut RequestContext) -> Self {
        Self {
            context,
            scratch: Fields::default(),
            refused: 0,
        }
    }

    /// How many ids were too long, or held what no id holds, and are made anew.
    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }

    /// All fields of another request.
    pub(crate) fn all(&mut self, other: &RequestContext) {
        *self.context = other.over(self.context);
    }

    /// A number, a boolean, text, or an `Option` of one.
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

    /// That the field is there, and not what it is: it is shown as `[redacted]`.
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

    /// A keyed hash of what the value prints by `Display`: records of one value have the same, and the value cannot be read from it.
    ///
    /// It is `hash:` and 16 hexadecimal digits, the first 64 bits of an HMAC-SHA-256 over at most 1 MiB of text. The key is that of
    /// [`Config::hash_key`](crate::Config::hash_key), else one of chance that ends with the process. Where the system has no
    /// chance to give either, the field is shown as `[redacted]`.
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

    /// What the value prints by `Display`.
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

    /// What the value prints by `Debug`.
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

    /// A number among the metrics of each record; no part of the public API, which is `metric`.
    #[doc(hidden)]
    pub fn number(&mut self, name: &'static str, value: &dyn tracing::Value) {
        self.scratch.clear();
        // As a number among metrics it is no secret, whatever its name.
        self.scratch.capture("metrics.", value);
        self.context.put_metric(name, &self.scratch);
    }

    fn put(&mut self, name: &'static str, write: impl FnOnce(&mut Fields)) {
        self.scratch.clear();
        write(&mut self.scratch);
        if !self.context.put(name, &mut self.scratch) {
            self.refused += 1;
        }
    }
}
