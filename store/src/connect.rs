//! Opens a SQLite file: for writing under a file lock, with its tables up to date; or read-only.
//!
//! sqlx does not lock SQLite during migrations, and switching a new file to WAL does not wait for other
//! connections, so both are done while this process holds a lock file beside the database.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqlSafeStr};

use super::error::Cause;
use super::{Error, select, typed};

/// The version of the tables that this program writes.
pub const SCHEMA_VERSION: i64 = 2;
/// The time for which a statement waits for another process's write; a checkpoint can take seconds.
const BUSY: Duration = Duration::from_secs(30);
/// The pause between attempts to take the lock, and their number: half a minute in all.
const LOCK_PAUSE: Duration = Duration::from_millis(10);
const LOCK_TRIES: usize = 3_000;
/// The number of rows up to which an index is created within milliseconds.
const SMALL_TABLE: i64 = 10_000;
/// A table of our own, so that an application's own sqlx migrations can use the same file.
const MIGRATIONS_TABLE: &str = "_ragspan_migrations";

/// Opens a database for writing, creating it if there is none.
pub(super) async fn for_writing(path: &Path) -> Result<SqliteConnection, Error> {
    let lock = lock_beside(path).await?;
    let mut connection = writing_options(path)
        .connect()
        .await
        .map_err(|error| Error::open(path, error))?;
    // Not `run`: its future is not `Send` for a borrowed connection, as far as the compiler can see.
    migrations()
        .run_direct(None, &mut connection, false)
        .await
        .map_err(|error| Error::migrate(path, error))?;
    index_failures(&mut connection)
        .await
        .map_err(|error| Error::open(path, error))?;
    drop(lock);
    Ok(connection)
}

/// Creates the index of failures while the table is small, because SQLite reads every row to build it. A large database of
/// an older version stays without: its failures are found by a scan.
async fn index_failures(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    const IDS: &str = "SELECT coalesce(max(id) - min(id), 0) FROM logs";
    let rows: i64 = sqlx::query_scalar(IDS).fetch_one(&mut *connection).await?;
    if rows < SMALL_TABLE {
        sqlx::query(select::FAILED_INDEX)
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Opens an existing database read-only; returns true with it if it is read as a snapshot.
pub(super) async fn for_reading(path: &Path) -> Result<(SqliteConnection, bool), Error> {
    if !path.exists() {
        return Err(Error::Missing {
            path: path.to_owned(),
        });
    }
    if path.is_dir() {
        return Err(Error::folder(path));
    }
    match to_read(path, false).await {
        Ok(connection) => Ok((connection, false)),
        Err(error) if cannot_write(&error) && File::open(path).is_ok() => {
            let connection = snapshot(path, error).await?;
            Ok((connection, true))
        }
        Err(error) => Err(error),
    }
}

/// Even readers of a database with a write-ahead log make files beside it. Where they can't, a database that was closed
/// is read as if it never changed, which is safe only while all of it is in its one file.
async fn snapshot(path: &Path, refused: Error) -> Result<SqliteConnection, Error> {
    let unfinished = || {
        let log = unfinished_log(path)?;
        let path = path.to_owned();
        Some(Error::Log { path, log })
    };
    if let Some(error) = unfinished() {
        return Err(error);
    }
    let connection = to_read(path, true).await.map_err(|_| refused)?;
    // A writer may have come in between.
    unfinished().map_or(Ok(connection), Err)
}

/// The log beside the database that holds a part of it.
fn unfinished_log(path: &Path) -> Option<PathBuf> {
    let logs = ["-wal", "-journal"].map(|end| beside(path, end));
    let holds = |log: &PathBuf| std::fs::metadata(log).is_ok_and(|log| log.len() > 0);
    logs.into_iter().find(holds)
}

/// Returns true if SQLite failed to create a file: its codes READONLY and CANTOPEN, in the low byte of extended codes.
fn cannot_write(error: &Error) -> bool {
    let Error::Open { source, .. } = error else {
        return false;
    };
    let refused = source.downcast_ref::<Cause>();
    let code = refused.and_then(|cause| cause.0.as_database_error()?.code()?.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 8 | 14))
}

async fn to_read(path: &Path, unchanging: bool) -> Result<SqliteConnection, Error> {
    let mut connection = common_options(path)
        .read_only(true)
        .immutable(unchanging)
        .connect()
        .await
        .map_err(|error| Error::open(path, error))?;
    check_table(&mut connection, path).await?;
    typed::provide(&mut connection)
        .await
        .map_err(|error| Error::open(path, error))?;
    Ok(connection)
}

/// Statements are not logged: the statements of the store must not become records themselves.
fn common_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .thread_name(|id| format!("ragspan-sqlite-{id}"))
        .disable_statement_logging()
}

fn writing_options(path: &Path) -> SqliteConnectOptions {
    common_options(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
}

/// Each migration is applied once, in order; none reads or rewrites the rows, whatever the size of the database.
fn migrations() -> Migrator {
    let logs = include_str!("../migrations/sqlite/0001_logs.sql");
    let typed_columns = include_str!("../migrations/sqlite/0002_typed_columns.sql");
    let all = vec![
        migration(1, "logs", logs),
        migration(SCHEMA_VERSION, "typed columns", typed_columns),
    ];
    let mut migrator = Migrator::with_migrations(all);
    migrator.dangerous_set_table_name(MIGRATIONS_TABLE);
    migrator
}

fn migration(version: i64, description: &'static str, sql: &'static str) -> Migration {
    let sql = sql.into_sql_str();
    Migration::new(
        version,
        description.into(),
        MigrationType::Simple,
        sql,
        false,
    )
}

async fn check_table(connection: &mut SqliteConnection, path: &Path) -> Result<(), Error> {
    sqlx::query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'logs'")
        .fetch_optional(connection)
        .await
        .map_err(|error| Error::open(path, error))?
        .map(|_| ())
        .ok_or_else(|| Error::NoTable {
            path: path.to_owned(),
        })
}

/// Waits on a thread of its own: two openings on one runtime would otherwise wait for each other, and the runtime's
/// pool panics if it cannot start a thread.
async fn lock_beside(path: &Path) -> Result<File, Error> {
    let lock = beside(path, ".lock");
    let waiting = lock.clone();
    let (done, answer) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("ragspan-lock".to_owned());
    // If the receiver is gone, the lock is released.
    let held = match thread.spawn(move || drop(done.send(hold(&waiting)))) {
        Ok(_) => answer.await.map_err(io::Error::other).flatten(),
        Err(error) => Err(error),
    };
    held.map_err(|error| Error::lock(&lock, error))
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The lock is released when the file is dropped, also by a crash; the empty file stays, because
/// removing it would let two processes lock two different files of one name.
fn hold(path: &Path) -> io::Result<File> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::TimedOut,
        "another process holds the lock",
    ))
}
