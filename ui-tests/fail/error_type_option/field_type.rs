use ragspan::ErrorType;

struct Shards;

#[derive(ErrorType)]
enum SearchError {
    #[error_type(fields(shards))]
    Away { shards: Shards },
}

fn main() {}
