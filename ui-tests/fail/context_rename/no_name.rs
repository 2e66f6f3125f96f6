use ragspan::LogContext;

#[derive(LogContext)]
struct Request {
    #[log(rename)]
    a: String,
    #[log(rename = b)]
    b: String,
    #[log(rename = "")]
    c: String,
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
}
