//! A batch of records for one sink, made of chunks that all sinks share.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::record::json::{self, Line};
use crate::record::{Pool, Record, Service};

/// The most records in a chunk and in a batch; a database is at its best speed from three hundred on.
pub(crate) const MAX_RECORDS: usize = 512;

/// A chunk and a batch end at the record that takes them over this many bytes.
pub(crate) const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Records in the order in which they were emitted, each with its line of JSON, which is written once for all sinks.
/// The drop of the last clone recycles the records.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    contents: Arc<Contents>,
    /// The indexes of the records that belong to the chunk, in order; `None` for all.
    picked: Option<Arc<[usize]>>,
}

#[derive(Debug)]
struct Contents {
    records: Vec<Box<Record>>,
    lines: Vec<Line>,
    json: Vec<u8>,
    bytes: usize,
    boot_id: [u8; 16],
    service: Arc<Service>,
    pool: Arc<Pool>,
}

/// What all chunks of a process have in common.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The id of the process that emits the records.
    pub(crate) boot_id: [u8; 16],
    pub(crate) service: Arc<Service>,
    pub(crate) pool: Arc<Pool>,
}

/// The source of chunks in tests.
#[cfg(test)]
impl Default for Source {
    fn default() -> Self {
        Self {
            boot_id: [0; 16],
            service: Arc::default(),
            pool: Arc::new(Pool::new(8)),
        }
    }
}

impl Chunk {
    /// Creates a chunk of the next records, and writes their lines. Returns `None` if there are no more records.
    pub(crate) fn next(
        records: &mut std::vec::IntoIter<Box<Record>>,
        source: &Source,
    ) -> Option<Self> {
        let expected = records.len().min(MAX_RECORDS);
        let mut json = Vec::with_capacity(expected * 640);
        let mut lines = Vec::with_capacity(expected);
        let mut taken = Vec::with_capacity(expected);
        let mut bytes = size_of::<Contents>();
        while taken.len() < MAX_RECORDS && bytes + json.len() < MAX_BYTES {
            let Some(record) = records.next() else { break };
            lines.push(json::write(&record, &source.service, &mut json));
            bytes += record.held_bytes() + size_of::<(Box<Record>, Line)>();
            taken.push(record);
        }
        (!taken.is_empty()).then(|| {
            json.shrink_to_fit();
            let contents = Contents {
                bytes: bytes + json.capacity(),
                records: taken,
                lines,
                json,
                boot_id: source.boot_id,
                service: Arc::clone(&source.service),
                pool: Arc::clone(&source.pool),
            };
            Self {
                contents: Arc::new(contents),
                picked: None,
            }
        })
    }

    /// Returns a chunk of some of the records, which shares the memory of all; `None` if there are none.
    pub(crate) fn pick(&self, indexes: Vec<usize>) -> Option<Self> {
        let is_whole = indexes.len() == self.len();
        (!indexes.is_empty()).then(|| Self {
            contents: Arc::clone(&self.contents),
            picked: if is_whole {
                self.picked.clone()
            } else {
                Some(indexes.into())
            },
        })
    }

    /// Returns a chunk with copies of some of the records, which does not keep the memory of the others.
    pub(crate) fn copy(&self, indexes: &[usize]) -> Option<Self> {
        let records = indexes
            .iter()
            .filter_map(|index| self.contents.records.get(*index));
        let records: Vec<_> = records.cloned().collect();
        let source = Source {
            boot_id: self.contents.boot_id,
            service: Arc::clone(&self.contents.service),
            pool: Arc::clone(&self.contents.pool),
        };
        Self::next(&mut records.into_iter(), &source)
    }

    pub(crate) fn len(&self) -> usize {
        let all = self.contents.records.len();
        self.picked.as_ref().map_or(all, |picked| picked.len())
    }

    /// Returns all records, also those that were not picked.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.contents.records.iter().map(|record| &**record)
    }

    /// Returns about how many bytes of memory the chunk uses.
    pub(crate) fn bytes(&self) -> usize {
        self.contents.bytes
    }

    /// Returns when the first record was emitted, in microseconds since the Unix epoch.
    pub(crate) fn emitted_at(&self) -> Option<u64> {
        self.records().next().map(|record| record.timestamp)
    }

    fn in_order(&self) -> impl Iterator<Item = BatchRecord<'_>> {
        let picked = self.picked.as_deref();
        let is_picked =
            move |index: &usize| picked.is_none_or(|all| all.binary_search(index).is_ok());
        let pairs = self.contents.records.iter().zip(&self.contents.lines);
        let pairs = pairs.enumerate().filter(move |(index, _)| is_picked(index));
        pairs.map(|(_, (record, line))| BatchRecord {
            chunk: &self.contents,
            record,
            line,
        })
    }
}

impl Drop for Contents {
    fn drop(&mut self) {
        for record in self.records.drain(..) {
            self.pool.give_back(record);
        }
    }
}

/// Records for one delivery.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    chunks: Vec<Chunk>,
}

