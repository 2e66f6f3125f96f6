//! Deletes the oldest traces of a database, each as a whole, to keep it within its limits.

use sqlx::Connection;

use super::{Error, Writer};

/// The number of the oldest records whose traces one step deletes.
const STEP: i64 = 2_000;

/// The limits of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionLimits {
    /// The age at which records are deleted, in microseconds.
    pub max_age_us: i64,
    /// The largest size, in bytes of the file's used pages.
    pub max_bytes: u64,
}

/// The number of records that one step has deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Records that were too old.
    pub by_age: u64,
    /// Records beyond the size that is kept.
    pub by_size: u64,
}

impl Expired {
    /// Returns true if another step may find more.
    pub fn is_some(self) -> bool {
        self != Self::default()
    }
}

/// The traces of the oldest records, unless a record of the trace is of `?2` or later.
const TRACES: &str = "DELETE FROM logs WHERE trace_id IN (
    SELECT trace_id FROM (
        SELECT trace_id FROM logs WHERE timestamp_us < ?2 AND trace_id IS NOT NULL
        ORDER BY timestamp_us LIMIT ?1
    ) AS old
    WHERE NOT EXISTS (
        SELECT 1 FROM logs AS late WHERE late.trace_id = old.trace_id AND late.timestamp_us >= ?2
    )
)";

/// Of the oldest records, those outside of any trace.
const LOOSE: &str = "DELETE FROM logs WHERE id IN (
    SELECT id FROM (
        SELECT id, trace_id FROM logs WHERE timestamp_us < ?2 ORDER BY timestamp_us LIMIT ?1
    ) WHERE trace_id IS NULL
)";

/// Freed pages are reused before the file grows.
const USED: &str = "SELECT (page_count - freelist_count) * page_size
    FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()";

impl Writer {
    /// Deletes some of the records that are too old; while the database is too large, also some of the oldest.
    ///
    /// # Errors
    /// If the database refuses; a step is one transaction, so nothing is then deleted.
    pub async fn expire(&mut self, limits: RetentionLimits, now_us: i64) -> Result<Expired, Error> {
        let expired = async {
            let by_age = self
                .delete_before(now_us.saturating_sub(limits.max_age_us))
                .await?;
            let used: i64 = sqlx::query_scalar(USED)
                .fetch_one(self.connection())
                .await?;
            let full = u64::try_from(used).unwrap_or_default() > limits.max_bytes;
            let by_size = if full {
                self.delete_before(i64::MAX).await?
            } else {
                0
            };
            Ok(Expired { by_age, by_size })
        };
        expired
            .await
            .map_err(Error::while_doing("delete old records"))
    }

    async fn delete_before(&mut self, before_us: i64) -> Result<u64, sqlx::Error> {
        let mut transaction = self.connection().begin_with("BEGIN IMMEDIATE").await?;
        let mut deleted = 0;
        for statement in [LOOSE, TRACES] {
            let query = sqlx::query(statement).bind(STEP).bind(before_us);
            deleted += query.execute(&mut *transaction).await?.rows_affected();
        }
        transaction.commit().await?;
        Ok(deleted)
    }
}
