fn all(&self) -> Result<impl Iterator<Item = u8> + '_, Box<dyn Error>> {
    let mut __own = crate::telemetry::__private::Call::open({
        static CALLSITE: crate::telemetry::__private::SpanCallsite = crate::telemetry::__private::SpanCallsite::new(
                &CALLSITE,
                "all",
                crate::telemetry::__private::Layer::Api,
                crate::telemetry::__private::module_path!(),
                crate::telemetry::__private::file!(),
                crate::telemetry::__private::line!(),
                &[],
            )
            .package(
                crate::telemetry::__private::option_env!("CARGO_PKG_VERSION"),
                crate::telemetry::__private::option_env!("CARGO_BIN_NAME"),
            );
        &CALLSITE
    });
    let __call = &mut __own;
    __call.enter();
    let __value = crate::telemetry::__private::run(move || {
        if let crate::telemetry::__private::Some(__ret) = crate::telemetry::__private::None::<
            Result<_, Box<dyn Error>>,
        > {
            return __ret;
        }
        {
            Ok(self.0.iter())
        }
    });
    let __ret = &__value;
    crate::telemetry::__private::Probe::new(__ret).classify(__call);
    __value
}
