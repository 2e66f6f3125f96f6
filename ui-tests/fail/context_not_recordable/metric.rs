use ragspan::LogContext;

#[derive(LogContext)]
struct Request {
    #[log(metric)]
    plan: String,
    #[log(metric)]
    is_trial: Option<bool>,
}

fn main() {}
