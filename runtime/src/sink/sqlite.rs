//! Records in a SQLite database.

use std::sync::Arc;

use super::{Batch, Sink, SinkError, SqliteSettings};
use crate::clock;
use crate::metrics::{Counter, Name, Registry};
use crate::record::json::Line;
use crate::record::{Kind, Record, rfc3339};
use ragspan_store::{Keep, NewRow, RowKind, Writer};

/// After so many records it is seen whether there are too many.
const LOOK: usize = 5_000;

/// So many steps of expiry are made at a time: a batch must not wait long for them.
const STEPS: usize = 4;

fn keep(settings: &SqliteSettings) -> Keep {
    Keep {
        age_us: i64::try_from(settings.max_age.as_micros()).unwrap_or(i64::MAX),
        bytes: settings.max_bytes,
    }
}

/// Opens its database when it is first needed, and again after that failed.
#[derive(Debug)]
pub(crate) struct SqliteSink {
    settings: SqliteSettings,
    writer: Option<Writer>,
    /// Records delivered since the last look at what is too old or too much.
    unseen: usize,
    by_age: Arc<Counter>,
    by_size: Arc<Counter>,
}

impl SqliteSink {
    pub(crate) fn new(settings: SqliteSettings, registry: &Registry) -> Self {
        let expired = |why| registry.counter(Name::RecordsExpired, &[Self::NAME, why]);
        Self {
            settings,
            writer: None,
            unseen: LOOK,
            by_age: expired("age"),
            by_size: expired("size"),
        }
    }

    /// Lets go of what is too old or too much. Records have been delivered by then: a failure here is no failure
    /// of theirs, and the next look tries again.
    async fn expire(&mut self) {
        let (keep, now) = (keep(&self.settings), signed(clock::now().unix_micros()));
        for _ in 0..STEPS {
            let Some(writer) = &mut self.writer else {
                return;
            };
            let Ok(expired) = writer.expire(keep, now).await else {
                self.writer = None;
                return;
            };
            self.by_age.add(expired.by_age);
            self.by_size.add(expired.by_size);
            if !expired.is_some() {
                self.unseen = 0;
                return;
            }
        }
    }

    async fn writer(&mut self) -> Result<&mut Writer, SinkError> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => Writer::open(&self.settings.path).await.map_err(retryable)?,
        };
        Ok(self.writer.insert(writer))
    }

    /// Passes on how a statement went. A connection that has failed goes, since SQLite may have ended its transaction by itself,
    /// as on a full disk, and sqlx would never begin another; the next attempt opens anew.
    fn judge<T>(&mut self, done: Result<T, ragspan_store::Error>) -> Result<T, SinkError> {
        if done.is_err() {
            self.writer = None;
        }
        done.map_err(retryable)
    }
}

impl Sink for SqliteSink {
    const NAME: &'static str = "sqlite";

    async fn open(&mut self) -> Result<(), SinkError> {
        self.writer().await.map(|_| ())
    }

    async fn deliver(&mut self, batch: Batch) -> Result<(), SinkError> {
        let texts: Vec<Texts> = batch.records().map(Texts::of).collect();
        let parts = batch.records().zip(batch.lines()).zip(&texts);
        let rows: Vec<NewRow<'_>> = parts
            .map(|((record, line), texts)| row(&batch, record, line, texts))
            .collect();
        let inserted = self.writer().await?.insert(&rows).await;
        self.judge(inserted)?;
        self.unseen += rows.len();
        if self.unseen >= LOOK {
            self.expire().await;
        }
        Ok(())
    }

    async fn sync(&mut self) -> Result<(), SinkError> {
        let synced = self.writer().await?.sync().await;
        self.judge(synced)
    }

    async fn close(self) {
        if let Some(writer) = self.writer {
            // Every row was committed when it was delivered; closing only tidies up.
            let _tidied = writer.close().await;
        }
    }
}

fn retryable(error: ragspan_store::Error) -> SinkError {
    SinkError::Retryable {
        source: error.into(),
        after: None,
    }
}

/// The columns of a record that it does not hold as text.
struct Texts {
    timestamp: [u8; 27],
    trace_id: Option<[u8; 36]>,
    span_id: Option<[u8; 36]>,
    parent_span_id: Option<[u8; 36]>,
    logger: String,
    message: String,
    request_id: Option<String>,
    session_id: Option<String>,
    stack_trace: Option<String>,
}

impl Texts {
    fn of(record: &Record) -> Self {
        Self {
            timestamp: rfc3339(record.timestamp),
            trace_id: record.trace_id.map(|id| id.text()),
            span_id: record.span_id.map(|id| id.text()),
            parent_span_id: record.parent_span_id.map(|id| id.text()),
            logger: record.logger().into_owned(),
            message: record.message_text().into_owned(),
            request_id: record.request_id().map(Into::into),
            session_id: record.session_id().map(Into::into),
            stack_trace: record.stack_trace(),
        }
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn signed(micros: u64) -> i64 {
    i64::try_from(micros).unwrap_or(i64::MAX)
}

fn row<'a>(batch: &'a Batch, record: &'a Record, line: &Line, texts: &'a Texts) -> NewRow<'a> {
    let request = record.request.as_deref();
    let service = batch.service();
    let is_span = record.kind != Kind::Event;
    NewRow {
        boot_id: batch.boot_id(),
        seq: record.sequence,
        kind: if is_span {
            RowKind::Span
        } else {
            RowKind::Event
        },
        start_us: is_span.then(|| signed(record.start)),
        timestamp_us: signed(record.timestamp),
        duration_us: record.duration,
        timestamp: text(&texts.timestamp),
        level: record.level.as_str(),
        logger: &texts.logger,
        message: &texts.message,
        trace_id: texts.trace_id.as_ref().map(|id| text(id)),
        span_id: texts.span_id.as_ref().map(|id| text(id)),
        parent_span_id: texts.parent_span_id.as_ref().map(|id| text(id)),
        request_id: texts.request_id.as_deref(),
        user_id: request.and_then(|request| request.user_id.as_deref()),
        session_id: texts.session_id.as_deref(),
        tenant_id: request.and_then(|request| request.tenant_id.as_deref()),
        context: batch.text(line.context.clone()),
        metrics: batch.text(line.metrics.clone()),
        error: line.error.clone().map(|range| batch.text(range)),
        stack_trace: texts.stack_trace.as_deref(),
        environment: &service.environment,
        version: &service.version,
        host: &service.host,
    }
}
