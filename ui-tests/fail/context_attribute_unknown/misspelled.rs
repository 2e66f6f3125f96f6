use ragspan::LogContext;

#[derive(LogContext)]
struct Request {
    #[log(redcat)]
    api_key: String,
    #[log("api_key")]
    other_key: String,
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
}
