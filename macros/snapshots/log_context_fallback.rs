::core::compile_error! {
    "a context is a struct with named fields: struct Context { user_id: String }"
}
#[automatically_derived]
impl<T> ::ragspan::LogContext for Tuple<T> {
    fn visit(&self, _out: &mut ::ragspan::ContextVisitor<'_>) {}
    fn scope_site(&self) -> &'static ::ragspan::__private::ScopeSite {
        static SITE: ::ragspan::__private::ScopeSite = ::ragspan::__private::ScopeSite::new(
            &SITE,
            "Tuple",
            ::ragspan::__private::module_path!(),
            ::ragspan::__private::file!(),
            ::ragspan::__private::line!(),
        );
        &SITE
    }
}
