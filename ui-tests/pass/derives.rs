//! The derives accept every kind of struct and enum.
#![deny(warnings)]

use ragspan::{ErrorType, LogContext};

#[derive(LogContext)]
struct Everything<'a, T: Clone, const N: usize>
where
    T: Send,
{
    request_id: String,
    user_id: Option<String>,
    r#type: &'a str,
    #[log(rename = "plan")]
    kind: T,
    #[log(redact)]
    api_key: String,
    #[log(redact, rename = "password")]
    secret: NotAValue,
    #[log(skip)]
    raw: [NotAValue; N],
}

#[derive(LogContext)]
struct Nothing {}

#[derive(Clone, Copy)]
struct NotAValue;

#[derive(Debug, ErrorType)]
enum SearchError<E> {
    NoContext,
    #[error_type("timeout")]
    Elapsed {
        after: u8,
    },
    HTTPStatus(u16, String),
    #[error_type(transparent)]
    Inner(E),
    #[error_type(transparent)]
    Store {
        source: StoreError,
    },
}

#[derive(Debug, ErrorType)]
struct StoreError;

#[derive(ErrorType)]
#[error_type("disk_full")]
struct Full {
    _free: u64,
}

#[derive(ErrorType)]
#[error_type(transparent)]
struct Wrapped(StoreError);

#[derive(Debug, ErrorType)]
enum Never {}

fn implements<T: LogContext>(_: &T) {}

fn main() {
    let everything = Everything {
        request_id: String::new(),
        user_id: None,
        r#type: "",
        kind: 1_u8,
        api_key: String::new(),
        secret: NotAValue,
        raw: [NotAValue; 2],
    };
    implements(&everything);
    implements(&Nothing {});
    let Everything { api_key, secret: NotAValue, raw: [_, _], .. } = everything;
    drop(api_key);

    for (error, label) in [
        (SearchError::NoContext, "no_context"),
        (SearchError::Elapsed { after: 1 }, "timeout"),
        (SearchError::HTTPStatus(500, String::new()), "http_status"),
        (SearchError::Inner(Wrapped(StoreError)), "store_error"),
        (SearchError::Store { source: StoreError }, "store_error"),
    ] {
        assert_eq!(error.error_type(), label);
        match error {
            SearchError::Elapsed { after } => assert_eq!(after, 1),
            SearchError::HTTPStatus(status, text) => assert_eq!((status, text.len()), (500, 0)),
            _ => {}
        }
    }
    assert_eq!(Full { _free: 0 }.error_type(), "disk_full");
    let _: Option<Never> = None;
}
