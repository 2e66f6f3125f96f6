use ragspan::LogContext;

#[derive(LogContext)]
struct Request {
    #[log(skip, redact, rename = "key")]
    api_key: String,
    #[log(flatten, hash, with = |body| body, skip)]
    body: String,
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
}
