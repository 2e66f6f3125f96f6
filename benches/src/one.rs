//! One variant, measured in this process.

use serde::{Deserialize, Serialize};

use crate::backend::{self, Backend, BackendError, RecordCounts};
use crate::functions::{self, TOP_K};
use crate::measure::{Costs, Measurement, Task, block_on};
use crate::variant::{Peer, Variant};

/// The report of one process about its variant, as a line of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The cost of a call.
    pub costs: Costs,
    /// The numbers of records expected, found and dropped.
    pub counts: RecordCounts,
}

/// Measures this variant.
///
/// # Errors
///
/// When it cannot be set up, or its records not be counted.
pub fn measure(variant: Variant, task: Task) -> Result<Report, BackendError> {
    let folder = tempfile::tempdir()?;
    let backend = backend::set(variant, folder.path())?;
    let (costs, calls) = run(variant, &*backend, task);
    let counts = backend.close(calls)?;
    Ok(Report { costs, counts })
}

fn run(variant: Variant, backend: &dyn Backend, task: Task) -> (Costs, u64) {
    let top_k = if variant.path.fails { 0 } else { TOP_K };
    if variant.path.is_async {
        run_async(variant.peer, backend, top_k, task)
    } else {
        run_sync(variant.peer, backend, top_k, task)
    }
}

fn run_sync(peer: Peer, backend: &dyn Backend, top_k: usize, task: Task) -> (Costs, u64) {
    use Peer::{Bare, ByHand, ByHandJsonSubscriber, InstrumentJson, InstrumentOff};
    match peer {
        Bare => Measurement::new(backend, top_k, functions::bare).run(task),
        InstrumentOff | InstrumentJson => {
            Measurement::new(backend, top_k, functions::instrumented).run(task)
        }
        ByHand | ByHandJsonSubscriber => {
            Measurement::new(backend, top_k, functions::by_hand).run(task)
        }
        Peer::RagspanOff | Peer::RagspanFiltered | Peer::RagspanFile | Peer::RagspanSqlite => {
            Measurement::new(backend, top_k, functions::annotated).run(task)
        }
    }
}

fn run_async(peer: Peer, backend: &dyn Backend, top_k: usize, task: Task) -> (Costs, u64) {
    match peer {
        Peer::Bare => Measurement::new(backend, top_k, |query, top_k| {
            block_on(functions::bare_async(query, top_k))
        })
        .run(task),
        Peer::InstrumentOff | Peer::InstrumentJson => {
            Measurement::new(backend, top_k, |query, top_k| {
                block_on(functions::instrumented_async(query, top_k))
            })
            .run(task)
        }
        Peer::ByHand | Peer::ByHandJsonSubscriber => {
            Measurement::new(backend, top_k, |query, top_k| {
                block_on(functions::by_hand_async(query, top_k))
            })
            .run(task)
        }
        Peer::RagspanOff | Peer::RagspanFiltered | Peer::RagspanFile | Peer::RagspanSqlite => {
            Measurement::new(backend, top_k, |query, top_k| {
                block_on(functions::annotated_async(query, top_k))
            })
            .run(task)
        }
    }
}
