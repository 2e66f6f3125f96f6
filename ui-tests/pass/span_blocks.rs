//! The expansion of `span!` does not depend on names in the user's scope, and triggers no lints.
#![no_implicit_prelude]
#![deny(warnings)]
#![allow(dead_code, non_snake_case, non_upper_case_globals)]

mod std {}
mod core {}
mod ragspan {}
mod tracing {}
enum Result {}
enum Option {}
struct Some;
struct None;
struct Span;
struct Call;
fn Ok() {}
fn Err() {}
static CALLSITE: u8 = 1;
const call: u8 = 2;
const ret: u8 = 3;

fn sync(own: u8, __call: u8, __ret: u8) -> u8 {
    let mut seen = 0;
    let sum = ::ragspan::span!(
        "sync",
        layer = "data",
        context(own, call, ret, CALLSITE, __call),
        ok(|kept| kept = *kept, seen = CALLSITE),
        |span| {
            seen += 1;
            span.record("own", own);
            own + call + ret + CALLSITE + __call + __ret
        }
    );
    sum + seen
}

async fn asynchronous(own: u8, __call: u8, __span: u8) -> ::std::result::Result<u8, ::std::string::String> {
    let mut seen = 0;
    let sum = ::ragspan::span!(
        "asynchronous",
        layer = "data",
        context(own, __call, __span),
        async |span| -> ::std::result::Result<u8, ::std::string::String> {
            seen += 1;
            span.record("own", own);
            ::std::future::ready(()).await;
            ::std::result::Result::Ok(own + __span + call)
        }
    );
    let sum = sum.await?;
    ::std::result::Result::Ok(sum + seen)
}

fn every_shape(owned: ::std::string::String) -> usize {
    let unit: () = ::ragspan::span!("unit", layer = "data", || {});
    let () = unit;
    ::ragspan::span!("statement", layer = "data", |_| ());
    ::ragspan::span!("expression", layer = "data", |span: ::ragspan::Span| span.metric("n", 1));
    let one = ::ragspan::span!("call", layer = "data", || one());
    let none = ::ragspan::span!("passed_on", layer = "data", |span| of(span));
    ::std::assert!(none.is_none());
    let asynchronous = ::ragspan::span!("awaited", layer = "data", async |_: ::ragspan::Span| ());
    let _unused = asynchronous;
    one + ::ragspan::span!("moved", layer = "data", move |_span| owned.len(),)
}

fn one() -> usize {
    1
}

fn of(span: ::ragspan::Span) -> ::std::option::Option<::ragspan::TraceId> {
    let trace = span.trace_id();
    ::std::mem::drop(span);
    trace
}

fn never() -> bool {
    ::ragspan::span!("never", layer = "data", || -> bool {
        if CALLSITE == 1 {
            return true;
        }
        ::std::panic!("no")
    });
    ::ragspan::span!("panics", layer = "data", || if CALLSITE == 1 { true } else { ::std::panic!("no") })
}

fn main() {
    ::std::assert_eq!(sync(1, 2, 3), 1 + 2 + 3 + 1 + 2 + 3 + 1);
    ::std::assert_eq!(every_shape(::std::string::ToString::to_string("bees")), 5);
    ::std::assert!(never());
    let mut context = ::std::task::Context::from_waker(::std::task::Waker::noop());
    let mut future = ::std::pin::pin!(asynchronous(1, 2, 4));
    let polled = ::std::future::Future::poll(::std::pin::Pin::as_mut(&mut future), &mut context);
    ::std::assert_eq!(polled, ::std::task::Poll::Ready(::std::result::Result::Ok(1 + 4 + 2 + 1)));
}
