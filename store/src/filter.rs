//! The filters of queries, as plain data.

use super::select::{Column, Fact, Operator, Order, Select, Value};
use super::{Condition, RowKind};
use ragspan_core::Level;

/// Selects records to list; a field that is `None` selects all.
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
    /// Older than this, in microseconds since the epoch.
    pub until_us: Option<i64>,
    /// Records with this text in the message, the error or the context; the case of ASCII letters does not count.
    pub text: Option<String>,
    /// All of these are true.
    pub conditions: Vec<Condition>,
    /// At most so many, the newest of them.
    pub limit: Option<u32>,
}

impl LogFilter {
    pub(super) fn select(&self) -> Select {
        self.narrowed().ordered(Order::NewestFirst, self.limit)
    }

    /// The records that came into the table after row `row`.
    pub(super) fn select_after(&self, row: i64) -> Select {
        self.narrowed()
            .and(Column::Id, Operator::Above, Value::Integer(row))
            .ordered(Order::ByRow, self.limit)
    }

    fn narrowed(&self) -> Select {
        Select::records()
            .and_level(self.level)
            .and_text(Column::UserId, self.user.as_deref())
            .and_text(Column::RequestId, self.request.as_deref())
            .and_text(Column::TraceId, self.trace.as_deref())
            .and_layer(self.layer.as_deref())
            .and_text(Column::Kind, self.kind.map(RowKind::as_str))
            .and_since(self.since_us)
            .and_until(self.until_us)
            .and_containing(self.text.as_deref())
            .and_conditions(&self.conditions)
    }
}

/// Selects failures to list: calls that failed, whatever their level, and ERROR events outside of failed calls and
/// requests. A field that is `None` selects all.
#[derive(Debug, Clone, Default)]
pub struct ErrorFilter {
    /// Exactly this user.
    pub user: Option<String>,
    /// Only failures at their origin, without those that pass an error on.
    pub origins_only: bool,
    /// All of these are true.
    pub conditions: Vec<Condition>,
    /// Not older than this, in microseconds since the epoch.
    pub since_us: Option<i64>,
    /// Older than this, in microseconds since the epoch.
    pub until_us: Option<i64>,
    /// At most so many, the newest of them.
    pub limit: Option<u32>,
}

impl ErrorFilter {
    pub(super) fn select(&self) -> Select {
        let failures = Select::records().and_fact(Fact::Failure);
        let failures = if self.origins_only {
            failures.and_fact(Fact::Origin)
        } else {
            failures
        };
        failures
            .and_text(Column::UserId, self.user.as_deref())
            .and_since(self.since_us)
            .and_until(self.until_us)
            .and_conditions(&self.conditions)
            .ordered(Order::NewestFirst, self.limit)
    }
}

/// Selects spans to list as the slowest; a field that is `None` selects all.
#[derive(Debug, Clone, Default)]
pub struct SlowFilter {
    /// Every span, where it is not narrowed to a layer; else whole requests (the root spans).
    pub spans: bool,
    /// Spans of this layer.
    pub layer: Option<String>,
    /// At least so long, in milliseconds.
    pub over_ms: Option<f64>,
    /// All of these are true.
    pub conditions: Vec<Condition>,
    /// Not older than this, in microseconds since the epoch.
    pub since_us: Option<i64>,
    /// Older than this, in microseconds since the epoch.
    pub until_us: Option<i64>,
    /// At most so many, the slowest of them.
    pub limit: Option<u32>,
}

impl SlowFilter {
    pub(super) fn select(&self) -> Select {
        let spans = Select::records()
            .and_fact(Fact::Ended)
            .and_since(self.since_us)
            .and_until(self.until_us)
            .and_conditions(&self.conditions);
        let spans = match self.over_ms {
            Some(over) => spans.and(Column::DurationMs, Operator::AtLeast, Value::Real(over)),
            None => spans,
        };
        let spans = match &self.layer {
            Some(layer) => spans.and_layer(Some(layer)),
            None if self.spans => spans,
            None => spans.and_fact(Fact::Root),
        };
        spans.ordered(Order::SlowestFirst, self.limit)
    }
}
