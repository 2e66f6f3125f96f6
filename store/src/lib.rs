//! The store keeps records in a database and finds them again.
//!
//! Invariant 7 has its home here: user text reaches SQL as a bind parameter only, and every column
//! and operator of a query comes from a closed enum (`select`) or from a literal; the test
//! `user_text_reaches_sql_as_a_bind_parameter_only` holds it.

mod backfill;
mod compare;
mod condition;
mod connect;
mod deadline;
mod error;
mod filter;
mod health;
mod json;
mod lookup;
mod reader;
mod retention;
mod row;
mod select;
mod span;
mod stats;
mod stored;
#[cfg(test)]
mod tests;
mod typed;
mod writer;

pub use condition::{Condition, ParseConditionError};
pub use connect::SCHEMA_VERSION;
pub use error::Error;
pub use filter::{ErrorFilter, LogFilter, SlowFilter};
pub use health::Health;
pub use lookup::{TraceRef, short_id};
pub use ragspan_core::trace::{Node, Span, SpanError, Tree};
pub use reader::Reader;
pub use retention::{Expired, RetentionLimits};
pub use row::{NewRow, RowKind, TypedColumns};
pub use span::trace_tree;
pub use stats::{Stats, StatsBy, StatsFilter};
pub use stored::StoredRecord;
pub use writer::Writer;
