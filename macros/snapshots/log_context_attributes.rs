#[automatically_derived]
impl<T, C> ::ragspan::LogContext for Request<T, C>
where
    T: ::ragspan::__private::ContextHash,
    T: ::ragspan::__private::ContextDebug,
    Option<C>: ::ragspan::LogContext,
{
    fn visit(&self, __out: &mut ::ragspan::scope::ContextVisitor<'_>) {
        if let ::ragspan::__private::Some(__value) = ::ragspan::__private::OptionalField::new(
                &self.email,
            )
            .get()
        {
            __out.hashed("email", ::ragspan::__private::context_hash(__value));
        }
        if let ::ragspan::__private::Some(__value) = ::ragspan::__private::OptionalField::new(
                &self.id,
            )
            .get()
        {
            __out.display("id", ::ragspan::__private::context_display(__value));
        }
        if let ::ragspan::__private::Some(__value) = ::ragspan::__private::OptionalField::new(
                &self.plan,
            )
            .get()
        {
            __out.debug("tier", ::ragspan::__private::context_debug(__value));
        }
        __out.number("turn", ::ragspan::__private::context_metric(&self.turn));
        __out.nested(::ragspan::__private::context(&self.client));
        if let ::ragspan::__private::Some(__value) = ::ragspan::__private::OptionalField::new(
                &::ragspan::__private::with(&self.user, |user| user.id),
            )
            .get()
        {
            __out.hashed("user", ::ragspan::__private::context_hash(__value));
        }
    }
    fn scope_callsite(&self) -> &'static ::ragspan::__private::ScopeCallsite {
        static CALLSITE: ::ragspan::__private::ScopeCallsite = ::ragspan::__private::ScopeCallsite::new(
            &CALLSITE,
            "Request",
            ::ragspan::__private::module_path!(),
            ::ragspan::__private::file!(),
            ::ragspan::__private::line!(),
        );
        &CALLSITE
    }
}
