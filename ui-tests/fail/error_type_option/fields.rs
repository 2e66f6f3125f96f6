use ragspan::ErrorType;

#[derive(ErrorType)]
enum SearchError {
    #[error_type(fields(retry_aftr))]
    Slip { retry_after: u64 },
    #[error_type(fields(0))]
    WithoutName(u16),
    #[error_type(fields(code = 1))]
    NotThere(u16),
}

fn main() {}
