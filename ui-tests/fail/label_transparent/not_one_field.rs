use ragspan::ErrorType;

#[derive(ErrorType)]
enum Failure {
    #[error_type(transparent)]
    Unit,
    #[error_type(transparent)]
    Two(u8, u8),
}

fn uses<T: ErrorType>() {}

fn main() {
    uses::<Failure>();
}
