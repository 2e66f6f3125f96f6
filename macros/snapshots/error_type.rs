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
    fn error_level(
        &self,
    ) -> ::ragspan::__private::Option<::ragspan::__private::Severity> {
        match self {
            Self::Inner { 0: __inner } => ::ragspan::ErrorType::error_level(__inner),
            Self::Http { source: __inner } => ::ragspan::ErrorType::error_level(__inner),
            _ => ::ragspan::__private::None,
        }
    }
    fn error_action(&self) -> ::ragspan::__private::Option<::ragspan::__private::Label> {
        match self {
            Self::Inner { 0: __inner } => ::ragspan::ErrorType::error_action(__inner),
            Self::Http { source: __inner } => ::ragspan::ErrorType::error_action(__inner),
            _ => ::ragspan::__private::None,
        }
    }
    fn error_fields(&self, __out: &mut ::ragspan::__private::ErrorFields<'_>) {
        match self {
            Self::Inner { 0: __inner } => {
                ::ragspan::ErrorType::error_fields(__inner, __out)
            }
            Self::Http { source: __inner } => {
                ::ragspan::ErrorType::error_fields(__inner, __out)
            }
            _ => {}
        }
    }
}
