use ragspan::ErrorType;

#[derive(ErrorType)]
enum Failure {
    #[error_type("")]
    Empty,
    #[error_type("two\nlines")]
    TwoLines,
}

fn uses<T: ErrorType>() {}

fn main() {
    uses::<Failure>();
}
