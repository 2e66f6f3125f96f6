//! The table of names that ragspan itself writes into a record's `context` and `metrics`.
//!
//! Invariant 13 has its home here: the writer, the check for reserved names, the store, the command and the test kit take
//! such names from this table. The test `names_of_the_table_are_spelled_nowhere_else` checks it.

/// A name that ragspan writes into a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// The name in its object, such as `cost_usd`.
    pub name: &'static str,
    /// The name of the field that ends up there: `metrics.cost_usd`, or for the context the name itself.
    pub field: &'static str,
    /// The name as a JSON path into its object: `$."cost_usd"`.
    pub path: &'static str,
    /// The object that holds it.
    pub part: Part,
    /// The kind of its values.
    pub kind: Kind,
    /// The part of ragspan that writes it.
    pub writer: Writer,
    /// True if a user's field of this name moves to `context.fields` in the record of a span, because ragspan decides
    /// by the value. A name that is not reserved means the same in a user's field.
    pub is_reserved: bool,
}

/// The object of a record that holds a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The object `context`.
    Context,
    /// The object `metrics`, which holds only numbers.
    Metrics,
}

/// The kind of the values of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A text.
    Text,
    /// `true`; where it does not hold, the name is left out.
    Flag,
    /// A whole number of things.
    Count,
    /// A number of milliseconds, with up to three decimals.
    Milliseconds,
    /// An amount in US dollars.
    Dollars,
    /// A number without a unit, such as a score.
    Number,
    /// A list of objects.
    List,
    /// An object.
    Object,
}

/// The part of ragspan that writes a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Writer {
    /// The completion of a call.
    Call,
    /// The arguments `model`, `usage` and `cost` of the annotation, or the same on a handle.
    Usage,
    /// The argument `documents`, or the same on a handle.
    Documents,
    /// The end of a stream.
    Stream,
    /// The completion of a request: the first call of this service in a trace.
    Request,
    /// A function of the module `rag`.
    Rag,
    /// The HTTP server and client.
    Http,
    /// The derived `ErrorType` of an error.
    Error,
    /// The pipeline, in its records on sinks.
    Pipeline,
}

impl Key {
    /// Returns the key with this name in `part`.
    #[must_use]
    pub fn find(part: Part, name: &str) -> Option<&'static Self> {
        ALL.iter().find(|key| key.part == part && key.name == name)
    }
}

/// Returns true if a user's field of this name moves to `context.fields` in the record of a span. [`DOCUMENTS`] is reserved only
/// in a record that lists documents.
#[must_use]
pub fn is_reserved(part: Part, name: &str) -> bool {
    // The names are few, and this runs for every field.
    match part {
        Part::Context => RESERVED_IN_CONTEXT.contains(&name),
        Part::Metrics => RESERVED_IN_METRICS.contains(&name),
    }
}

