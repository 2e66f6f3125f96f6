/// Docs stay.
#[inline]
pub(crate) async unsafe fn r#match<'a, T>(
    &'a mut self,
    hits: Vec<T>,
    __arg2: (u8, u8),
) -> &'a T
where
    T: Ord + 'a,
{
    #![allow(unused)]
    let __own = {
        let mut __own = ::ragspan::__private::Call::open({
            static CALLSITE: ::ragspan::__private::SpanCallsite = ::ragspan::__private::SpanCallsite::new(
                    &CALLSITE,
                    "match",
                    ::ragspan::__private::Layer::Custom("rerank"),
                    ::ragspan::__private::module_path!(),
                    ::ragspan::__private::file!(),
                    ::ragspan::__private::line!(),
                    &["n"],
                )
                .package(
                    ::ragspan::__private::option_env!("CARGO_PKG_VERSION"),
                    ::ragspan::__private::option_env!("CARGO_BIN_NAME"),
                );
            &CALLSITE
        });
        if __own.has_listeners() {
            let __call = &mut __own;
            __call.fields(0, &[::ragspan::__private::field(&(self.n))]);
        }
        __own
    };
    __own
        .future(
            async move {
                if let ::ragspan::__private::Some(__ret) = ::ragspan::__private::None::<
                    &'a T,
                > {
                    return __ret;
                }
                let mut hits = hits;
                let __arg2 = __arg2;
                let (a, _) = __arg2;
                let __ret: &'a T = '__ret: {
                    if let ::ragspan::__private::Some(__ret) = ::ragspan::__private::None::<
                        &'a T,
                    > {
                        break '__ret __ret;
                    }
                    {
                        hits.sort();
                        self.keep(hits, a).await
                    }
                };
                __ret
            },
            |__ret, __call| {
                ::ragspan::__private::Probe::new(__ret).classify(__call);
                if let ::ragspan::__private::Some(__found) = ::ragspan::__private::Probe::new(
                        __ret,
                    )
                    .value(__call)
                {
                    let v: &Answer = __found;
                    __call
                        .empty({
                            let __typed: ::ragspan::__private::IsEmpty = v
                                .text
                                .is_empty();
                            __typed
                        })
                }
            },
        )
        .await
}
