//! Finds stored records, without being able to change them.

use std::path::Path;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::sqlite::SqliteConnection;

use super::deadline::Deadline;
use super::health::Health;
use super::lookup::{CANDIDATES, ways};
use super::select::{Column, Order, Select};
use super::stats::{Call, Gathering};
use super::{
    Error, ErrorFilter, LogFilter, SlowFilter, Stats, StatsFilter, StoredRecord, TraceRef, connect,
};

/// Reads a database that a [`Writer`](super::Writer), perhaps of another process, fills.
#[derive(Debug)]
pub struct Reader {
    connection: SqliteConnection,
    snapshot: bool,
    deadline: Deadline,
}

impl Reader {
    /// Opens the database at `path` read-only; it is never created.
    ///
    /// # Errors
    /// If the file does not exist, cannot be opened, or is not a ragspan database.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        let (connection, snapshot) = connect::for_reading(path).await?;
        Ok(Self {
            connection,
            snapshot,
            deadline: Deadline::never(),
        })
    }

    /// The same, and no statement may take longer than `limit`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_within(path: &Path, limit: Duration) -> Result<Self, Error> {
        let mut reader = Self::open(path).await?;
        reader.deadline = Deadline::on(&mut reader.connection, limit)
            .await
            .map_err(|error| Error::open(path, error))?;
        Ok(reader)
    }

    /// Returns true if it reads the database as of its opening, without later records, because it could not create a file
    /// beside the database.
    #[must_use]
    pub fn is_snapshot(&self) -> bool {
        self.snapshot
    }

    /// How many records there are.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn count(&mut self) -> Result<u64, Error> {
        self.deadline.start();
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM main.logs")
            .fetch_one(&mut self.connection)
            .await
            .map_err(self.deadline.while_doing("count the records"))?;
        Ok(count.unsigned_abs())
    }

    /// The number of the newest row, zero in an empty table.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn newest_row(&mut self) -> Result<i64, Error> {
        self.deadline.start();
        sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM main.logs")
            .fetch_one(&mut self.connection)
            .await
            .map_err(self.deadline.while_doing("look for the newest record"))
    }

    /// The records that pass `filter` and came into the table after row `row`, the oldest rows first.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn logs_after(
        &mut self,
        filter: &LogFilter,
        row: i64,
    ) -> Result<Vec<StoredRecord>, Error> {
        self.records(filter.select_after(row)).await
    }

    /// The sums of the calls that pass `filter`, by name and operation.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn stats(&mut self, filter: &StatsFilter) -> Result<Vec<Stats>, Error> {
        self.deadline.start();
        let mut select = filter.select();
        let calls = select.build().fetch(&mut self.connection);
        calls
            .and_then(async |row| Call::read(&row))
            .try_fold(Gathering::default(), async |mut groups, call| {
                groups.add(call);
                Ok(groups)
            })
            .await
            .map(Gathering::finish)
            .map_err(self.deadline.while_doing("sum up calls"))
    }

    /// Returns the size, age and rows of the database.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn health(&mut self) -> Result<Health, Error> {
        self.deadline.start();
        Health::read(&mut self.connection)
            .await
            .map_err(self.deadline.while_doing("tell of itself"))
    }

    /// Every record of a trace, in the order in which spans began and events happened.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn trace(&mut self, trace_id: &str) -> Result<Vec<StoredRecord>, Error> {
        let select = Select::records().and_text(Column::TraceId, Some(trace_id));
        self.records(select.ordered(Order::ByStart, None)).await
    }

    /// Finds the trace that `asked` means: a trace id as UUID, 32 hex digits, short form, W3C
    /// `traceparent` or unique prefix; a span id; a request id; `last`; or
    /// `last-error`, the trace of the newest failure.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Ambiguous`], or if the database refuses.
    pub async fn resolve_trace(&mut self, asked: &str) -> Result<TraceRef, Error> {
        for way in ways(asked) {
            let found = self.traces(way.select()).await?;
            if !found.is_empty() {
                return only_one(asked, found);
            }
        }
        Err(Error::NotFound {
            asked: asked.to_owned(),
        })
    }

    /// The records that pass `filter`, the newest last.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn logs(&mut self, filter: &LogFilter) -> Result<Vec<StoredRecord>, Error> {
        let mut records = self.records(filter.select()).await?;
        records.reverse();
        Ok(records)
    }

    /// The records of failures that pass `filter`, the newest last.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn errors(&mut self, filter: &ErrorFilter) -> Result<Vec<StoredRecord>, Error> {
        let mut records = self.records(filter.select()).await?;
        records.reverse();
        Ok(records)
    }

    /// The slowest requests, or spans of a layer, the slowest first.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn slowest(&mut self, filter: &SlowFilter) -> Result<Vec<StoredRecord>, Error> {
        self.records(filter.select()).await
    }

    async fn records(&mut self, mut select: Select) -> Result<Vec<StoredRecord>, Error> {
        self.deadline.start();
        let rows = select
            .build()
            .fetch_all(&mut self.connection)
            .await
            .map_err(self.deadline.while_doing("read records"))?;
        rows.iter()
            .map(StoredRecord::read)
            .collect::<Result<_, _>>()
            .map_err(Error::while_doing("read records"))
    }

    async fn traces(&mut self, mut select: Select) -> Result<Vec<String>, Error> {
        self.deadline.start();
        let rows = select
            .build()
            .fetch_all(&mut self.connection)
            .await
            .map_err(self.deadline.while_doing("look for a trace"))?;
        rows.iter()
            .filter_map(|row| sqlx::Row::try_get::<Option<String>, _>(row, 0).transpose())
            .collect::<Result<_, _>>()
            .map_err(Error::while_doing("look for a trace"))
    }
}

fn only_one(asked: &str, mut found: Vec<String>) -> Result<TraceRef, Error> {
    if found.len() > 1 {
        let asked = asked.to_owned();
        if found.len() > CANDIDATES {
            found.truncate(CANDIDATES);
            found.push("…".to_owned());
        }
        return Err(Error::Ambiguous {
            asked,
            candidates: found,
        });
    }
    found
        .pop()
        .map(|trace_id| TraceRef { trace_id })
        .ok_or_else(|| Error::NotFound {
            asked: asked.to_owned(),
        })
}
