use ragspan::LogContext;

#[derive(LogContext)]
#[log(skip, name = "request")]
struct Request {
    user_id: String,
}

#[derive(LogContext)]
#[log]
enum Caller {
    #[log(redact)]
    User { user_id: String },
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
    uses::<Caller>();
}
