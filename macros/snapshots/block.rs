fn f() {
    {
        let __own = ::ragspan::__private::Call::open_with(
            {
                static SITE: ::ragspan::__private::Site = ::ragspan::__private::Site::new(
                    &SITE,
                    "parsing",
                    ::ragspan::__private::Layer::Ingestion,
                    ::ragspan::__private::module_path!(),
                    ::ragspan::__private::file!(),
                    ::ragspan::__private::line!(),
                    &["file", "pages"],
                );
                &SITE
            },
            &[::ragspan::__private::field(&file)],
        );
        __own
    }
        .block(
            ::ragspan::__private::None,
            |span| {
                let pages = read(file)?;
                span.record("bytes", pages.bytes());
                Ok::<_, ParseError>(pages)
            },
            |__ret, __call| {
                if let ::ragspan::__private::Some(pages) = ::ragspan::__private::Probe::new(
                        __ret,
                    )
                    .settle(__call)
                {
                    __call.fields(1, &[::ragspan::__private::field(&(pages.len()))])
                }
            },
        )
}
