//! The function that is measured: bare, and in each of its dresses, sync and async.
//!
//! All dresses record the same: the two arguments and, of a success, the number found. By hand there are
//! the metrics too that an annotation gives, but no ids: these would make it dearer still.

use std::fmt::Display;
use std::time::Instant;

use metrics::{counter, gauge, histogram};
use ragspan::{ErrorType, rag_span};
use tracing::{Instrument, Span, error, info, info_span, instrument};

/// The argument of every call, 46 bytes.
pub const QUERY: &str = "which chunks mention the retention of records?";

/// How many a succeeding call asks for; a failing one asks for none.
pub const TOP_K: usize = 5;

/// Why a call fails.
#[derive(Debug, thiserror::Error, ErrorType)]
#[non_exhaustive]
pub enum SearchError {
    /// It asked for no chunks.
    #[error("no chunks were asked for: ask for at least one")]
    NothingAsked,
}

/// The value that a call returns.
pub type Found = Result<usize, SearchError>;

#[inline(always)]
fn work(query: &str, top_k: usize) -> Found {
    match top_k {
        0 => Err(SearchError::NothingAsked),
        most => Ok(query.len().min(most)),
    }
}

/// Without any instrumentation.
#[inline(never)]
pub fn bare(query: &str, top_k: usize) -> Found {
    work(query, top_k)
}

/// As [`bare`].
#[inline(never)]
pub async fn bare_async(query: &str, top_k: usize) -> Found {
    work(query, top_k)
}

/// With the attribute of `tracing`.
#[inline(never)]
#[instrument(err)]
pub fn instrumented(query: &str, top_k: usize) -> Found {
    work(query, top_k)
}

/// As [`instrumented`].
#[inline(never)]
#[instrument(err)]
pub async fn instrumented_async(query: &str, top_k: usize) -> Found {
    work(query, top_k)
}

/// With the attribute of `ragspan`.
#[inline(never)]
#[rag_span(layer = "retrieval", context(query, top_k), ok(|found| chunks = *found))]
pub fn annotated(query: &str, top_k: usize) -> Found {
    work(query, top_k)
}

/// As [`annotated`].
#[inline(never)]
#[rag_span(layer = "retrieval", context(query, top_k), ok(|found| chunks = *found))]
pub async fn annotated_async(query: &str, top_k: usize) -> Found {
    work(query, top_k)
}

/// With a span, metrics and an event written by hand.
#[inline(never)]
pub fn by_hand(query: &str, top_k: usize) -> Found {
    let span = open(query, top_k);
    let _entered = span.enter();
    let start = begin();
    let found = work(query, top_k);
    end(start, &found);
    found
}

/// As [`by_hand`].
#[inline(never)]
pub async fn by_hand_async(query: &str, top_k: usize) -> Found {
    let call = async {
        let start = begin();
        let found = work(query, top_k);
        end(start, &found);
        found
    };
    call.instrument(open(query, top_k)).await
}

#[inline(always)]
fn open(query: &str, top_k: usize) -> Span {
    info_span!("search", layer = "retrieval", query, top_k)
}

#[inline(always)]
fn begin() -> Instant {
    gauge!("rag_active_queries", "layer" => "retrieval").increment(1.0);
    Instant::now()
}

#[inline(always)]
fn end(start: Instant, found: &Found) {
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    gauge!("rag_active_queries", "layer" => "retrieval").decrement(1.0);
    histogram!("rag_request_latency_ms", "operation" => "search", "layer" => "retrieval")
        .record(ms);
    match found {
        Ok(chunks) => succeed(ms, *chunks),
        Err(error) => fail(ms, error),
    }
}

#[inline(always)]
fn succeed(ms: f64, chunks: usize) {
    counter!("rag_requests_total", "layer" => "retrieval", "status" => "success").increment(1);
    info!(
        duration_ms = ms,
        status = "success",
        chunks,
        "search_complete"
    );
}

#[inline(always)]
fn fail(ms: f64, error: &impl Display) {
    counter!("rag_requests_total", "layer" => "retrieval", "status" => "error").increment(1);
    counter!("rag_errors_total", "error_type" => "nothing_asked", "layer" => "retrieval")
        .increment(1);
    error!(duration_ms = ms, status = "error", %error, "search_failed");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::block_on;

    #[test]
    fn the_query_has_46_bytes() {
        assert_eq!(QUERY.len(), 46);
    }

    #[test]
    fn every_instrumented_function_returns_the_same_as_the_bare_one() {
        for top_k in [0, TOP_K] {
            let bare = bare(QUERY, top_k).ok();
            let instrumented = [
                instrumented(QUERY, top_k),
                annotated(QUERY, top_k),
                by_hand(QUERY, top_k),
                block_on(bare_async(QUERY, top_k)),
                block_on(instrumented_async(QUERY, top_k)),
                block_on(annotated_async(QUERY, top_k)),
                block_on(by_hand_async(QUERY, top_k)),
            ];
            assert_eq!(instrumented.map(Result::ok), [bare; 7]);
        }
    }
}
