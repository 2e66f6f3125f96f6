//! One variant, measured in this process.

use serde::{Deserialize, Serialize};

use crate::dress::{self, TOP_K};
use crate::measure::{Costs, Ruler, Task, block_on};
use crate::stage::{self, Books, Stage, StageError};
use crate::variant::{Peer, Variant};

/// What one process tells of its variant, as a line of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What a call costs.
    pub costs: Costs,
    /// What became of the records.
    pub books: Books,
}

/// Measures this variant.
///
/// # Errors
///
/// When it cannot be set up, or its records not be counted.
pub fn measure(variant: Variant, task: Task) -> Result<Report, StageError> {
    let folder = tempfile::tempdir()?;
    let stage = stage::set(variant, folder.path())?;
    let (costs, calls) = run(variant, &*stage, task);
    let books = stage.close(calls)?;
    Ok(Report { costs, books })
}

fn run(variant: Variant, stage: &dyn Stage, task: Task) -> (Costs, u64) {
    let top_k = if variant.path.fails { 0 } else { TOP_K };
    if variant.path.is_async {
        run_async(variant.peer, stage, top_k, task)
    } else {
        run_sync(variant.peer, stage, top_k, task)
    }
}

fn run_sync(peer: Peer, stage: &dyn Stage, top_k: usize, task: Task) -> (Costs, u64) {
    use Peer::{Bare, ByHand, ByHandJsonSubscriber, InstrumentJson, InstrumentOff};
    match peer {
        Bare => Ruler::new(stage, top_k, dress::bare).run(task),
        InstrumentOff | InstrumentJson => Ruler::new(stage, top_k, dress::instrumented).run(task),
        ByHand | ByHandJsonSubscriber => Ruler::new(stage, top_k, dress::by_hand).run(task),
        Peer::RagspanOff | Peer::RagspanFiltered | Peer::RagspanFile | Peer::RagspanSqlite => {
            Ruler::new(stage, top_k, dress::annotated).run(task)
        }
    }
}

fn run_async(peer: Peer, stage: &dyn Stage, top_k: usize, task: Task) -> (Costs, u64) {
    match peer {
        Peer::Bare => Ruler::new(stage, top_k, |query, top_k| {
            block_on(dress::bare_async(query, top_k))
        })
        .run(task),
        Peer::InstrumentOff | Peer::InstrumentJson => Ruler::new(stage, top_k, |query, top_k| {
            block_on(dress::instrumented_async(query, top_k))
        })
        .run(task),
        Peer::ByHand | Peer::ByHandJsonSubscriber => Ruler::new(stage, top_k, |query, top_k| {
            block_on(dress::by_hand_async(query, top_k))
        })
        .run(task),
        Peer::RagspanOff | Peer::RagspanFiltered | Peer::RagspanFile | Peer::RagspanSqlite => {
            Ruler::new(stage, top_k, |query, top_k| {
                block_on(dress::annotated_async(query, top_k))
            })
            .run(task)
        }
    }
}
