//! What the `ragspan` command shows, as a library: traces, tables and summaries of stored records.

pub mod command;
mod demo;
mod facts;
pub mod format;
pub mod html;
pub mod style;
pub mod summary;
pub mod table;
mod telling;
pub mod text;
pub mod waterfall;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod snapshot;

pub use style::Style;
