use ragspan::{ErrorType, LogContext};

#[derive(LogContext)]
#[log(crate = crate::telemetry)]
struct Request {
    user_id: String,
}

#[derive(ErrorType)]
#[error_type(crate = crate::telemetry)]
struct Failure;

fn main() {}
