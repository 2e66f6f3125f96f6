use ragspan::LogContext;

struct Plan;

#[derive(LogContext)]
struct Request {
    user_id: String,
    plan: Plan,
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
}
