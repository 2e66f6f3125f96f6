use ragspan::LogContext;

#[derive(LogContext)]
struct Request {
    #[log(redact = true)]
    api_key: String,
    #[log]
    user_id: String,
    #[log(metric(turns))]
    turn: u32,
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
}
