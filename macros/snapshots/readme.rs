async fn hybrid_search(query: &str, top_k: usize) -> Result<Vec<Chunk>, SearchError> {
    let __own = ::ragspan::__private::Call::open_with(
        {
            static CALLSITE: ::ragspan::__private::SpanCallsite = ::ragspan::__private::SpanCallsite::new(
                    &CALLSITE,
                    "hybrid_search",
                    ::ragspan::__private::Layer::Retrieval,
                    ::ragspan::__private::module_path!(),
                    ::ragspan::__private::file!(),
                    ::ragspan::__private::line!(),
                    &["top_k", "chunks"],
                )
                .package(
                    ::ragspan::__private::option_env!("CARGO_PKG_VERSION"),
                    ::ragspan::__private::option_env!("CARGO_BIN_NAME"),
                );
            &CALLSITE
        },
        &[::ragspan::__private::field(&top_k)],
    );
    __own
        .future(
            async move {
                if let ::ragspan::__private::Some(__ret) = ::ragspan::__private::None::<
                    Result<Vec<Chunk>, SearchError>,
                > {
                    return __ret;
                }
                {
                    ..
                }
            },
            |__ret, __call| {
                if let ::ragspan::__private::Some(hits) = ::ragspan::__private::Probe::new(
                        __ret,
                    )
                    .classify_value(__call)
                {
                    __call.fields(1, &[::ragspan::__private::field(&(hits.len()))])
                }
            },
        )
        .await
}
