use ragspan::ErrorType;

#[derive(ErrorType)]
enum Failure {
    Timeout(#[error_type(transparent)] u8),
}

fn uses<T: ErrorType>() {}

fn main() {
    uses::<Failure>();
}
