//! A call with more around it: calls above it, spans open beside it, a scope, a task; measured in this process.

use std::fmt;
use std::future::pending;
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Waker};

use ragspan::{LogContext, rag_span};
use serde::{Deserialize, Serialize};

use crate::backend::{self, Backend, BackendError, RecordCounts};
use crate::functions::{Found, QUERY, TOP_K, annotated, bare};
use crate::measure::{Costs, Measurement, Task, block_on};
use crate::variant::{Path, Peer, Variant};

/// The surrounding of the measured call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Surrounding {
    /// Nothing.
    Call,
    /// This many calls.
    Depth(u32),
    /// This many calls; the measured span is a bare one of tracing, without a call of ragspan.
    Span(u32),
    /// Nothing, while so many other calls are open.
    Open(u32),
    /// A scope of three fields, opened for this call.
    Scope,
    /// A scope, and a field that is bound to it before the call.
    Bind,
    /// A closure that takes its context along.
    Closure,
    /// A future that takes its context along.
    WithContext,
    /// A task that takes its context along.
    Task,
    /// A task of tokio's own, without it.
    TokioTask,
}

impl Surrounding {
    /// All, in the order of the table.
    pub const ALL: [Self; 20] = [
        Self::Call,
        Self::Depth(1),
        Self::Depth(8),
        Self::Depth(32),
        Self::Depth(64),
        Self::Span(1),
        Self::Span(8),
        Self::Span(32),
        Self::Span(64),
        Self::Open(0),
        Self::Open(10),
        Self::Open(1_000),
        Self::Open(100_000),
        Self::Open(1_000_000),
        Self::Scope,
        Self::Bind,
        Self::Closure,
        Self::WithContext,
        Self::TokioTask,
        Self::Task,
    ];
}

impl fmt::Display for Surrounding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Depth(calls) => write!(out, "depth-{calls}"),
            Self::Span(calls) => write!(out, "span-{calls}"),
            Self::Open(calls) => write!(out, "open-{calls}"),
            Self::Call => out.write_str("call"),
            Self::Scope => out.write_str("scope"),
            Self::Bind => out.write_str("bind"),
            Self::Closure => out.write_str("closure"),
            Self::WithContext => out.write_str("carry"),
            Self::Task => out.write_str("task"),
            Self::TokioTask => out.write_str("tokio-task"),
        }
    }
}

/// No scene has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown surrounding: `calls context` shows them")]
pub struct UnknownSurrounding;

impl FromStr for Surrounding {
    type Err = UnknownSurrounding;

    fn from_str(name: &str) -> Result<Self, UnknownSurrounding> {
        let mut all = Self::ALL.into_iter();
        all.find(|surrounding| surrounding.to_string() == name)
            .ok_or(UnknownSurrounding)
    }
}

/// The report of one process about its surrounding, as a line of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The cost of a call.
    pub costs: Costs,
    /// The numbers of records expected, found and dropped.
    pub counts: RecordCounts,
    /// Bytes of memory that each open call takes.
    pub open_bytes: Option<f64>,
}

/// Measures this scene, with the file sink behind it.
///
/// # Errors
///
/// When it cannot be set up, or its records not be counted.
pub fn measure(surrounding: Surrounding, task: Task) -> Result<Report, BackendError> {
    let folder = tempfile::tempdir()?;
    let (peer, path) = (Peer::RagspanFile, Path::ALL[0]);
    let backend = backend::set(Variant { peer, path }, folder.path())?;
    let mut open_bytes = None;
    let (costs, calls) = match surrounding {
        Surrounding::Depth(depth) => nested(depth, &*backend, task, annotated),
        Surrounding::Span(depth) => nested(depth, &*backend, task, in_span),
        Surrounding::Open(count) => {
            let before = resident_bytes();
            open(count);
            let after = resident_bytes();
            open_bytes = (count > 0).then(|| (after - before) / f64::from(count));
            Measurement::new(&*backend, TOP_K, annotated).run(task)
        }
        _ => beside(surrounding, &*backend, task)?,
    };
    // The enclosing call counts as a request too.
    let leaves_records = !matches!(surrounding, Surrounding::Span(_));
    let counts = RecordCounts {
        counted: None,
        ..backend.close(if leaves_records { calls } else { 0 })?
    };
    Ok(Report {
        costs,
        counts,
        open_bytes,
    })
}

