use ragspan::ErrorType;

#[derive(ErrorType)]
union Failure {
    a: u8,
}

fn uses<T: ErrorType>() {}

fn main() {
    uses::<Failure>();
}
