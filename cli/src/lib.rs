//! The `ragspan` command as a library: renders traces, tables and summaries of stored records.

mod call;
pub mod command;
mod demo;
pub mod format;
mod highlights;
pub mod html;
mod stack_trace;
pub mod style;
pub mod summary;
pub mod table;
pub mod text;
mod trace_view;
pub mod waterfall;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod snapshot;

pub use style::Style;
