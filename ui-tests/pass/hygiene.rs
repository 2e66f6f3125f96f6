//! The expansion does not depend on names in the user's scope.
#![no_implicit_prelude]
#![deny(warnings)]
#![allow(dead_code, non_snake_case, non_upper_case_globals)]

mod std {}
mod core {}
mod alloc {}
mod ragspan {}
mod tracing {}
enum Result {}
enum Option {}
enum String {}
struct Some;
struct None;
fn Ok() {}
fn Err() {}
struct Call;
struct SpanCallsite;
struct Probe;
struct Layer;
static CALLSITE: u8 = 1;
const call: u8 = 2;
const ret: u8 = 3;
const value: u8 = 4;

#[::ragspan::rag_span(
    layer = "data",
    context(call, ret, CALLSITE, query, args, span, __call, __ret, chars = query.len()),
    metrics(weight = CALLSITE),
    ok(|kept| kept = *kept, seen = CALLSITE),
    slow = "2s"
)]
fn sync(
    query: &str,
    args: u8,
    span: u8,
    __call: u8,
    __ret: u8,
) -> ::std::result::Result<u8, ::std::string::String> {
    ::std::result::Result::Ok(args + span + __call + __ret + call + ret + CALLSITE)
}

#[::ragspan::rag_span(layer = "data", context(__call, __ret), empty, ok(|list| n = list.len()))]
async fn asynchronous(__call: u8, __ret: u8) -> ::std::vec::Vec<u8> {
    ::std::vec![__call + CALLSITE, __ret + ret]
}

#[::ragspan::rag_span(layer = "data", empty = |__value: &u8| *__value == value)]
fn empty(__value: u8) -> u8 {
    __value
}

#[::ragspan::rag_span(layer = "data")]
fn opaque() -> ::std::result::Result<impl ::std::iter::Iterator<Item = u8>, ()> {
    struct Some;
    struct Call;
    let _ = (Some, Call);
    ::std::result::Result::Ok(::std::iter::once(CALLSITE))
}

/// The body declares a type with the same name as a type in the signature.
#[::ragspan::rag_span(layer = "data")]
async fn own_items() -> Kept {
    use self::Kept as Outer;
    struct Kept;
    let _ = Kept;
    Outer
}

struct Kept;

#[derive(::ragspan::LogContext)]
struct Context {
    user_id: ::std::string::String,
    out: u8,
    __out: u8,
    #[log(redact)]
    CALLSITE: u8,
}

#[derive(::ragspan::LogContext)]
#[log(crate = ::ragspan)]
enum Contexts<Given> {
    Some {
        __value: u8,
        #[log(display)]
        value: ::std::option::Option<u8>,
        __out: u8,
        _out: u8,
        #[log(metric)]
        this: u8,
        #[log(hash)]
        __field0: Given,
        #[log(debug, with = |__field0: &u8| *__field0 + ret)]
        __field1: u8,
    },
    None(#[log(flatten)] Context, #[log(with = |__out| *__out + value, rename = "n")] u8),
    Always,
}

#[derive(::ragspan::ErrorType)]
enum Failure {
    Some,
    None(u8),
    #[error_type(transparent)]
    Inner {
        __inner: ::std::boxed::Box<Other>,
    },
}

#[derive(::ragspan::ErrorType)]
struct Other;

fn main() {
    let sum = sync("q", 1, 2, 3, 4);
    ::std::assert!(sum == ::std::result::Result::Ok(16));
    ::std::assert!(empty(4) == 4);
    ::std::assert!(::std::iter::Iterator::count(opaque().unwrap()) == 1);
    let _ = (asynchronous(1, 2), own_items());
    let inner = Failure::Inner { __inner: ::std::boxed::Box::new(Other) };
    ::std::assert!(::ragspan::ErrorType::error_type(&inner) == "other");
}
