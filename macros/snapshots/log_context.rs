#[automatically_derived]
impl<'a, T> ::ragspan::LogContext for RequestContext<'a, T>
where
    Option<T>: ::ragspan::__private::ContextField,
{
    fn visit(&self, __out: &mut ::ragspan::scope::ContextVisitor<'_>) {
        __out.field("user_id", ::ragspan::__private::context_field(&self.user_id));
        let _ = &self.api_key;
        __out.redacted("api_key");
        __out.field("plan", ::ragspan::__private::context_field(&self.r#type));
        __out.field("extra", ::ragspan::__private::context_field(&self.extra));
    }
    fn scope_callsite(&self) -> &'static ::ragspan::__private::ScopeCallsite {
        static CALLSITE: ::ragspan::__private::ScopeCallsite = ::ragspan::__private::ScopeCallsite::new(
            &CALLSITE,
            "RequestContext",
            ::ragspan::__private::module_path!(),
            ::ragspan::__private::file!(),
            ::ragspan::__private::line!(),
        );
        &CALLSITE
    }
}
