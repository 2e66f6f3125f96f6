//! Compiles every program in `pass/` and `fail/`, and compares the error messages of those in `fail/`.
//!
//! Each folder of `fail/` covers one rule. `TRYBUILD=overwrite` accepts the current messages. The expected messages are
//! those of one version of rustc.

#[test]
fn programs_in_pass_compile_and_run() {
    trybuild::TestCases::new().pass("pass/*.rs");
}

#[test]
fn programs_in_fail_are_rejected_with_the_expected_messages() {
    trybuild::TestCases::new().compile_fail("fail/*/*.rs");
}
