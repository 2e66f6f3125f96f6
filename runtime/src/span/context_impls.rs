//! The contexts of contexts: what holds a `LogContext` is one, and a visitor takes one inside another.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use super::scope::{Arrival, LogContext, ScopeCallsite, own_site};
use super::value::Metric;
use crate::context::ContextVisitor;

/// What holds a context says what the context says.
macro_rules! pass_on {
    ($([$($generics:tt)*] $holder:ty;)*) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> LogContext for $holder {
            fn visit(&self, out: &mut ContextVisitor<'_>) {
                C::visit(self, out);
            }

            fn scope_site(&self) -> &'static ScopeCallsite {
                C::scope_site(self)
            }

            fn arrival(&self) -> Option<Arrival> {
                C::arrival(self)
            }
        }
    )* };
}

pass_on! {
    // So that `context_from = request` takes a reference as well.
    [C: LogContext + ?Sized] &C;
    [C: LogContext + ?Sized] Box<C>;
    [C: LogContext + ?Sized] Arc<C>;
    [C: LogContext + ?Sized] Rc<C>;
    [C: LogContext + ToOwned + ?Sized] Cow<'_, C>;
}

/// `None` has no fields, and leaves those of an outer scope.
#[diagnostic::do_not_recommend]
impl<C: LogContext> LogContext for Option<C> {
    fn visit(&self, out: &mut ContextVisitor<'_>) {
        if let Some(context) = self {
            context.visit(out);
        }
    }

    fn scope_site(&self) -> &'static ScopeCallsite {
        self.as_ref().map_or_else(own_site, C::scope_site)
    }

    fn arrival(&self) -> Option<Arrival> {
        self.as_ref().and_then(C::arrival)
    }
}

impl ContextVisitor<'_> {
    /// A number, or an `Option` of one, that goes to the `metrics` of each record inside the scope. NaN and infinity are left
    /// out, as `None` is; a record's own metric of the same name goes before.
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

    /// All fields of another context, under their own names.
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
