//! Placeholder.

#[cfg(feature = "sqlite")]
pub mod store;

/// The JSON Schema of a record.
pub const SCHEMA: &str = include_str!("record/schema.json");
