//! The spans of a trace: one call each, ordered as a tree, and the rule for the origin of an error.
//!
//! Every view of a trace uses this module: the command's waterfall, its HTML page, `ragspan why`, and the test kit.

mod origin;
mod span;
mod tree;

pub use span::{Span, SpanError};
pub use tree::{Node, Tree};
