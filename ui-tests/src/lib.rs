//! Programs that must or must not compile with the macros of `ragspan`. `tests/ui.rs` compiles them.
