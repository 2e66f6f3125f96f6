use ragspan::LogContext;

#[derive(LogContext)]
#[log(skip)]
struct Request {
    user_id: String,
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
}
