//! The ruler: what one annotated call costs beside its peers, in one run.
//!
//! Every variant runs in a process of its own, since a global subscriber can be set once only. `scripts/bench ruler`
//! builds and runs it; what is measured, and how, stands at the head of [`measure`].

pub mod allocations;
pub mod arguments;
pub mod around;
pub mod callgrind;
pub mod compare;
pub mod dress;
pub mod measure;
pub mod one;
pub mod program;
pub mod redact;
pub mod scene;
pub mod stage;
pub mod table;
pub mod variant;
