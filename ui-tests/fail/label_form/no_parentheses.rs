use ragspan::ErrorType;

#[derive(ErrorType)]
enum Failure {
    #[error_type]
    Timeout,
    #[error_type = "late"]
    Late,
}

fn uses<T: ErrorType>() {}

fn main() {
    uses::<Failure>();
}
