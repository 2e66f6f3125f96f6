use ragspan::LogContext;

struct User {
    id: u64,
    tags: Vec<String>,
}

#[derive(LogContext)]
struct Request {
    #[log(with = |user| user.tags.clone())]
    user: User,
    #[log(metric, with = |user| user.id.to_string())]
    other: User,
    #[log(with = String::len)]
    last: User,
}

fn main() {}
