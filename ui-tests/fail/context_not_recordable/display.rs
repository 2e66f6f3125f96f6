use ragspan::LogContext;

struct Plan;

#[derive(LogContext)]
struct Request {
    #[log(display)]
    plan: Plan,
    #[log(debug)]
    other: Option<Plan>,
}

fn main() {}
