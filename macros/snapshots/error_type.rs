#[automatically_derived]
impl<E> ::ragspan::ErrorType for SearchError<E>
where
    Box<E>: ::ragspan::ErrorType,
{
    fn error_type(&self) -> &'static str {
        match self {
            Self::NoContext { .. } => "no_context",
            Self::Elapsed { .. } => "timeout",
            Self::Inner { 0: __inner } => ::ragspan::ErrorType::error_type(__inner),
            Self::Http { source: __inner } => ::ragspan::ErrorType::error_type(__inner),
        }
    }
}
