//! Compiles every program of `pass/` and `fail/`, and compares the messages of the second.
//!
//! A folder of `fail/` is a rule. `TRYBUILD=overwrite` accepts the messages as they are; they belong
//! to one version of rustc.

#[test]
fn what_must_compile_does_and_runs() {
    trybuild::TestCases::new().pass("pass/*.rs");
}

#[test]
fn what_must_not_compile_says_why() {
    trybuild::TestCases::new().compile_fail("fail/*/*.rs");
}
