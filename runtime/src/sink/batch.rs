//! A batch of records for the sinks, each with its line of JSON, which is written once for all sinks.

use std::sync::Arc;

use crate::record::json::{self, Line};
use crate::record::{Pool, Record, Service};

/// Records that all sinks share; the drop of the last clone recycles them.
#[derive(Clone, Debug)]
pub(crate) struct Batch(Arc<Contents>);

#[derive(Debug)]
struct Contents {
    records: Vec<Box<Record>>,
    lines: Vec<Line>,
    json: Vec<u8>,
    weight: usize,
    boot_id: [u8; 16],
    service: Arc<Service>,
    pool: Arc<Pool>,
}

impl Batch {
    /// Creates a batch, and writes the records' lines.
    pub(crate) fn new(
        records: Vec<Box<Record>>,
        boot_id: [u8; 16],
        service: Arc<Service>,
        pool: Arc<Pool>,
    ) -> Self {
        let mut json = Vec::with_capacity(records.len() * 640);
        let lines = records
            .iter()
            .map(|record| json::write(record, &service, &mut json))
            .collect();
        let bytes: usize = records.iter().map(|record| record.weight()).sum();
        let weight = bytes + json.capacity();
        Self(Arc::new(Contents {
            records,
            lines,
            json,
            weight,
            boot_id,
            service,
            pool,
        }))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.records.len()
    }

    /// Returns about how many bytes of memory the batch uses.
    pub(crate) fn weight(&self) -> usize {
        self.0.weight
    }

    /// Returns all lines, each with its newline.
    pub(crate) fn json(&self) -> &[u8] {
        &self.0.json
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.0.records.iter().map(|record| &**record)
    }

    pub(crate) fn lines(&self) -> &[Line] {
        &self.0.lines
    }

    /// Returns the id of the process that emitted the records.
    pub(crate) fn boot_id(&self) -> &[u8; 16] {
        &self.0.boot_id
    }

    pub(crate) fn service(&self) -> &Service {
        &self.0.service
    }

    /// Returns a part of [`json`](Self::json) as text.
    pub(crate) fn text(&self, range: std::ops::Range<usize>) -> &str {
        self.0
            .json
            .get(range)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

impl Drop for Contents {
    fn drop(&mut self) {
        for record in self.records.drain(..) {
            self.pool.give_back(record);
        }
    }
}
