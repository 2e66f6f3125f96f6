use ragspan::LogContext;

#[derive(LogContext)]
struct Request(String, #[log(redact)] String);

#[derive(LogContext)]
enum Caller {
    User(#[log(rename = "user_id")] String, u8),
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
    uses::<Caller>();
}
