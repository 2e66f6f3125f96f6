//! Opens the database that the options name.

use std::path::PathBuf;
use std::time::Duration;

use ragspan_store::Reader;

use super::error::Error;
use super::options::GlobalOptions;
use super::profile;

/// The time after which a query is ended: a longer one would keep the service from removing old records.
pub(super) const QUERY_TIMEOUT: Duration = Duration::from_secs(30);

/// Opens the database that `options` name for reading.
pub(super) async fn open(options: &GlobalOptions) -> Result<Reader, Error> {
    Ok(Reader::open_within(&path(options)?, QUERY_TIMEOUT).await?)
}

/// Returns the path of the database that `options` name.
pub(super) fn path(options: &GlobalOptions) -> Result<PathBuf, Error> {
    let variables = profile::variables();
    let path = profile::database(options.db.as_ref(), options.at.as_deref(), &variables)?;
    Ok(path)
}
