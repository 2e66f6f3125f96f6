//! The typed columns of the table `logs`: how they are computed from the JSON of a row that was written without them.
//!
//! Rows of version 1 hold these values only in JSON. The writer fills their columns in bounded steps; until then a reader
//! computes them with the same expressions, so that every question has the same answer before, meanwhile and after.

use std::sync::LazyLock;

use ragspan_core::record::SCORE_RECORDED;
use ragspan_core::record::keys::{self, Key, Part};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

/// The columns of version 1.
const FIRST_COLUMNS: &str = "id, timestamp, level, logger, message, trace_id, span_id, parent_span_id, request_id, \
    user_id, session_id, tenant_id, context, metrics, error, stack_trace, environment, version, host, duration_ms, \
    kind, boot_id, seq, start_us, timestamp_us, created_at";

/// A column and the expression that computes it from a row of version 1.
struct Typed {
    column: &'static str,
    expression: String,
}

/// Every typed column that SQL can compute. The fingerprint of an error is not among them: the writer computes it.
static TYPED: LazyLock<Vec<Typed>> = LazyLock::new(|| {
    let mut all = Vec::new();
    let mut add = |column, expression| all.push(Typed { column, expression });
    add("operation", of_span(&text(keys::OPERATION)));
    add("status", of_span(&text(keys::STATUS)));
    add(
        "layer",
        "CASE WHEN substr(logger, 1, 4) = 'rag.' THEN substr(logger, 5) END".to_owned(),
    );
    add("is_local_root", is_local_root());
    add("model", text(keys::MODEL));
    for key in keys::TOKENS {
        add(key.name, count(key));
    }
    add("total_tokens", total_tokens());
    add("llm_calls", count(keys::LLM_CALLS));
    add("cost_nanos", cost_nanos());
    add("error_type", error_type());
    add("error_span_id", of_span(&text(keys::ERROR_SPAN_ID)));
    add("score_name", of_score(&text(keys::METRIC)));
    add("score", of_score(&number(keys::SCORE)));
    all
});

/// The assignments of an `UPDATE` that fills the columns of a row.
pub(super) fn assignments() -> String {
    let each = TYPED.iter();
    let each = each.map(|typed| format!("{} = {}", typed.column, typed.expression));
    each.collect::<Vec<_>>().join(", ")
}

/// How much of the typed columns a database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filled {
    /// They are not there: the database is of version 1.
    None,
    /// Some rows are not filled yet.
    Partly,
    /// Every row is filled.
    Fully,
}

/// Lets the queries of this connection find typed columns in every row: where rows are not filled, a temporary view in the
/// place of the table computes them.
pub(super) async fn provide(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let filled = filled(connection).await?;
    if filled != Filled::Fully {
        let view = AssertSqlSafe(view(filled));
        sqlx::query(view).execute(connection).await?;
    }
    Ok(())
}

async fn filled(connection: &mut SqliteConnection) -> Result<Filled, sqlx::Error> {
    const COLUMN: &str = "SELECT 1 FROM pragma_table_info('logs') WHERE name = 'is_local_root'";
    const RANGE: &str = "SELECT last_id < first_id FROM ragspan_backfill WHERE id = 1";
    let has_columns = sqlx::query(COLUMN).fetch_optional(&mut *connection).await?;
    if has_columns.is_none() {
        return Ok(Filled::None);
    }
    let is_done: Option<bool> = sqlx::query_scalar(RANGE).fetch_optional(connection).await?;
    Ok(match is_done {
        Some(true) => Filled::Fully,
        _ => Filled::Partly,
    })
}

fn view(filled: Filled) -> String {
    let column = |Typed { column, expression }: &Typed| match filled {
        Filled::None => format!("{expression} AS {column}"),
        _ => format!(
            "CASE WHEN is_local_root IS NULL THEN {expression} ELSE {column} END AS {column}"
        ),
    };
    let typed: Vec<_> = TYPED.iter().map(column).collect();
    let typed = typed.join(", ");
    format!("CREATE TEMP VIEW logs AS SELECT {FIRST_COLUMNS}, {typed} FROM main.logs")
}

/// The JSON of a part; NULL where the column does not hold JSON, for which SQLite would refuse the query.
const fn json(part: Part) -> &'static str {
    match part {
        Part::Context => "CASE WHEN json_valid(context) THEN context END",
        Part::Metrics => "CASE WHEN json_valid(metrics) THEN metrics END",
    }
}

fn text(key: Key) -> String {
    let (json, path) = (json(key.part), key.path);
    format!("CASE json_type({json}, '{path}') WHEN 'text' THEN json_extract({json}, '{path}') END")
}

fn number(key: Key) -> String {
    number_at(key.part, key.path)
}

fn number_at(part: Part, path: &str) -> String {
    let json = json(part);
    format!(
        "CASE WHEN json_type({json}, '{path}') IN ('integer', 'real') THEN json_extract({json}, '{path}') END"
    )
}

fn count(key: Key) -> String {
    whole(&number(key))
}

/// A program may record the sum under a shorter name.
fn total_tokens() -> String {
    let total = number(keys::TOTAL_TOKENS);
    let tokens = number_at(Part::Metrics, "$.\"tokens\"");
    whole(&format!("coalesce({total}, {tokens})"))
}

fn cost_nanos() -> String {
    let cost = number(keys::COST_USD);
    whole(&format!("{cost} * 1000000000"))
}

/// The nearest whole number; NULL for what is below zero.
fn whole(number: &str) -> String {
    format!("CASE WHEN {number} >= 0 THEN CAST(round({number}) AS INTEGER) END")
}

/// Ids of spans that are not ragspan's are shorter, and are stored with zeros before them.
fn is_local_root() -> String {
    let (json, path) = (json(Part::Context), keys::REMOTE_PARENT.path);
    format!(
        "(kind = 'span' AND (parent_span_id IS NULL OR coalesce(span_id = trace_id, 0) \
         OR substr(parent_span_id, 1, 19) = '00000000-0000-0000-' \
         OR coalesce(json_type({json}, '{path}') = 'true', 0)))"
    )
}

fn error_type() -> String {
    let json = "CASE WHEN json_valid(error) THEN error END";
    format!("CASE json_type({json}, '$.type') WHEN 'text' THEN json_extract({json}, '$.type') END")
}

fn of_span(expression: &str) -> String {
    format!("CASE WHEN kind = 'span' THEN {expression} END")
}

fn of_score(expression: &str) -> String {
    format!("CASE WHEN kind = 'event' AND message = '{SCORE_RECORDED}' THEN {expression} END")
}
