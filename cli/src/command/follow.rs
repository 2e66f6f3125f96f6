//! Shows new records as they are written to the database, until ctrl-c.

use std::io::Write;
use std::pin::pin;
use std::time::Duration;

use ragspan_store::{LogFilter, Reader, StoredRecord};

use super::answer::Answer;
use super::context::RenderContext;
use super::error::Error;
use super::list;
use super::monitor::{Change, FileMonitor};

/// The pause between two queries: a record is shown well within a second.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// The number of records that are read at once.
const BATCH: u32 = 1_000;

/// Shows the newest records that match `filter`, then every new one, also of a database that replaces this one. Ends on
/// ctrl-c, or when the reader of a pipe goes away.
///
/// # Errors
/// If a query fails, or `out` cannot be written to.
pub(super) async fn run(
    mut reader: Reader,
    mut monitor: FileMonitor,
    filter: LogFilter,
    json: bool,
    out: &mut dyn Write,
    context: &RenderContext,
) -> Result<Answer, Error> {
    // Pinned outside of the loop: an interrupt between two waits must not be lost.
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    let mut unread = pin!(output_closed());
    let mut row = reader.newest_row().await?;
    let mut records = reader.logs(&filter).await?;
    let later = LogFilter {
        limit: Some(BATCH),
        ..filter
    };
    loop {
        show(&records, json, out, context)?;
        row = records.iter().map(|record| record.id).fold(row, i64::max);
        let full = records.len() >= BATCH as usize;
        tokio::select! {
            biased;
            _ = &mut interrupted => return Ok(Answer::Found),
            () = &mut unread => return Ok(Answer::Found),
            () = tokio::time::sleep(POLL_INTERVAL), if !full => {}
            () = std::future::ready(()), if full => {}
        }
        records = reader.logs_after(&later, row).await?;
        if !records.is_empty() {
            continue;
        }
        // Only now: the remaining records of a replaced database were shown.
        match monitor.check(&reader).await {
            Some(Change::Replaced(next)) => (reader, row) = (next, 0),
            Some(Change::Modified(next)) => reader = next,
            None => {}
        }
    }
}

fn show(
    records: &[StoredRecord],
    json: bool,
    out: &mut dyn Write,
    context: &RenderContext,
) -> Result<(), Error> {
    if json {
        list::json_lines(records, out)?;
    } else {
        for record in records {
            out.write_all(list::line(record, context).as_bytes())?;
        }
    }
    Ok(out.flush()?)
}

/// Returns when stdout is a pipe whose other end was closed: without it that would be noticed only when the next record
/// is written. Never returns for a file, and on systems other than Unix.
#[cfg(unix)]
async fn output_closed() {
    use tokio::io::Interest;

    if let Ok(stdout) = stdout_as_pipe()
        && stdout.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

/// Opens stdout unchecked, because the checked form would make it non-blocking for its writer.
#[cfg(unix)]
fn stdout_as_pipe() -> std::io::Result<tokio::net::unix::pipe::Sender> {
    use std::os::fd::AsFd as _;

    let stdout = std::io::stdout().as_fd().try_clone_to_owned()?;
    tokio::net::unix::pipe::Sender::from_file_unchecked(stdout.into())
}

#[cfg(not(unix))]
async fn output_closed() {
    std::future::pending().await
}
