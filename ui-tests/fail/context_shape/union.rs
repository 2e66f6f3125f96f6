use ragspan::LogContext;

#[derive(LogContext)]
union Request {
    user: u32,
    session: u32,
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Request>();
}
