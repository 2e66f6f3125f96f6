fn search(
    query: &str,
    top_k: usize,
    filter: Filter,
    id: Id,
) -> Result<Vec<Chunk>, Error> {
    let mut __own = {
        let mut __own = ::ragspan::__private::Call::open({
            static CALLSITE: ::ragspan::__private::SpanCallsite = ::ragspan::__private::SpanCallsite::new(
                    &CALLSITE,
                    "search",
                    ::ragspan::__private::Layer::Retrieval,
                    ::ragspan::__private::module_path!(),
                    ::ragspan::__private::file!(),
                    ::ragspan::__private::line!(),
                    &[
                        "top_k",
                        "chars",
                        "filter",
                        "id",
                        "metrics.weight",
                        "chunks",
                        "metrics.best",
                    ],
                )
                .package(
                    ::ragspan::__private::option_env!("CARGO_PKG_VERSION"),
                    ::ragspan::__private::option_env!("CARGO_BIN_NAME"),
                )
                .level(::ragspan::__private::Level::DEBUG)
                .slow_us(2000000);
            &CALLSITE
        });
        if __own.has_listeners() {
            let __call = &mut __own;
            __call
                .fields(
                    0,
                    &[
                        ::ragspan::__private::field(&top_k),
                        ::ragspan::__private::field(&(query.len())),
                        &::ragspan::__private::debug(&filter),
                        &::ragspan::__private::display(&id),
                        ::ragspan::__private::metric(&0.5),
                    ],
                );
        }
        __own
    };
    let __call = &mut __own;
    __call.enter();
    let __value = ::ragspan::__private::run(move || -> Result<Vec<Chunk>, Error> {
        #[allow(unused_variables)]
        let filter = filter;
        #[allow(unused_variables)]
        let id = id;
        let __ret: Result<Vec<Chunk>, Error> = '__ret: {
            if let ::ragspan::__private::Some(__ret) = ::ragspan::__private::None::<
                Result<Vec<Chunk>, Error>,
            > {
                break '__ret __ret;
            }
            {
                index().search(query, top_k)
            }
        };
        __ret
    });
    let __ret = &__value;
    ::ragspan::__private::Probe::new(__ret).classify(__call);
    __call.empty(::ragspan::__private::is_empty(__ret));
    if let ::ragspan::__private::Some(hits) = ::ragspan::__private::Probe::new(__ret)
        .value(__call)
    {
        __call
            .fields(
                5,
                &[
                    ::ragspan::__private::field(&(hits.len())),
                    ::ragspan::__private::metric(&(hits.first().map(|hit| hit.score))),
                ],
            )
    }
    __value
}
