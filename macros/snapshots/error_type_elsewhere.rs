#[automatically_derived]
impl<T> telemetry::ragspan::ErrorType for E<T>
where
    T: telemetry::ragspan::ErrorType,
{
    fn error_type(&self) -> &'static str {
        match self {
            Self::Api { .. } => "api",
            Self::Inner { 0: __inner } => {
                telemetry::ragspan::ErrorType::error_type(__inner)
            }
        }
    }
    fn error_level(
        &self,
    ) -> telemetry::ragspan::__private::Option<telemetry::ragspan::__private::Severity> {
        match self {
            Self::Api { .. } => {
                telemetry::ragspan::__private::Some(
                    telemetry::ragspan::__private::Severity::Warning,
                )
            }
            Self::Inner { 0: __inner } => {
                telemetry::ragspan::ErrorType::error_level(__inner)
            }
        }
    }
    fn error_action(
        &self,
    ) -> telemetry::ragspan::__private::Option<telemetry::ragspan::__private::Label> {
        match self {
            Self::Inner { 0: __inner } => {
                telemetry::ragspan::ErrorType::error_action(__inner)
            }
            _ => telemetry::ragspan::__private::None,
        }
    }
    fn error_fields(&self, __out: &mut telemetry::ragspan::__private::ErrorFields<'_>) {
        match self {
            Self::Api { 0: __field0, .. } => {
                __out.field("code", telemetry::ragspan::__private::field(__field0));
            }
            Self::Inner { 0: __inner } => {
                telemetry::ragspan::ErrorType::error_fields(__inner, __out)
            }
        }
    }
}
