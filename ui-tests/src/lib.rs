//! What must and must not compile under the ragspan macros: see `tests/ui.rs`.
