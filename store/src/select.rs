//! Builds the text of a query from literals and closed enums; user text is only ever bound.

use sqlx::QueryBuilder;
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments};

use super::StoredRecord;
use super::stats::StatsBy;
use ragspan_core::Level;

/// The columns that a query may compare.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    DurationMs,
    /// The row's number in the table: later rows have greater ones.
    Id,
    Kind,
    Layer,
    RequestId,
    SpanId,
    TimestampUs,
    TraceId,
    /// The last six characters of the trace id.
    TraceEnd,
    UserId,
}

impl Column {
    const fn sql(self) -> &'static str {
        match self {
            Self::DurationMs => "duration_ms",
            Self::Id => "id",
            Self::Kind => "kind",
            Self::Layer => "layer",
            Self::RequestId => "request_id",
            Self::SpanId => "span_id",
            Self::TimestampUs => "timestamp_us",
            Self::TraceId => "trace_id",
            Self::TraceEnd => "substr(trace_id, -6)",
            Self::UserId => "user_id",
        }
    }
}

/// How a column is compared.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operator {
    Is,
    AtLeast,
    Above,
    Below,
}

impl Operator {
    const fn sql(self) -> &'static str {
        match self {
            Self::Is => " = ",
            Self::AtLeast => " >= ",
            Self::Above => " > ",
            Self::Below => " < ",
        }
    }
}

/// The value that a column is compared with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Integer(i64),
    Real(f64),
}

/// The condition of the index `logs_failed`; a query that is to use the index has it word for word.
macro_rules! failed_or_error {
    () => {
        "(status IN ('error', 'panic') OR level IN ('ERROR', 'CRITICAL'))"
    };
}

/// Tells failures from the other rows of the index. A call that ended without a status comes from another program, and
/// its level counts. An event is a part of a failure if its own call or its whole request failed.
macro_rules! failure {
    () => {
        "CASE kind WHEN 'span' THEN duration_ms IS NOT NULL AND coalesce(status, 'error') IN ('error', 'panic') \
         ELSE NOT EXISTS (SELECT 1 FROM logs AS failed WHERE failed.trace_id = logs.trace_id \
         AND failed.status IN ('error', 'panic') \
         AND (failed.is_local_root = 1 OR failed.span_id = logs.span_id)) END"
    };
}

/// Creates the index of failures of every level.
pub(super) const FAILED_INDEX: &str = concat!(
    "CREATE INDEX IF NOT EXISTS logs_failed ON logs (timestamp_us) WHERE ",
    failed_or_error!()
);

/// Conditions that do not compare with a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fact {
    /// A call that failed, whatever its level, or an ERROR event that belongs to no failed call.
    Failure,
    /// A span that has ended.
    Ended,
    /// The first span of a trace, or of this service's part of it.
    Root,
    /// A request: a call of a user, or of the layer that serves requests. Other local roots are background work.
    OfUser,
    /// A failure where it was born, not where it was passed on.
    Origin,
    /// Some trace. The plus keeps SQLite from walking the traces' index where time is what counts.
    Traced,
}

impl Fact {
    const fn sql(self) -> &'static str {
        match self {
            Self::Failure => concat!(failed_or_error!(), " AND ", failure!()),
            Self::Ended => "duration_ms IS NOT NULL",
            Self::Root => "is_local_root = 1",
            Self::OfUser => "(user_id IS NOT NULL OR layer = 'api')",
            Self::Origin => "error_span_id IS NULL",
            Self::Traced => "+trace_id IS NOT NULL",
        }
    }
}

/// The order of the rows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    ByStart,
    NewestFirst,
    SlowestFirst,
    /// By trace id, which for ours is by time.
    ByTrace,
    /// As the rows are met: an order would only cost.
    ByTime,
    /// As the rows came into the table.
    ByRow,
    /// As the rows are met.
    Any,
}

impl Order {
    const fn sql(self) -> &'static str {
        match self {
            Self::ByStart => " ORDER BY coalesce(start_us, timestamp_us), id",
            Self::NewestFirst => " ORDER BY timestamp_us DESC, id DESC",
            Self::SlowestFirst => " ORDER BY duration_ms DESC, id",
            Self::ByTrace => " ORDER BY trace_id",
            Self::ByTime => " ORDER BY timestamp_us",
            Self::ByRow => " ORDER BY id",
            Self::Any => "",
        }
    }
}

/// A query under construction.
pub(super) struct Select {
    pub(super) builder: QueryBuilder<Sqlite>,
    joint: &'static str,
}

impl Select {
    /// Whole records.
    pub(super) fn records() -> Self {
        Self::of("SELECT ", StoredRecord::COLUMNS)
    }

    /// The different traces of some records.
    pub(super) fn traces() -> Self {
        Self::of("SELECT DISTINCT ", "trace_id")
    }

