use ragspan::ErrorType;

#[derive(ErrorType)]
enum SearchError {
    #[error_type(level)]
    NoLevel,
    #[error_type(level = 4)]
    Number,
    #[error_type(level = "loud")]
    Loud,
    #[error_type(action)]
    NoAction,
    #[error_type(action = retry)]
    Word,
    #[error_type(levle = "warning")]
    Slip,
}

fn main() {}
