//! All that an expansion may name, and nothing else. No part of the public API: it changes without notice.

pub use core::convert::Infallible;
pub use core::option::Option::{self, None, Some};
pub use core::{file, line, module_path};

pub use tracing::Level;
pub use tracing::field::{debug, display};

pub use crate::context::Layer;
pub use crate::span::{
    Annotated, Call, Field, MayBeEmpty, Metric, Probe, ScopeSite, Site, field, is_empty, metric,
};
