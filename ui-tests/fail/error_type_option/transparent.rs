use ragspan::ErrorType;

#[derive(ErrorType)]
struct Inner;

#[derive(ErrorType)]
enum SearchError {
    #[error_type(transparent, level = "warning")]
    Both(Inner),
}

fn main() {}
