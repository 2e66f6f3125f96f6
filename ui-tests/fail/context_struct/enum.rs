use ragspan::LogContext;

#[derive(LogContext)]
enum Request {
    Search,
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
}
