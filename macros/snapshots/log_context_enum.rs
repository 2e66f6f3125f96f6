#[automatically_derived]
impl<C> crate::telemetry::ragspan::LogContext for Caller<C>
where
    C: crate::telemetry::ragspan::LogContext,
{
    fn visit(&self, __out: &mut crate::telemetry::ragspan::scope::ContextVisitor<'_>) {
        match self {
            Self::User { user_id: __field0, key: __field2, .. } => {
                __out
                    .field(
                        "user_id",
                        crate::telemetry::ragspan::__private::context_field(__field0),
                    );
                let _ = __field2;
                __out.redacted("key");
            }
            Self::Service { 0: __field0, 1: __field1, .. } => {
                __out.nested(crate::telemetry::ragspan::__private::context(__field0));
                __out
                    .number(
                        "hop",
                        crate::telemetry::ragspan::__private::context_metric(__field1),
                    );
            }
            _ => {}
        }
    }
    fn scope_callsite(
        &self,
    ) -> &'static crate::telemetry::ragspan::__private::ScopeCallsite {
        static CALLSITE: crate::telemetry::ragspan::__private::ScopeCallsite = crate::telemetry::ragspan::__private::ScopeCallsite::new(
            &CALLSITE,
            "Caller",
            crate::telemetry::ragspan::__private::module_path!(),
            crate::telemetry::ragspan::__private::file!(),
            crate::telemetry::ragspan::__private::line!(),
        );
        &CALLSITE
    }
}
