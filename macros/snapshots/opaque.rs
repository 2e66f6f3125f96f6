fn all(&self) -> Result<impl Iterator<Item = u8> + '_, Box<dyn Error>> {
    crate::telemetry::__private::Call::enter(
            {
                static SITE: crate::telemetry::__private::Site = crate::telemetry::__private::Site::new(
                    &SITE,
                    "all",
                    crate::telemetry::__private::Layer::Api,
                    crate::telemetry::__private::module_path!(),
                    crate::telemetry::__private::file!(),
                    crate::telemetry::__private::line!(),
                    &[],
                );
                &SITE
            },
            |_| {},
        )
        .run(
            move || {
                if let crate::telemetry::__private::Some(__ret) = crate::telemetry::__private::None::<
                    Result<_, Box<dyn Error>>,
                > {
                    return __ret;
                }
                {
                    Ok(self.0.iter())
                }
            },
            |__ret, __call| {
                crate::telemetry::__private::Probe::new(__ret).judge(__call);
            },
        )
}
