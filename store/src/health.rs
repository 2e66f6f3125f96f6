//! The size, age and rows of a database, for operators.

use sqlx::sqlite::SqliteConnection;

/// The size, age and rows of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// The version of its tables.
    pub version: i64,
    /// How many records it holds.
    pub records: u64,
    /// The newest record's time, in microseconds since the epoch.
    pub newest_us: Option<i64>,
    /// The size of its pages, in bytes; the write-ahead log comes on top.
    pub bytes: u64,
    /// How it is written, such as `wal`.
    pub journal: String,
}

impl Health {
    pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let pages = number(connection, "PRAGMA page_count").await?;
        let page = number(connection, "PRAGMA page_size").await?;
        Ok(Self {
            version: version(connection).await?,
            records: number(connection, "SELECT count(*) FROM main.logs")
                .await?
                .unsigned_abs(),
            newest_us: sqlx::query_scalar("SELECT max(timestamp_us) FROM main.logs")
                .fetch_one(&mut *connection)
                .await?,
            bytes: pages.saturating_mul(page).unsigned_abs(),
            journal: sqlx::query_scalar("PRAGMA journal_mode")
                .fetch_one(connection)
                .await?,
        })
    }
}

/// Zero where another program made the tables.
async fn version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let table = "SELECT count(*) FROM sqlite_schema WHERE name = '_ragspan_migrations'";
    if number(connection, table).await? == 0 {
        return Ok(0);
    }
    let newest = "SELECT coalesce(max(version), 0) FROM _ragspan_migrations";
    number(connection, newest).await
}

async fn number(
    connection: &mut SqliteConnection,
    statement: &'static str,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(statement).fetch_one(connection).await
}
