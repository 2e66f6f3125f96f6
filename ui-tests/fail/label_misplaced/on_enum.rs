use ragspan::ErrorType;

#[derive(ErrorType)]
#[error_type("failure")]
enum Failure {
    Timeout,
}

fn uses<T: ErrorType>() {}

fn main() {
    uses::<Failure>();
}
