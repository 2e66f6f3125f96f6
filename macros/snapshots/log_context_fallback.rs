::core::compile_error! {
    "an unnamed field needs a name: #[log(rename = \"user_id\")], or #[log(flatten)] if it is a context itself"
}
#[automatically_derived]
impl<T> ::ragspan::LogContext for Tuple<T> {
    fn visit(&self, _out: &mut ::ragspan::scope::ContextVisitor<'_>) {}
    fn scope_callsite(&self) -> &'static ::ragspan::__private::ScopeCallsite {
        static CALLSITE: ::ragspan::__private::ScopeCallsite = ::ragspan::__private::ScopeCallsite::new(
            &CALLSITE,
            "Tuple",
            ::ragspan::__private::module_path!(),
            ::ragspan::__private::file!(),
            ::ragspan::__private::line!(),
        );
        &CALLSITE
    }
}
