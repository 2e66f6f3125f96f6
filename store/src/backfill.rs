//! Fills the typed columns of rows that were written without them, some rows at a time.

use ragspan_core::record::error_fingerprint;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::{Error, Writer, span, typed};

/// Rows filled in one step. A step of 200 takes some milliseconds, and a batch of new records waits for one step at most.
const ROWS_PER_STEP: i64 = 200;

const RANGE: &str = "SELECT first_id, last_id FROM ragspan_backfill WHERE id = 1";
/// The lowest of the next rows from the top; NULL where there is none.
const LOWEST: &str = "SELECT min(id) FROM (
    SELECT id FROM logs WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3
)";
const ERRORS: &str = "SELECT id, error FROM logs
    WHERE id BETWEEN ?1 AND ?2 AND error IS NOT NULL AND error_fingerprint IS NULL";
const FINGERPRINT: &str = "UPDATE logs SET error_fingerprint = ?2 WHERE id = ?1";
const MOVE: &str = "UPDATE ragspan_backfill SET last_id = ?1 WHERE id = 1";
const DONE: &str = "UPDATE ragspan_backfill SET first_id = 1, last_id = 0 WHERE id = 1";

impl Writer {
    /// Fills the typed columns of the newest rows that lack them, in one short transaction, and returns whether there may
    /// be more. Rows lack them where version 1 wrote them, or [`NewRow::typed`](super::NewRow::typed) was `None`.
    ///
    /// # Errors
    /// If the database refuses; the rows are then filled by a later step.
    pub async fn fill(&mut self) -> Result<bool, Error> {
        let filled = step(self.connection()).await;
        filled.map_err(Error::while_doing("fill the columns of old records"))
    }
}

async fn step(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let range: Option<(i64, i64)> = sqlx::query_as(RANGE)
        .fetch_optional(&mut *connection)
        .await?;
    if range.is_none_or(|(first, last)| last < first) {
        return Ok(false);
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let (first, last): (i64, i64) = sqlx::query_as(RANGE).fetch_one(&mut *transaction).await?;
    let lowest: Option<i64> = sqlx::query_scalar(LOWEST)
        .bind(first)
        .bind(last)
        .bind(ROWS_PER_STEP)
        .fetch_one(&mut *transaction)
        .await?;
    match lowest {
        Some(lowest) => fill_rows(&mut transaction, lowest, last).await?,
        None => {
            sqlx::query(DONE).execute(&mut *transaction).await?;
        }
    }
    transaction.commit().await?;
    Ok(lowest.is_some())
}

async fn fill_rows(
    connection: &mut SqliteConnection,
    lowest: i64,
    last: i64,
) -> Result<(), sqlx::Error> {
    let assignments = typed::assignments();
    let update = format!(
        "UPDATE logs SET {assignments} WHERE id BETWEEN ?1 AND ?2 AND is_local_root IS NULL"
    );
    sqlx::query(AssertSqlSafe(update))
        .bind(lowest)
        .bind(last)
        .execute(&mut *connection)
        .await?;
    let errors: Vec<(i64, String)> = sqlx::query_as(ERRORS)
        .bind(lowest)
        .bind(last)
        .fetch_all(&mut *connection)
        .await?;
    for (id, error) in errors {
        let Some(error) = span::error(&error) else {
            continue;
        };
        let fingerprint = error_fingerprint(&error.error_type, error.root_cause());
        sqlx::query(FINGERPRINT)
            .bind(id)
            .bind(format!("{fingerprint:016x}"))
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query(MOVE)
        .bind(lowest - 1)
        .execute(connection)
        .await?;
    Ok(())
}
