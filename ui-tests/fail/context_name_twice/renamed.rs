use ragspan::LogContext;

#[derive(LogContext)]
struct Request {
    user_id: String,
    #[log(rename = "user_id")]
    owner: String,
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
}
