//! Implementations of `LogContext` for references, smart pointers, `Option` and `Logger`, and nested contexts.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use super::callsite::{ScopeCallsite, default_callsite};
use super::log_context::LogContext;
use super::logger::Logger;
use super::received::ReceivedHeaders;
use super::visitor::ContextVisitor;

/// Delegates to the context inside.
macro_rules! delegate {
    ($([$($generics:tt)*] $pointer:ty;)*) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> LogContext for $pointer {
            fn visit(&self, out: &mut ContextVisitor<'_>) {
                C::visit(self, out);
            }

            fn scope_callsite(&self) -> &'static ScopeCallsite {
                C::scope_callsite(self)
            }

            fn received_headers(&self) -> Option<ReceivedHeaders> {
                C::received_headers(self)
            }
        }
    )* };
}

delegate! {
    // Needed for `context_from = request` where `request` is a reference.
    [C: LogContext + ?Sized] &C;
    [C: LogContext + ?Sized] Box<C>;
    [C: LogContext + ?Sized] Arc<C>;
    [C: LogContext + ?Sized] Rc<C>;
    [C: LogContext + ToOwned + ?Sized] Cow<'_, C>;
}

/// `None` reports no fields, so that those of an outer scope still apply.
#[diagnostic::do_not_recommend]
impl<C: LogContext> LogContext for Option<C> {
    fn visit(&self, out: &mut ContextVisitor<'_>) {
        if let Some(context) = self {
            context.visit(out);
        }
    }

    fn scope_callsite(&self) -> &'static ScopeCallsite {
        self.as_ref()
            .map_or_else(default_callsite, C::scope_callsite)
    }

    fn received_headers(&self) -> Option<ReceivedHeaders> {
        self.as_ref().and_then(C::received_headers)
    }
}

#[diagnostic::do_not_recommend]
impl LogContext for Logger {
    fn visit(&self, out: &mut ContextVisitor<'_>) {
        out.all(&self.0);
    }
}

impl ContextVisitor<'_> {
    /// Adds all fields of another context, under their own names.
    ///
    /// ```
    /// # use ragspan::scope::ContextVisitor;
    /// # use ragspan::LogContext;
    /// # #[derive(LogContext)] struct Client { user_id: &'static str }
    /// struct Request { client: Option<Client>, plan: &'static str }
    ///
    /// impl LogContext for Request {
    ///     fn visit(&self, out: &mut ContextVisitor<'_>) {
    ///         out.nested(&self.client);
    ///         out.field("plan", &self.plan);
    ///     }
    /// }
    /// # let (_, seen) = ragspan::testing::capture(|| {
    /// #     let client = Some(Client { user_id: "ada" });
    /// #     Request { client, plan: "free" }.in_scope(|| tracing::info!("here"));
    /// # });
    /// # assert_eq!(seen.record("here")["user_id"], "ada");
    /// # assert_eq!(seen.record("here")["context"]["plan"], "free");
    /// ```
    pub fn nested(&mut self, context: &dyn LogContext) {
        context.visit(self);
    }
}
