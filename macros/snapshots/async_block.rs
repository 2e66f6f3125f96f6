fn f() {
    async move {
        let (__own, __span) = {
            let __own = ::ragspan::__private::Call::open_with(
                {
                    static CALLSITE: ::ragspan::__private::SpanCallsite = ::ragspan::__private::SpanCallsite::new(
                            &CALLSITE,
                            "parsing",
                            ::ragspan::__private::Layer::Ingestion,
                            ::ragspan::__private::module_path!(),
                            ::ragspan::__private::file!(),
                            ::ragspan::__private::line!(),
                            &["file", "pages"],
                        )
                        .package(
                            ::ragspan::__private::option_env!("CARGO_PKG_VERSION"),
                            ::ragspan::__private::option_env!("CARGO_BIN_NAME"),
                        );
                    &CALLSITE
                },
                &[::ragspan::__private::field(&file)],
            );
            __own
        }
            .with_handle();
        __own
            .future(
                async move {
                    let span = __span;
                    {
                        let pages = read(file)?;
                        span.record("bytes", pages.bytes());
                        Ok::<_, ParseError>(pages)
                    }
                },
                |__ret, __call| {
                    if let ::ragspan::__private::Some(pages) = ::ragspan::__private::Probe::new(
                            __ret,
                        )
                        .classify_value(__call)
                    {
                        __call.fields(1, &[::ragspan::__private::field(&(pages.len()))])
                    }
                },
            )
            .await
    }
}
