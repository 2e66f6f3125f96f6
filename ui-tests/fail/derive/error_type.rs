use ragspan::ErrorType;

#[derive(ErrorType)]
#[error_type("on_the_enum")]
enum Failure {
    #[error_type(transparent)]
    Unit,
    #[error_type(transparent)]
    Two(u8, u8),
    #[error_type("")]
    Empty,
    #[error_type(opaque)]
    Unknown,
    #[error_type("a", "b")]
    Twice,
    #[error_type]
    Bare,
}

#[derive(ErrorType)]
union Bits {
    a: u8,
}

#[derive(ErrorType)]
enum Asks {
    #[error_type(transparent)]
    Silent(std::io::Error),
}

fn main() {
    let _ = Failure::Unit.error_type();
    let _ = Bits { a: 1 }.error_type();
}
