//! `critical!` does not depend on the calling crate: neither on `tracing` nor on the prelude nor on any name in scope.
#![no_implicit_prelude]
#![deny(warnings)]
#![allow(dead_code, unused_macros)]

mod std {}
mod core {}
mod tracing {}
mod ragspan {}

macro_rules! concat {
    () => {};
}

macro_rules! error {
    () => {};
}

fn main() {
    let disk = "sda";
    let ((), seen) = ::ragspan::testing::capture(|| {
        ::ragspan::critical!("bare");
        ::ragspan::critical!(name: "gone", target: "storage", disk, free = 0, "{disk} is gone");
    });
    ::std::assert!(seen.records().len() == 2);
    ::std::assert!(seen.record("sda is gone")["level"] == "CRITICAL");
}
