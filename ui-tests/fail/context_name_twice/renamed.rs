use ragspan::LogContext;

#[derive(LogContext)]
struct Request {
    user_id: String,
    #[log(rename = "user_id")]
    owner: String,
    #[log(rename = "user_id", metric)]
    number: u32,
}

#[derive(LogContext)]
enum Caller {
    User {
        #[log(rename = "id")]
        user: String,
        #[log(rename = "id")]
        other: String,
    },
    Job {
        id: String,
    },
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
    uses::<Caller>();
}