/// Leaves no record.
fn in_span(query: &str, top_k: usize) -> Found {
    tracing::info_span!("bare").in_scope(|| bare(query, top_k))
}

fn nested(
    depth: u32,
    backend: &dyn Backend,
    task: Task,
    call: impl Fn(&str, usize) -> Found,
) -> (Costs, u64) {
    let mut measured = (Costs::default(), 0);
    nest(depth, &mut || {
        measured = Measurement::new(backend, TOP_K, &call).run(task);
    });
    measured
}

#[rag_span(layer = "api")]
fn nest(depth: u32, body: &mut dyn FnMut()) {
    match depth {
        0 | 1 => body(),
        deeper => nest(deeper - 1, body),
    }
}

#[rag_span(layer = "api")]
async fn wait_forever() {
    pending::<()>().await;
}

/// Begins this many calls that never end, because their end must not be measured.
fn open(count: u32) {
    let mut context = Context::from_waker(Waker::noop());
    let mut all: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let mut call: Pin<Box<dyn Future<Output = ()>>> = Box::pin(wait_forever());
        assert!(call.as_mut().poll(&mut context).is_pending());
        all.push(call);
    }
    std::mem::forget(all);
}

#[derive(LogContext)]
struct Request {
    user_id: &'static str,
    tenant_id: &'static str,
    plan: &'static str,
}

const REQUEST: Request = Request {
    user_id: "user-123",
    tenant_id: "tenant-789",
    plan: "free",
};

fn beside(
    surrounding: Surrounding,
    backend: &dyn Backend,
    task: Task,
) -> Result<(Costs, u64), BackendError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(match surrounding {
        Surrounding::Scope => run(backend, task, |top_k| {
            REQUEST.in_scope(|| annotated(QUERY, top_k))
        }),
        Surrounding::Bind => {
            let _scope = REQUEST.enter();
            run(backend, task, |top_k| {
                ragspan::scope::bind("step", top_k);
                annotated(QUERY, top_k)
            })
        }
        Surrounding::Closure => run(backend, task, |top_k| {
            ragspan::task::wrap(|| annotated(QUERY, top_k))()
        }),
        Surrounding::WithContext => run(backend, task, |top_k| {
            block_on(ragspan::task::with_current_context(async {
                annotated(QUERY, top_k)
            }))
        }),
        Surrounding::Task => run(backend, task, |top_k| {
            let call = async move { annotated(QUERY, top_k).ok() };
            let found = runtime.block_on(async { ragspan::task::spawn(call).await });
            Ok(found.ok().flatten().unwrap_or_default())
        }),
        Surrounding::TokioTask => run(backend, task, |top_k| {
            let call = async move { annotated(QUERY, top_k).ok() };
            let found = runtime.block_on(async { tokio::spawn(call).await });
            Ok(found.ok().flatten().unwrap_or_default())
        }),
        Surrounding::Call | Surrounding::Depth(_) | Surrounding::Span(_) | Surrounding::Open(_) => {
            Measurement::new(backend, TOP_K, annotated).run(task)
        }
    })
}

fn run(backend: &dyn Backend, task: Task, call: impl Fn(usize) -> Found) -> (Costs, u64) {
    Measurement::new(backend, TOP_K, |_: &str, top_k| call(top_k)).run(task)
}

/// Returns the resident memory of this process in bytes, and zero where the system does not report it.
fn resident_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    number.unwrap_or(0.0) * 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_to_its_surrounding() {
        for surrounding in Surrounding::ALL {
            assert_eq!(surrounding.to_string().parse(), Ok(surrounding));
        }
        assert_eq!("depth-2".parse::<Surrounding>(), Err(UnknownSurrounding));
    }

    #[test]
    fn a_nest_has_its_body_at_the_bottom_once() {
        let mut times = 0;
        nest(64, &mut || times += 1);
        assert_eq!(times, 1);
    }
}
