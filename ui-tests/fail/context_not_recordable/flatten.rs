use ragspan::LogContext;

struct Client;

#[derive(LogContext)]
struct Request {
    #[log(flatten)]
    client: Client,
}

#[derive(LogContext)]
enum Caller {
    Service(#[log(flatten)] Option<Client>),
}

fn main() {}
