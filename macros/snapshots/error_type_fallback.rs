::core::compile_error! {
    "`transparent` takes the label from the only field, so it needs exactly one field: write #[error_type(\"timeout\")] instead"
}
#[automatically_derived]
impl ::ragspan::ErrorType for E {
    fn error_type(&self) -> &'static str {
        "e"
    }
}
