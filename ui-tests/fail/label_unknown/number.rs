use ragspan::ErrorType;

#[derive(ErrorType)]
enum SearchError {
    #[error_type(7)]
    Number,
}

fn main() {}
