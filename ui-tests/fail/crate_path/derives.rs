use ragspan::{ErrorType, LogContext};

#[derive(LogContext)]
#[log(crate = "ragspan")]
struct Request {}

#[derive(LogContext)]
#[log(crate = ragspan, crate = ::ragspan)]
enum Caller {}

#[derive(ErrorType)]
#[error_type(crate)]
enum Failure {}

#[derive(ErrorType)]
#[error_type("busy", crate(ragspan))]
struct Busy;

fn main() {}
