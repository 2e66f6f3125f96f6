use ragspan::LogContext;

struct Plan;

#[derive(LogContext)]
struct Request {
    #[log(hash)]
    plan: Plan,
}

fn main() {}
