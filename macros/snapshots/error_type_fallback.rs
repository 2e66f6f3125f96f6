::core::compile_error! {
    "`transparent` takes the label of the only field, and here is none or more than one: write #[error_type(\"timeout\")]"
}
#[automatically_derived]
impl ::ragspan::ErrorType for E {
    fn error_type(&self) -> &'static str {
        "e"
    }
}
