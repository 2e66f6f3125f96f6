use ragspan::LogContext;

struct Plan;

#[derive(LogContext)]
struct Request<T> {
    #[log(display)]
    plan: Option<T>,
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request<Plan>>();
}
