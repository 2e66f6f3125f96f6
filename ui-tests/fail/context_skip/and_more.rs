use ragspan::LogContext;

#[derive(LogContext)]
struct Request {
    #[log(skip, redact, rename = "key")]
    api_key: String,
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
}
