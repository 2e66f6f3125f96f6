//! The static data of an annotated function.

use std::fmt;

use ragspan_core::Layer;

/// The operation, layer and source location of an annotated function, known at compile time.
#[derive(Debug)]
pub(crate) struct CallsiteInfo {
    pub(crate) operation: &'static str,
    pub(crate) layer: Layer,
    pub(crate) module: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
}

/// Formats one line of a stack trace.
impl fmt::Display for CallsiteInfo {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({}:{})", self.operation, self.file, self.line)
    }
}
