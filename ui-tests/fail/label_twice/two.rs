use ragspan::ErrorType;

#[derive(ErrorType)]
enum Failure {
    #[error_type("timeout", "late")]
    Timeout,
}

fn uses<T: ErrorType>() {}

fn main() {
    uses::<Failure>();
}
