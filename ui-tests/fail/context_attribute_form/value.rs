use ragspan::LogContext;

#[derive(LogContext)]
struct Request {
    #[log(redact = true)]
    api_key: String,
    #[log]
    user_id: String,
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
}
