//! What may be asked of the stored records, as plain data.

use super::RowKind;
use super::select::{Column, Fact, Operator, Order, Select, Value};
use crate::record::Level;

/// Which records to list; what is `None` does not narrow.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// The least level.
    pub level: Option<Level>,
    /// Exactly this user.
    pub user: Option<String>,
    /// Exactly this request id.
    pub request: Option<String>,
    /// Exactly this trace, as UUID text ([`Reader::resolve_trace`](super::Reader::resolve_trace)).
    pub trace: Option<String>,
    /// Exactly this layer, such as `retrieval`.
    pub layer: Option<String>,
    /// Only spans' records, or only events.
    pub kind: Option<RowKind>,
    /// Not older than this, in microseconds since the epoch.
    pub since_us: Option<i64>,
    /// At most so many, the newest of them.
    pub limit: Option<u32>,
}

impl LogFilter {
    pub(super) fn select(&self) -> Select {
        let layer = self.layer.as_deref().map(logger_of);
        Select::records()
            .and_level(self.level)
            .and_text(Column::UserId, self.user.as_deref())
            .and_text(Column::RequestId, self.request.as_deref())
            .and_text(Column::TraceId, self.trace.as_deref())
            .and_text(Column::Logger, layer.as_deref())
            .and_text(Column::Kind, self.kind.map(RowKind::as_str))
            .and_since(self.since_us)
            .ordered(Order::NewestFirst, self.limit)
    }
}

/// Which failures to list; what is `None` does not narrow.
#[derive(Debug, Clone, Default)]
pub struct ErrorFilter {
    /// Exactly this user.
    pub user: Option<String>,
    /// Not older than this, in microseconds since the epoch.
    pub since_us: Option<i64>,
    /// At most so many, the newest of them.
    pub limit: Option<u32>,
}

impl ErrorFilter {
    pub(super) fn select(&self) -> Select {
        Select::records()
            .and_fact(Fact::Failure)
            .and_text(Column::UserId, self.user.as_deref())
            .and_since(self.since_us)
            .ordered(Order::NewestFirst, self.limit)
    }
}

/// Which spans to list as the slowest; what is `None` does not narrow.
#[derive(Debug, Clone, Default)]
pub struct SlowFilter {
    /// Spans of this layer; without it, whole requests (the root spans).
    pub layer: Option<String>,
    /// Not older than this, in microseconds since the epoch.
    pub since_us: Option<i64>,
    /// At most so many, the slowest of them.
    pub limit: Option<u32>,
}

impl SlowFilter {
    pub(super) fn select(&self) -> Select {
        let spans = Select::records()
            .and_fact(Fact::Ended)
            .and_since(self.since_us);
        let spans = match &self.layer {
            Some(layer) => spans.and(Column::Logger, Operator::Is, Value::Text(&logger_of(layer))),
            None => spans.and_fact(Fact::Root),
        };
        spans.ordered(Order::SlowestFirst, self.limit)
    }
}

fn logger_of(layer: &str) -> String {
    format!("rag.{layer}")
}