impl Batch {
    pub(crate) fn new(chunks: Vec<Chunk>) -> Self {
        Self { chunks }
    }

    pub(crate) fn len(&self) -> usize {
        self.chunks.iter().map(Chunk::len).sum()
    }

    /// Returns the records in the order in which they were emitted.
    pub(crate) fn in_order(&self) -> Vec<BatchRecord<'_>> {
        let mut records: Vec<_> = self.chunks.iter().flat_map(Chunk::in_order).collect();
        records.sort_by_key(|item| item.record.sequence);
        records
    }

    /// Returns all lines in the order in which the records were emitted, each with its newline.
    pub(crate) fn json(&self) -> Cow<'_, [u8]> {
        match self.chunks.as_slice() {
            [chunk] if chunk.picked.is_none() => Cow::Borrowed(&chunk.contents.json),
            _ => {
                let lines: Vec<_> = self.in_order().iter().map(BatchRecord::json).collect();
                Cow::Owned(lines.concat())
            }
        }
    }
}

/// A record of a batch, with its line of JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchRecord<'a> {
    pub(crate) record: &'a Record,
    pub(crate) line: &'a Line,
    chunk: &'a Contents,
}

impl<'a> BatchRecord<'a> {
    /// Returns the whole line, its newline included.
    fn json(&self) -> &'a [u8] {
        self.chunk
            .json
            .get(self.line.whole.clone())
            .unwrap_or_default()
    }

    /// Returns a part of the line as text. The range is one of the line's.
    pub(crate) fn text(&self, range: &Range<usize>) -> &'a str {
        let bytes = self.chunk.json.get(range.clone());
        let text = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.unwrap_or_default()
    }

    /// Returns the id of the process that emitted the record.
    pub(crate) fn boot_id(&self) -> &'a [u8; 16] {
        &self.chunk.boot_id
    }

    pub(crate) fn service(&self) -> &'a Service {
        &self.chunk.service
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(sequence: u64, text: usize) -> Box<Record> {
        let mut record = Box::new(Record {
            sequence,
            ..Record::default()
        });
        record.fields.push_text("text", &"x".repeat(text));
        record
    }

    fn chunks(records: Vec<Box<Record>>) -> Vec<Chunk> {
        let mut records = records.into_iter();
        let source = Source::default();
        std::iter::from_fn(|| Chunk::next(&mut records, &source)).collect()
    }

    #[test]
    fn a_chunk_is_bounded_in_records_and_bytes() {
        let lens = |records| chunks(records).iter().map(Chunk::len).collect::<Vec<_>>();
        assert_eq!(lens(vec![]), [0; 0]);
        let short = (0..1_100).map(|sequence| record(sequence, 1)).collect();
        assert_eq!(lens(short), [512, 512, 76]);
        let long = chunks((0..200).map(|sequence| record(sequence, 60_000)).collect());
        assert!(long.len() > 1);
        assert!(long.iter().all(|chunk| chunk.bytes() < MAX_BYTES + 200_000));
        assert_eq!(long.iter().map(Chunk::len).sum::<usize>(), 200);
    }

    #[test]
    fn picked_records_share_the_memory_and_copies_have_their_own() {
        let [chunk] = chunks((0..4).map(|sequence| record(sequence, 10_000)).collect())
            .try_into()
            .unwrap();
        let sequences = |chunk: &Chunk| {
            let records = chunk.in_order();
            records.map(|item| item.record.sequence).collect::<Vec<_>>()
        };
        let lines = |chunk: Chunk| {
            let json = Batch::new(vec![chunk]).json().into_owned();
            json.split_inclusive(|byte| *byte == b'\n').count()
        };
        assert!(chunk.pick(vec![]).is_none() && chunk.copy(&[]).is_none());
        let picked = chunk.pick(vec![1, 3]).unwrap();
        assert_eq!((sequences(&picked), picked.len()), (vec![1, 3], 2));
        assert_eq!((picked.bytes(), lines(picked)), (chunk.bytes(), 2));
        let copied = chunk.copy(&[0, 2]).unwrap();
        assert_eq!((sequences(&copied), copied.len()), (vec![0, 2], 2));
        assert!(copied.bytes() < chunk.bytes());
        assert_eq!(lines(copied), 2);
        assert_eq!(lines(chunk.pick(vec![0, 1, 2, 3]).unwrap()), 4);
    }

    #[test]
    fn chunks_of_two_classes_are_delivered_in_the_order_of_emission() {
        let pick = |sequences: &[u64]| {
            let records = sequences.iter().map(|sequence| record(*sequence, 1));
            chunks(records.collect())
        };
        let chunks = [pick(&[1, 4]), pick(&[0, 2, 3, 5])].concat();
        let batch = Batch::new(chunks);
        let order: Vec<_> = batch.in_order().iter().map(|e| e.record.sequence).collect();
        assert_eq!((order, batch.len()), (vec![0, 1, 2, 3, 4, 5], 6));
        let json = batch.json().into_owned();
        assert_eq!(json.split_inclusive(|byte| *byte == b'\n').count(), 6);
    }
}
