//! Ends a statement that takes too long: nobody's question may hold a database for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::sqlite::SqliteConnection;

use super::Error;
use ragspan_core::clock::{self, Moment};

/// How many steps of SQLite's machine lie between two looks at the clock: well under a millisecond.
const STEPS: i32 = 10_000;

/// Until when the running statement may run.
#[derive(Debug)]
pub(super) struct Deadline {
    limit: Option<Duration>,
    /// In microseconds of the monotonic clock; shared with the connection's thread.
    until: Arc<AtomicU64>,
}

impl Deadline {
    pub(super) fn never() -> Self {
        Self {
            limit: None,
            until: Arc::default(),
        }
    }

    /// Holds every statement on `connection` to `limit`, each from its [`start`](Self::start).
    pub(super) async fn on(
        connection: &mut SqliteConnection,
        limit: Duration,
    ) -> Result<Self, sqlx::Error> {
        let deadline = Self {
            limit: Some(limit),
            until: Arc::new(AtomicU64::new(u64::MAX)),
        };
        let until = Arc::clone(&deadline.until);
        connection
            .lock_handle()
            .await?
            .set_progress_handler(STEPS, move || micros() <= until.load(Ordering::Relaxed));
        Ok(deadline)
    }

    /// A statement begins.
    pub(super) fn start(&self) {
        if let Some(limit) = self.limit {
            let limit = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
            self.until
                .store(micros().saturating_add(limit), Ordering::Relaxed);
        }
    }

    /// Returns the error of a statement that was stopped here, else the database's own error; for `map_err`.
    pub(super) fn while_doing(&self, doing: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
        let limit = self.limit;
        move |source| match limit {
            Some(limit) if was_interrupted(&source) => Error::TooSlow { doing, limit },
            _ => Error::while_doing(doing)(source),
        }
    }
}

fn micros() -> u64 {
    clock::machine_time().micros_since(Moment::default())
}

/// `SQLITE_INTERRUPT`.
fn was_interrupted(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "9")
}
