use ragspan::ErrorType;

#[derive(ErrorType)]
enum Failure {
    #[error_type(opaque)]
    Timeout,
}

fn uses<T: ErrorType>() {}

fn main() {
    uses::<Failure>();
}
