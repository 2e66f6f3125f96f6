use ragspan::LogContext;

#[derive(LogContext)]
struct Tuple(String);

#[derive(LogContext)]
enum Choice {
    A,
}

#[derive(LogContext)]
#[log(skip)]
struct Attributes {
    #[log(redcat)]
    slip: String,
    #[log(hash)]
    later: String,
    #[log(skip, redact)]
    conflict: String,
    #[log(rename)]
    unnamed: String,
    #[log]
    empty: String,
    #[log(rename = "slip", redact, redact)]
    twice: String,
}

struct NotAValue;

#[derive(LogContext)]
struct Held {
    user_id: String,
    held: NotAValue,
}

fn uses<T: LogContext>() {}

fn main() {
    uses::<Tuple>();
    uses::<Choice>();
    uses::<Attributes>();
}
