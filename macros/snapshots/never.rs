async fn serve() -> ! {
    let __own = ::ragspan::__private::Call::open({
        static SITE: ::ragspan::__private::Site = ::ragspan::__private::Site::new(
            &SITE,
            "serve",
            ::ragspan::__private::Layer::Api,
            ::ragspan::__private::module_path!(),
            ::ragspan::__private::file!(),
            ::ragspan::__private::line!(),
            &[],
        );
        &SITE
    });
    match __own
        .future(
            async move {
                if let ::ragspan::__private::Some(__ret) = ::ragspan::__private::None::<
                    ::ragspan::__private::Never,
                > {
                    return __ret;
                }
                {
                    loop {
                        accept().await
                    }
                }
            },
            |__ret, __call| {
                ::ragspan::__private::Probe::new(__ret).judge(__call);
            },
        )
        .await
    {}
}
