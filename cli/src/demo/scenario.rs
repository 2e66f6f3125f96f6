//! The ways in which a simulated request can go.

/// A way in which a request can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scenario {
    /// Everything succeeds.
    Success,
    /// The model takes several seconds.
    SlowModel,
    /// Neither index finds anything, and the request fails.
    EmptyRetrieval,
    /// The model refuses once and answers the second attempt.
    Retried,
    /// The model refuses three times, and the request fails.
    RetriesExhausted,
    /// The client disconnects while the model answers.
    Cancelled,
    /// The reranker panics.
    Panicked,
    /// The vector index times out, and the request fails.
    IndexTimeout,
    /// A document is ingested.
    Ingestion,
    /// A document cannot be parsed.
    UnreadableDocument,
}

/// The scenarios of ordinary traffic, each as often as it is listed.
pub(super) const ORDINARY: [Scenario; 25] = {
    use Scenario::{
        Cancelled, EmptyRetrieval, Ingestion, Panicked, Retried, RetriesExhausted, SlowModel,
        Success, UnreadableDocument,
    };
    [
        Success,
        Success,
        Success,
        Success,
        Success,
        Success,
        Success,
        Success,
        Success,
        Success,
        Success,
        Success,
        Success,
        Success,
        SlowModel,
        SlowModel,
        EmptyRetrieval,
        EmptyRetrieval,
        Retried,
        Retried,
        RetriesExhausted,
        Cancelled,
        Panicked,
        Ingestion,
        UnreadableDocument,
    ]
};
