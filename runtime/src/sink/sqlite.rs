//! Stores records in a SQLite database.

mod row;

use std::sync::Arc;

use ragspan_store::{NewRow, RetentionLimits, Writer};

use self::row::{Texts, row, signed};
use super::{Batch, Sink, SinkError, SqliteSettings};
use crate::clock;
use crate::metrics::{Counter, Name, Registry};

/// Old records are deleted after every so many new ones.
const EXPIRE_AFTER: usize = 5_000;

/// The number of steps of one deletion, so that the next batch does not wait long for it.
const EXPIRE_STEPS: usize = 4;

fn limits(settings: &SqliteSettings) -> RetentionLimits {
    RetentionLimits {
        max_age_us: i64::try_from(settings.max_age.as_micros()).unwrap_or(i64::MAX),
        max_bytes: settings.max_bytes,
    }
}

/// Stores records in a database, which it opens when it is first needed, and again after a failure.
#[derive(Debug)]
pub(crate) struct SqliteSink {
    settings: SqliteSettings,
    writer: Option<Writer>,
    /// The number of records delivered since old ones were last deleted.
    since_expiry: usize,
    /// Whether rows may lack their typed columns.
    has_rows_to_fill: bool,
    by_age: Arc<Counter>,
    by_size: Arc<Counter>,
}

impl SqliteSink {
    pub(crate) fn new(settings: SqliteSettings, registry: &Registry) -> Self {
        let expired = |why| registry.counter(Name::RecordsExpired, &[Self::NAME, why]);
        Self {
            settings,
            writer: None,
            since_expiry: EXPIRE_AFTER,
            has_rows_to_fill: true,
            by_age: expired("age"),
            by_size: expired("size"),
        }
    }

    /// Deletes records that are too old or too many. The new records are delivered by then, so a failure here is not
    /// reported as theirs; the next batch tries again.
    async fn expire(&mut self) {
        let (limits, now) = (limits(&self.settings), signed(clock::now().unix_micros()));
        for _ in 0..EXPIRE_STEPS {
            let Some(writer) = &mut self.writer else {
                return;
            };
            let Ok(expired) = writer.expire(limits, now).await else {
                self.writer = None;
                return;
            };
            self.by_age.add(expired.by_age);
            self.by_size.add(expired.by_size);
            if !expired.is_some() {
                self.since_expiry = 0;
                return;
            }
        }
    }

    /// Fills the typed columns of some rows that an older version wrote.
    async fn fill(&mut self) {
        let Some(writer) = &mut self.writer else {
            return;
        };
        match writer.fill().await {
            Ok(may_be_more) => self.has_rows_to_fill = may_be_more,
            Err(_) => self.writer = None,
        }
    }

    async fn writer(&mut self) -> Result<&mut Writer, SinkError> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => Writer::open(&self.settings.path).await.map_err(retryable)?,
        };
        Ok(self.writer.insert(writer))
    }

    /// Returns the result of a statement, and drops the connection if the statement failed. SQLite may have ended the
    /// transaction by itself, as on a full disk, and sqlx would then never begin another. The next attempt opens anew.
    fn checked<T>(&mut self, result: Result<T, ragspan_store::Error>) -> Result<T, SinkError> {
        if result.is_err() {
            self.writer = None;
        }
        result.map_err(retryable)
    }
}

impl Sink for SqliteSink {
    const NAME: &'static str = "sqlite";

    async fn open(&mut self) -> Result<(), SinkError> {
        self.writer().await.map(|_| ())
    }

    async fn deliver(&mut self, batch: Batch) -> Result<(), SinkError> {
        let items = batch.in_order();
        let texts: Vec<Texts> = items.iter().map(Texts::of).collect();
        let pairs = items.iter().zip(&texts);
        let rows: Vec<NewRow<'_>> = pairs.map(|(item, texts)| row(item, texts)).collect();
        let inserted = self.writer().await?.insert(&rows).await;
        self.checked(inserted)?;
        self.since_expiry += rows.len();
        if self.since_expiry >= EXPIRE_AFTER {
            self.expire().await;
        }
        if self.has_rows_to_fill {
            self.fill().await;
        }
        Ok(())
    }

    async fn sync(&mut self) -> Result<(), SinkError> {
        let synced = self.writer().await?.sync().await;
        self.checked(synced)
    }

    async fn close(self) {
        if let Some(writer) = self.writer {
            // Every row was committed when it was delivered, so a failure here loses nothing.
            let _closed = writer.close().await;
        }
    }
}

fn retryable(error: ragspan_store::Error) -> SinkError {
    SinkError::Retryable {
        source: error.into(),
        after: None,
    }
}