macro_rules! keys {
    ($($(#[$doc:meta])* $key:ident = $part:ident $name:literal $kind:ident by $writer:ident $($reserved:ident)?;)*) => {
        $($(#[$doc])* pub const $key: Key = Key {
            name: $name,
            field: keys!(@field $part $name),
            path: concat!("$.\"", $name, "\""),
            part: keys!(@part $part),
            kind: Kind::$kind,
            writer: Writer::$writer,
            is_reserved: keys!(@reserved $($reserved)?),
        };)*

        /// Every key, by the parts of ragspan that write them.
        pub const ALL: &[Key] = &[$($key,)*];
    };
    (@field context $name:literal) => { $name };
    (@field metrics $name:literal) => { concat!("metrics.", $name) };
    (@part context) => { Part::Context };
    (@part metrics) => { Part::Metrics };
    (@reserved reserved) => { true };
    (@reserved) => { false };
}

keys! {
    /// The operation of the call.
    OPERATION = context "operation" Text by Call reserved;
    /// The word for how the call ended.
    STATUS = context "status" Text by Call reserved;
    /// The limit that a slow call exceeded.
    THRESHOLD_MS = context "threshold_ms" Milliseconds by Call reserved;
    /// The span in which the error of the call was first recorded, where that is another call.
    ERROR_SPAN_ID = context "error_span_id" Text by Call reserved;
    /// The user's fields whose names are reserved.
    FIELDS = context "fields" Object by Call reserved;
    /// The kind of call that vendors know, such as `embedding`.
    KIND = context "kind" Text by Call;
    /// The cause of a cancellation, where it is known.
    CANCELLED_BY = context "cancelled_by" Text by Call;
    /// The duration of the call.
    DURATION_MS = metrics "duration_ms" Milliseconds by Call reserved;

    /// The number of values that a call or a request had no room for.
    FIELDS_LEFT_OUT = metrics "fields_left_out" Count by Call;
    /// The last of the metrics recorded on a handle whose names are too many to keep.
    OTHER = metrics "other" Number by Call;

    /// The action that the error recommends.
    ACTION = context "action" Text by Error;

    /// The model that was called.
    MODEL = context "model" Text by Usage;
    /// True if the call was interrupted, so that its usage is only the part known until then.
    USAGE_ESTIMATED = context "usage_estimated" Flag by Usage;
    /// Tokens of the prompt outside of the provider's cache.
    INPUT_TOKENS = metrics "input_tokens" Count by Usage;
    /// Tokens of the prompt that came from the provider's cache.
    CACHED_INPUT_TOKENS = metrics "cached_input_tokens" Count by Usage;
    /// Tokens of the prompt that were written to the provider's cache.
    CACHE_WRITE_TOKENS = metrics "cache_write_tokens" Count by Usage;
    /// Tokens of the answer.
    OUTPUT_TOKENS = metrics "output_tokens" Count by Usage;
    /// Tokens of reasoning before the answer.
    REASONING_TOKENS = metrics "reasoning_tokens" Count by Usage;
    /// The sum of the tokens of every kind: of a call, or of the calls of a request.
    TOTAL_TOKENS = metrics "total_tokens" Count by Usage;
    /// The cost of a call, or of the calls of a request.
    COST_USD = metrics "cost_usd" Dollars by Usage;

    /// The documents that were found, each with `id`, `rank`, `score` and `source`.
    DOCUMENTS = context "documents" List by Documents;
    /// The number of documents that were found.
    DOCUMENT_COUNT = metrics "documents" Count by Documents;
    /// The best score of a document.
    BEST_SCORE = metrics "best_score" Number by Documents;

    /// The number of items of a stream.
    ITEMS = metrics "items" Count by Stream;
    /// The time from the call to the first item.
    TIME_TO_FIRST_ITEM_MS = metrics "time_to_first_item_ms" Milliseconds by Stream;
    /// The longest time between two items.
    LONGEST_GAP_MS = metrics "longest_gap_ms" Milliseconds by Stream;

    /// True if the parent of the request is a call of another service.
    REMOTE_PARENT = context "remote_parent" Flag by Request reserved;
    /// The number of model calls; a record with it holds the sums of a request.
    LLM_CALLS = metrics "llm_calls" Count by Request reserved;
    /// The number of model calls without a known price.
    UNPRICED_CALLS = metrics "unpriced_calls" Count by Request;
    /// The number of retries.
    RETRIES = metrics "retries" Count by Request;
    /// The number of lookups that caches answered.
    CACHE_HITS = metrics "cache_hits" Count by Request;
    /// The number of lookups that caches could not answer.
    CACHE_MISSES = metrics "cache_misses" Count by Request;
    /// The number of spans.
    SPANS = metrics "spans" Count by Request;
    /// The time spent in the layer `api` itself, without the calls below.
    SELF_MS_API = metrics "self_ms.api" Milliseconds by Request;
    /// The time spent in the layer `ingestion` itself.
    SELF_MS_INGESTION = metrics "self_ms.ingestion" Milliseconds by Request;
    /// The time spent in the layer `data` itself.
    SELF_MS_DATA = metrics "self_ms.data" Milliseconds by Request;
    /// The time spent in the layer `retrieval` itself.
    SELF_MS_RETRIEVAL = metrics "self_ms.retrieval" Milliseconds by Request;
    /// The time spent in the layer `generation` itself.
    SELF_MS_GENERATION = metrics "self_ms.generation" Milliseconds by Request;
    /// The time spent in the layer `evaluation` itself.
    SELF_MS_EVALUATION = metrics "self_ms.evaluation" Milliseconds by Request;
    /// The time spent in the layer `memory` itself.
    SELF_MS_MEMORY = metrics "self_ms.memory" Milliseconds by Request;
    /// The time spent in custom layers themselves.
    SELF_MS_CUSTOM = metrics "self_ms.custom" Milliseconds by Request;

    /// The number of attempts of the call so far.
    ATTEMPTS = metrics "attempts" Count by Rag;
    /// The time that the call waited between attempts.
    RETRY_WAIT_MS = metrics "retry_wait_ms" Milliseconds by Rag;
    /// The number of one attempt.
    ATTEMPT = context "attempt" Count by Rag;
    /// The reason for a retry or a fallback.
    REASON = context "reason" Text by Rag;
    /// The wait before one attempt.
    WAIT_MS = metrics "wait_ms" Milliseconds by Rag;
    /// The alternative that a call used in the end.
    FALLBACK_TO = context "fallback_to" Text by Rag;
    /// The thing that was replaced.
    FROM = context "from" Text by Rag;
    /// The thing that replaced it.
    TO = context "to" Text by Rag;
    /// The cache that was asked.
    CACHE = context "cache" Text by Rag;
    /// True if the cache answered.
    CACHE_HIT = context "cache_hit" Flag by Rag;
    /// The name of a score.
    METRIC = context "metric" Text by Rag;
    /// The score.
    SCORE = metrics "score" Number by Rag;
    /// The last of the scores of a call whose names are too many to keep.
    OTHER_SCORE = metrics "other_score" Number by Rag;
    /// The number of claims that were checked.
    CLAIMS = metrics "claims" Count by Rag;
    /// The number of claims that no source supports.
    HALLUCINATED_CLAIMS = metrics "hallucinated_claims" Count by Rag;
    /// The question that feedback answers.
    FEEDBACK_KEY = context "key" Text by Rag;
    /// The answer that feedback gives.
    VERDICT = context "verdict" Text by Rag;
    /// The budget of tokens.
    TOTAL_BUDGET = metrics "total_budget" Count by Rag;
    /// The tokens of the budget for the query.
    ALLOCATED_QUERY = metrics "allocated_query" Count by Rag;
    /// The tokens of the budget for the context.
    ALLOCATED_CONTEXT = metrics "allocated_context" Count by Rag;
    /// The tokens of the budget for the response.
    ALLOCATED_RESPONSE = metrics "allocated_response" Count by Rag;

    /// The method of the request.
    HTTP_METHOD = context "http_method" Text by Http;
    /// The path of the request, without its query.
    HTTP_PATH = context "http_path" Text by Http;
    /// The route that the request matched, such as `/users/{id}`.
    HTTP_ROUTE = context "http_route" Text by Http;
    /// The host that the request was sent to.
    HTTP_HOST = context "http_host" Text by Http;
    /// The version of the protocol.
    HTTP_VERSION = context "http_version" Text by Http;
    /// The client's name for itself.
    USER_AGENT = context "user_agent" Text by Http;
    /// The status of the response.
    HTTP_STATUS = context "http_status" Count by Http;
    /// The status in the trailers of a gRPC response.
    GRPC_STATUS = context "grpc_status" Count by Http;
    /// The bytes of the body that were sent.
    BYTES_SENT = metrics "bytes_sent" Count by Http;
    /// The time to the first byte of the body.
    TIME_TO_FIRST_BYTE_MS = metrics "time_to_first_byte_ms" Milliseconds by Http;

    /// The sink that a record of the pipeline is about.
    SINK = context "sink" Text by Pipeline;
    /// The time for which the sink could not deliver.
    DEGRADED_MS = metrics "degraded_ms" Milliseconds by Pipeline;
}

const RESERVED_IN_CONTEXT: [&str; 6] = [
    OPERATION.name,
    STATUS.name,
    THRESHOLD_MS.name,
    ERROR_SPAN_ID.name,
    FIELDS.name,
    REMOTE_PARENT.name,
];

const RESERVED_IN_METRICS: [&str; 2] = [DURATION_MS.name, LLM_CALLS.name];

/// The tokens of one call, by kinds that do not overlap, in the order of the fields of [`Usage`](crate::Usage).
pub const TOKENS: [Key; 5] = [
    INPUT_TOKENS,
    CACHED_INPUT_TOKENS,
    CACHE_WRITE_TOKENS,
    OUTPUT_TOKENS,
    REASONING_TOKENS,
];

/// The times by layer, in the order of [`Layer::index`](crate::Layer::index).
pub const SELF_MS: [Key; 8] = [
    SELF_MS_API,
    SELF_MS_INGESTION,
    SELF_MS_DATA,
    SELF_MS_RETRIEVAL,
    SELF_MS_GENERATION,
    SELF_MS_EVALUATION,
    SELF_MS_MEMORY,
    SELF_MS_CUSTOM,
];

/// The beginning of the names of times by layer, such as [`SELF_MS_API`].
pub const SELF_MS_PREFIX: &str = "self_ms.";

/// The beginning of the fields of times by layer.
pub const SELF_MS_FIELD_PREFIX: &str = "metrics.self_ms.";

/// The beginning of a field that belongs to the metrics.
pub const METRICS_PREFIX: &str = "metrics.";

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::Layer;

    #[test]
    fn every_name_is_in_the_table_once() {
        let names: HashSet<_> = ALL.iter().map(|key| key.field).collect();
        assert_eq!(names.len(), ALL.len());
        for key in ALL {
            assert_eq!(Key::find(key.part, key.name), Some(key));
        }
        assert_eq!(Key::find(Part::Metrics, "operation"), None);
    }

    #[test]
    fn the_times_by_layer_are_in_the_order_of_the_layers() {
        for layer in Layer::ALL {
            let name = format!("{SELF_MS_PREFIX}{layer}");
            assert_eq!(SELF_MS[layer.index()].name, name);
        }
        assert_eq!(SELF_MS[Layer::Custom("rerank").index()], SELF_MS_CUSTOM);
    }

    #[test]
    fn the_reserved_names_are_those_of_the_table() {
        for key in ALL {
            assert_eq!(
                is_reserved(key.part, key.name),
                key.is_reserved,
                "{}",
                key.name
            );
        }
        assert!(!is_reserved(Part::Context, LLM_CALLS.name));
    }

    #[test]
    fn a_metric_holds_a_number_and_its_field_has_a_prefix() {
        for key in ALL {
            let number = matches!(
                key.kind,
                Kind::Count | Kind::Milliseconds | Kind::Dollars | Kind::Number
            );
            let is_metric = key.field.starts_with(METRICS_PREFIX);
            assert_eq!(is_metric, key.part == Part::Metrics, "{}", key.name);
            assert!(number || !is_metric, "{}", key.name);
            assert_eq!(key.path, format!("$.\"{}\"", key.name));
        }
        for key in ALL
            .iter()
            .filter(|key| key.name.starts_with(SELF_MS_PREFIX))
        {
            assert!(key.field.starts_with(SELF_MS_FIELD_PREFIX));
        }
    }
}
