#[automatically_derived]
impl ::ragspan::ErrorType for Never {
    fn error_type(&self) -> &'static str {
        match *self {}
    }
}
