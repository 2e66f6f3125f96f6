use ragspan::LogContext;

#[derive(LogContext)]
struct Request {
    #[log(with)]
    a: String,
    #[log(with = )]
    b: String,
    #[log(with(String::len))]
    c: String,
    #[log(with = "String::len")]
    d: String,
    #[log(with = |a, b| a + b)]
    e: u8,
    #[log(with = |a| )]
    f: u8,
    #[log(with = || 1, metric)]
    g: u8,
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
}
