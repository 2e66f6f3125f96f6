//! Measures one annotated call beside its peers, in one run.
//!
//! Every variant runs in a process of its own, since a global subscriber can be set once only. `scripts/bench calls` builds and runs it; the documentation of [`measure`] describes the method.

pub mod allocations;
pub mod arguments;
pub mod backend;
pub mod callgrind;
pub mod compare;
pub mod functions;
pub mod measure;
pub mod one;
pub mod program;
pub mod redact;
pub mod surrounding;
pub mod surroundings;
pub mod table;
pub mod variant;
