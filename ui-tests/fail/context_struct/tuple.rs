use ragspan::LogContext;

#[derive(LogContext)]
struct Request(String);

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
}