    /// The traces of some records, one for each record.
    pub(super) fn trace_of_each() -> Self {
        Self::of("SELECT ", "trace_id")
    }

    /// The columns that a summary reads, in the order of `Call::read`.
    pub(super) fn calls(by: StatsBy) -> Self {
        Self::of("SELECT ", by.columns())
    }

    fn of(verb: &'static str, what: &'static str) -> Self {
        let mut builder = QueryBuilder::new(verb);
        builder.push(what).push(" FROM logs");
        Self {
            builder,
            joint: " WHERE ",
        }
    }

    pub(super) fn join(&mut self) -> &mut QueryBuilder<Sqlite> {
        self.builder
            .push(std::mem::replace(&mut self.joint, " AND "))
    }

    pub(super) fn and(mut self, column: Column, operator: Operator, value: Value<'_>) -> Self {
        let builder = self.join().push(column.sql()).push(operator.sql());
        match value {
            Value::Text(text) => builder.push_bind(text),
            Value::Integer(number) => builder.push_bind(number),
            Value::Real(number) => builder.push_bind(number),
        };
        self
    }

    /// A comparison that is left out where there is nothing to compare with.
    pub(super) fn and_text(self, column: Column, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.and(column, Operator::Is, Value::Text(text)),
            None => self,
        }
    }

    pub(super) fn and_layer(self, layer: Option<&str>) -> Self {
        self.and_text(Column::Layer, layer)
    }

    pub(super) fn and_since(self, since_us: Option<i64>) -> Self {
        match since_us {
            Some(since) => self.and(
                Column::TimestampUs,
                Operator::AtLeast,
                Value::Integer(since),
            ),
            None => self,
        }
    }

    pub(super) fn and_until(self, until_us: Option<i64>) -> Self {
        match until_us {
            Some(until) => self.and(Column::TimestampUs, Operator::Below, Value::Integer(until)),
            None => self,
        }
    }

    pub(super) fn and_fact(mut self, fact: Fact) -> Self {
        self.join().push(fact.sql());
        self
    }

    /// The words of a closed enum, as literals: bound, they could not choose a partial index.
    pub(super) fn and_level(mut self, least: Option<Level>) -> Self {
        if let Some(least) = least {
            let words: Vec<_> = least
                .and_above()
                .map(|level| format!("'{level}'"))
                .collect();
            let words = words.join(", ");
            self.join().push("level IN (").push(words).push(")");
        }
        self
    }

    /// Orders and cuts the rows.
    pub(super) fn ordered(mut self, order: Order, limit: Option<u32>) -> Self {
        self.builder.push(order.sql()).push(" LIMIT ");
        self.builder.push_bind(limit.map_or(-1, i64::from));
        self
    }

    /// The same query, asking how it would be answered.
    #[cfg(test)]
    pub(super) fn explained(self) -> String {
        format!("EXPLAIN QUERY PLAN {}", self.builder.into_string())
    }

    pub(super) fn build(&mut self) -> Query<'_, Sqlite, SqliteArguments> {
        self.builder.build()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::condition::{Condition, Field, JsonPath, Literal, NamedColumn, Test};
    use super::super::{LogFilter, SlowFilter, lookup};

    fn condition(test: Test) -> Condition {
        let path = JsonPath {
            nested: "$.a".into(),
            dotted: None,
        };
        let field = Field::Named(Some(NamedColumn::Operation), path);
        Condition { field, test }
    }

    fn logs(text: &str, since_us: i64) -> String {
        let some = || Some(text.to_owned());
        let literal = Literal::Text(text.to_owned());
        let filter = LogFilter {
            user: some(),
            request: some(),
            trace: some(),
            layer: some(),
            since_us: Some(since_us),
            until_us: Some(since_us),
            text: some(),
            conditions: vec![
                condition(Test::Contains(text.to_owned())),
                condition(Test::Is(literal.clone())),
                condition(Test::IsNot(literal)),
                condition(Test::Is(Literal::Quoted(text.to_owned(), text.to_owned()))),
            ],
            ..LogFilter::default()
        };
        filter.select().explained()
    }

    fn slow(text: &str) -> String {
        let layer = Some(text.to_owned());
        SlowFilter {
            layer,
            ..SlowFilter::default()
        }
        .select()
        .explained()
    }

    fn request(text: &str) -> String {
        lookup::Way::Request(text.to_owned()).select().explained()
    }

    proptest! {
        #[test]
        fn user_text_reaches_sql_as_a_bind_parameter_only(text in any::<String>(), since: i64) {
            prop_assert_eq!(logs(&text, since), logs("x", 0));
            prop_assert_eq!(slow(&text), slow("x"));
            prop_assert_eq!(request(&text), request("x"));
        }
    }
}
