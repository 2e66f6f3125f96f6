::core::compile_error! {
    "`transparent` asks the only field: name the label, #[error_type(\"..\")]"
}
#[automatically_derived]
impl ::ragspan::ErrorType for E {
    fn error_type(&self) -> &'static str {
        "e"
    }
}
