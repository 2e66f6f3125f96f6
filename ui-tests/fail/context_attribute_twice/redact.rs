use ragspan::LogContext;

#[derive(LogContext)]
struct Request {
    #[log(redact, redact)]
    api_key: String,
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
}
