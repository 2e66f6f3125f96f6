use ragspan::ErrorType;

#[derive(ErrorType)]
enum Failure {
    #[error_type(transparent)]
    Io(std::io::Error),
}

fn uses<T: ErrorType>() {}

fn main() {
    uses::<Failure>();
}
