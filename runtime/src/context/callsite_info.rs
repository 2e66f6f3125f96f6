//! The static data of an annotated function.

use std::fmt;

use ragspan_core::Layer;
use ragspan_core::source::shorten_path;

/// The operation, layer and source location of an annotated function, known at compile time.
#[derive(Debug)]
pub(crate) struct CallsiteInfo {
    pub(crate) operation: &'static str,
    pub(crate) layer: Layer,
    pub(crate) module: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
}

/// Formats one line of a stack trace, without the folders of the machine that compiled the function.
impl fmt::Display for CallsiteInfo {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = shorten_path(self.file);
        write!(out, "{} ({file}:{})", self.operation, self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_stack_trace_has_no_path_of_the_build_machine() {
        let info = CallsiteInfo {
            operation: "http_request",
            layer: Layer::Api,
            module: "ragspan::http::server",
            file: "/home/ada/.cargo/registry/src/index-1949cf8c6b5b557f/ragspan-0.1.0/src/http/callsites.rs",
            line: 28,
        };
        let line = "http_request (ragspan-0.1.0/src/http/callsites.rs:28)";
        assert_eq!(info.to_string(), line);
    }
}
