use ragspan::LogContext;

#[derive(LogContext)]
struct Request {
    #[log(redact, hash)]
    api_key: String,
    #[log(with = |key| key.len(), redact)]
    other_key: String,
    #[log(flatten, rename = "client", debug)]
    client: Client,
    #[log(hash, display, metric)]
    email: String,
    #[log(debug, metric)]
    turn: u32,
    #[log(display)]
    #[log(debug)]
    plan: String,
}

#[derive(Debug, LogContext)]
struct Client {}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
}
