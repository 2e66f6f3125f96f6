#[automatically_derived]
impl ::ragspan::ErrorType for HTTPError {
    fn error_type(&self) -> &'static str {
        match self {
            Self { .. } => "http_error",
        }
    }
}
