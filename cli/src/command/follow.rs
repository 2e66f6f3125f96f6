//! Shows new records as they come into the database, until the one who looks has seen enough.

use std::io::Write;
use std::pin::pin;
use std::time::Duration;

use ragspan_store::{LogFilter, Reader, StoredRecord};

use super::watch::{Change, Watch};
use super::{Answer, Error, Scene, list};

/// How often the database is asked: a record is shown well within a second.
const PAUSE: Duration = Duration::from_millis(200);
/// How many records are read at once.
const BATCH: u32 = 1_000;

/// Shows the newest records that pass, then every new one, also of a database that takes the place of this one; ends on
/// ctrl-c or when nobody reads.
///
/// # Errors
/// If the database refuses, or `out` can't be written to.
pub(super) async fn run(
    mut reader: Reader,
    mut watch: Watch,
    filter: LogFilter,
    json: bool,
    out: &mut dyn Write,
    scene: &Scene,
) -> Result<Answer, Error> {
    // Pinned outside of the loop: an interrupt between two waits must not be lost.
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    let mut unread = pin!(nobody_reads());
    let mut row = reader.newest_row().await?;
    let mut records = reader.logs(&filter).await?;
    let later = LogFilter {
        limit: Some(BATCH),
        ..filter
    };
    loop {
        show(&records, json, out, scene)?;
        row = records.iter().map(|record| record.id).fold(row, i64::max);
        let full = records.len() >= BATCH as usize;
        tokio::select! {
            biased;
            _ = &mut interrupted => return Ok(Answer::Found),
            () = &mut unread => return Ok(Answer::Found),
            () = tokio::time::sleep(PAUSE), if !full => {}
            () = std::future::ready(()), if full => {}
        }
        records = reader.logs_after(&later, row).await?;
        if !records.is_empty() {
            continue;
        }
        // Only now: what is left in a database that another has taken the place of was shown.
        match watch.look(&reader).await {
            Some(Change::Another(next)) => (reader, row) = (next, 0),
            Some(Change::Newer(next)) => reader = next,
            None => {}
        }
    }
}

fn show(
    records: &[StoredRecord],
    json: bool,
    out: &mut dyn Write,
    scene: &Scene,
) -> Result<(), Error> {
    if json {
        list::json_lines(records, out)?;
    } else {
        for record in records {
            out.write_all(list::line(record, scene).as_bytes())?;
        }
    }
    Ok(out.flush()?)
}

/// Ends when stdout is a pipe whose other end was closed: nothing would be written, and so
/// nothing noticed, until the next record comes. A file or a system without such news never ends.
#[cfg(unix)]
async fn nobody_reads() {
    use tokio::io::Interest;

    if let Ok(stdout) = stdout_as_pipe()
        && stdout.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

/// Unchecked, because the checked form would make stdout non-blocking under its writer.
#[cfg(unix)]
fn stdout_as_pipe() -> std::io::Result<tokio::net::unix::pipe::Sender> {
    use std::os::fd::AsFd as _;

    let stdout = std::io::stdout().as_fd().try_clone_to_owned()?;
    tokio::net::unix::pipe::Sender::from_file_unchecked(stdout.into())
}

#[cfg(not(unix))]
async fn nobody_reads() {
    std::future::pending().await
}
