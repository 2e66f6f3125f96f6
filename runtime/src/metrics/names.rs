//! The closed list: every metric's name, kind, labels, unit, buckets and help, in one table.

/// The Prometheus type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub(crate) enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts of values by bucket, with their sum.
    Histogram,
}

impl MetricKind {
    /// Returns the type's name in a `# TYPE` line.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// The unit of a metric, and the whole steps in which it is stored.
///
/// Values are integers in memory (one `fetch_add` records them, and they add up exactly) and
/// become decimals only where they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub(crate) enum Unit {
    /// Things, stored one by one.
    Count,
    /// Bytes, stored one by one.
    Bytes,
    /// Milliseconds, stored in microseconds.
    Milliseconds,
    /// Seconds, stored in milliseconds.
    Seconds,
    /// US dollars, stored in billionths: one token of a small model costs less than a millionth.
    Dollars,
    /// A score between 0 and 1, stored in billionths.
    Score,
}

impl Unit {
    /// Returns the number of stored steps in one unit of the exposition.
    #[must_use]
    pub(crate) const fn steps(self) -> u64 {
        match self {
            Self::Count | Self::Bytes => 1,
            Self::Milliseconds | Self::Seconds => 1_000,
            Self::Dollars | Self::Score => 1_000_000_000,
        }
    }

    /// Returns the unit's name in a `# UNIT` line of OpenMetrics, if it has one.
    pub(super) const fn suffix(self) -> Option<&'static str> {
        match self {
            Self::Count | Self::Score => None,
            Self::Bytes => Some("bytes"),
            Self::Milliseconds => Some("ms"),
            Self::Seconds => Some("seconds"),
            Self::Dollars => Some("usd"),
        }
    }
}

/// One row of the table. Edges are in the unit's steps.
struct Row {
    text: &'static str,
    kind: MetricKind,
    labels: &'static [&'static str],
    unit: Unit,
    edges: &'static [u64],
    help: &'static str,
}

// No edge may be written with an exponent by Prometheus (below 0.0001, or a million and more):
// Prometheus 3 rewrites `le` into its own canonical form, and the edges of the list already have that form.

/// From a lookup in memory (under 1 ms) to a long generation (60 s). The steps are finer near the thresholds of
/// alerts, because a quantile is interpolated between two edges and is exact only on one: 50 (fast enough to go
/// unnoticed), 2000 (the latency alert) and 5000 (a slow query).
const LATENCY: &[u64] = &[
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    1_500_000, 2_000_000, 3_000_000, 5_000_000, 10_000_000, 30_000_000, 60_000_000,
];

/// Powers of two, because context windows are: from a short question to half a million tokens.
const TOKENS: &[u64] = &[
    16, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072, 262_144,
    524_288,
];

/// From a hundredth of a cent (a small model's short answer) to ten dollars (an agent's long
/// run), three steps to a decade, because budgets are round sums.
const COST: &[u64] = &[
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// Tenths, with an edge at 0 because all-or-nothing metrics give many exact zeros, and one at
/// 0.95 because good systems sit between 0.9 and 1.
const SCORE: &[u64] = &[
    0,
    100_000_000,
    200_000_000,
    300_000_000,
    400_000_000,
    500_000_000,
    600_000_000,
    700_000_000,
    800_000_000,
    900_000_000,
    950_000_000,
    1_000_000_000,
];

/// Finer where a window is nearly full; above 1 a prompt did not fit.
const FILL: &[u64] = &[
    100_000_000,
    250_000_000,
    500_000_000,
    750_000_000,
    800_000_000,
    900_000_000,
    950_000_000,
    1_000_000_000,
];

/// Generates [`Name`], its list and its table, so that the three can't drift apart.
macro_rules! closed_list {
    ($($name:ident = $text:literal, $kind:ident, $labels:expr, $unit:ident, $edges:expr, $help:literal;)*) => {
        /// A metric of the closed list, in the order of the exposition.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub(crate) enum Name {
            $(#[doc = concat!("`", $text, "`: ", $help)] $name,)*
        }

        impl Name {
            /// Every metric, in the order of the exposition.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];

            const fn row(self) -> Row {
                match self {
                    $(Self::$name => Row {
                        text: $text,
                        kind: MetricKind::$kind,
                        labels: &$labels,
                        unit: Unit::$unit,
                        edges: $edges,
                        help: $help,
                    },)*
                }
            }
        }
    };
}

closed_list! {
    Requests = "rag_requests_total", Counter, ["layer", "status"], Count, &[],
        "Calls of the outermost annotated function of a layer, by outcome.";
    Errors = "rag_errors_total", Counter, ["error_type", "layer"], Count, &[],
        "Errors, each counted once, at its origin.";
    ActiveQueries = "rag_active_queries", Gauge, ["layer"], Count, &[],
        "Calls running now.";
    CacheSize = "rag_cache_size_bytes", Gauge, ["cache"], Bytes, &[],
        "Bytes held by a cache.";
    RequestLatency = "rag_request_latency_ms", Histogram, ["operation", "layer"], Milliseconds, LATENCY,
        "Duration of every annotated call, in milliseconds.";
    TokenUsage = "rag_token_usage", Histogram, ["model", "kind"], Count, TOKENS,
        "Tokens of one model call.";
    TimeToFirstItem = "rag_time_to_first_item_ms", Histogram, ["operation", "layer"], Milliseconds, LATENCY,
        "Time until a stream yielded its first item, in milliseconds.";
    Cost = "rag_cost_usd_total", Counter, ["model", "layer"], Dollars, &[],
        "Cost of model calls, in US dollars.";
    RequestCost = "rag_request_cost_usd", Histogram, ["layer"], Dollars, COST,
        "Cost of one whole request, in US dollars.";
    ActiveConnections = "rag_active_connections", Gauge, ["pool"], Count, &[],
        "Connections of a pool in use now.";
    CacheHits = "rag_cache_hits_total", Counter, ["cache"], Count, &[],
        "Lookups that a cache answered.";
    CacheMisses = "rag_cache_misses_total", Counter, ["cache"], Count, &[],
        "Lookups that a cache could not answer.";
    EvaluationScore = "rag_evaluation_score", Histogram, ["metric"], Score, SCORE,
        "Scores of evaluations, from 0 to 1.";
    Claims = "rag_claims_total", Counter, [], Count, &[],
        "Claims of answers that were checked against their sources.";
    HallucinatedClaims = "rag_hallucinated_claims_total", Counter, [], Count, &[],
        "Claims that no source supports.";
    Retries = "rag_retries_total", Counter, ["operation", "reason"], Count, &[],
        "Attempts after the first, by the reason of the failure before.";
    Fallbacks = "rag_fallbacks_total", Counter, ["from", "to"], Count, &[],
        "Fallbacks from one thing to another.";
    UnpricedTokens = "rag_unpriced_tokens_total", Counter, ["model"], Count, &[],
        "Tokens of calls without a known price.";
    ContextFill = "rag_context_fill_ratio", Histogram, ["model"], Score, FILL,
        "Share of a model's context window that one call took, from 0 to 1.";
    Feedback = "rag_feedback_total", Counter, ["key", "verdict"], Count, &[],
        "Verdicts of users and graders.";
    RecordsEmitted = "ragspan_records_emitted_total", Counter, [], Count, &[],
        "Records that the program emitted to the pipeline.";
    RecordsDelivered = "ragspan_records_delivered_total", Counter, ["sink"], Count, &[],
        "Records that a sink accepted.";
    RecordsDropped = "ragspan_records_dropped_total", Counter, ["sink", "reason"], Count, &[],
        "Records lost on their way to a sink, by reason.";
    RecordsFiltered = "ragspan_records_filtered_total", Counter, ["sink", "reason"], Count, &[],
        "Records that a sink is configured not to receive, by reason.";
    RecordsExpired = "ragspan_records_expired_total", Counter, ["sink", "reason"], Count, &[],
        "Delivered records that a sink deleted later, because they were too old or too many.";
    RecordsPending = "ragspan_records_pending", Gauge, ["sink"], Count, &[],
        "Records still on their way to a sink.";
    OldestPending = "ragspan_oldest_pending_seconds", Gauge, ["sink"], Seconds, &[],
        "Age of the oldest record that waits for a sink, in seconds; 0 if none waits.";
    DeliveryRetries = "ragspan_delivery_retries_total", Counter, ["sink"], Count, &[],
        "Attempts to deliver a batch to a sink, after the first one.";
    Redactions = "ragspan_redactions_total", Counter, ["rule"], Count, &[],
        "Secrets that were redacted in the texts of records, by rule.";
    ServiceInfo = "rag_service_info", Gauge, ["service_name", "service_version", "deployment_environment_name"], Count, &[],
        "The service that is scraped; its value is 1.";
    PropagationRejected = "ragspan_propagation_rejected_total", Counter, [], Count, &[],
        "Incoming trace headers that were malformed and therefore ignored.";
}

/// The prefixes of all names of the list, so that another metric is recognised at once.
const PREFIX: &str = "rag";

/// The suffixes that the text formats append to a family's name.
const SUFFIXES: &[&str] = &["_total", "_created", "_bucket", "_sum", "_count", "_info"];

impl Name {
    /// The metrics of the delivery stats, which add up in one exposition.
    pub(super) const ACCOUNTING: [Self; 7] = [
        Self::RecordsEmitted,
        Self::RecordsDelivered,
        Self::RecordsDropped,
        Self::RecordsFiltered,
        Self::RecordsPending,
        Self::OldestPending,
        Self::DeliveryRetries,
    ];

    /// Returns the name in scrapes, rules and panels.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        self.row().text
    }

    /// Counter, gauge or histogram.
    #[must_use]
    pub(crate) const fn kind(self) -> MetricKind {
        self.row().kind
    }

    /// The label names, in the order in which handles take the values.
    #[must_use]
    pub(crate) const fn labels(self) -> &'static [&'static str] {
        self.row().labels
    }

    /// The unit, and the steps in which it is stored.
    #[must_use]
    pub(crate) const fn unit(self) -> Unit {
        self.row().unit
    }

    /// The upper edges of the buckets, without the last and endless one, in the unit's steps.
    #[must_use]
    pub(crate) const fn edges(self) -> &'static [u64] {
        self.row().edges
    }

    /// Returns the text of the `# HELP` line.
    #[must_use]
    pub(crate) const fn help(self) -> &'static str {
        self.row().help
    }

    /// Returns the metric of this name, if the list has it.
    #[must_use]
    pub(crate) fn find(text: &str) -> Option<Self> {
        if !text.starts_with(PREFIX) {
            return None;
        }
        Self::ALL.iter().copied().find(|name| name.as_str() == text)
    }

    /// The family's name in OpenMetrics, where a counter's `_total` belongs to the sample alone.
    pub(super) fn base(self) -> &'static str {
        let text = self.as_str();
        text.strip_suffix("_total").unwrap_or(text)
    }
}

/// Returns `true` if a name would collide with a family or sample of the list, in either format.
pub(super) fn is_reserved(text: &str) -> bool {
    if !text.starts_with(PREFIX) {
        return false;
    }
    let base = SUFFIXES
        .iter()
        .find_map(|suffix| text.strip_suffix(suffix))
        .unwrap_or(text);
    Name::ALL
        .iter()
        .any(|name| name.base() == base || name.base() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_valid_and_found() {
        for (at, name) in Name::ALL.iter().enumerate() {
            assert_eq!(Name::find(name.as_str()), Some(*name));
            assert_eq!(*name as usize, at);
            assert!(name.as_str().starts_with(PREFIX));
            assert!(
                name.as_str()
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == '_')
            );
            assert_eq!(
                name.kind() == MetricKind::Counter,
                name.as_str().ends_with("_total")
            );
        }
        assert_eq!(Name::find("rag_requests"), None);
    }

    /// Returns the metrics of the page's table: name, kind and labels.
    fn documented() -> Vec<(String, String, String)> {
        let page = include_str!("../../../docs/metrics.md");
        let rows = page.lines().filter(|line| line.starts_with("| `rag"));
        let row = |line: &str| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let names = cells[1].split(", ").map(|name| name.trim_matches('`'));
            let kind = cells[2].split(',').next().unwrap_or_default();
            names
                .map(|name| (name.to_owned(), kind.to_owned(), cells[3].to_owned()))
                .collect::<Vec<_>>()
        };
        let mut documented: Vec<_> = rows.flat_map(row).collect();
        documented.sort();
        documented
    }

    #[test]
    fn the_page_of_metrics_has_the_whole_list() {
        let row = |name: &Name| {
            let row = name.row();
            let kind = format!("{:?}", row.kind).to_lowercase();
            (name.as_str().to_owned(), kind, row.labels.join(", "))
        };
        let mut list: Vec<_> = Name::ALL.iter().map(row).collect();
        list.sort();
        assert_eq!(documented(), list);
    }

    #[test]
    fn only_histograms_have_edges_and_the_edges_ascend() {
        for name in Name::ALL {
            let edges = name.edges();
            assert_eq!(
                name.kind() == MetricKind::Histogram,
                !edges.is_empty(),
                "{name:?}"
            );
            assert!(edges.windows(2).all(|pair| pair[0] < pair[1]), "{name:?}");
        }
    }

    #[test]
    fn no_edge_needs_an_exponent() {
        for name in Name::ALL {
            let steps = name.unit().steps();
            for edge in name.edges().iter().filter(|edge| **edge > 0) {
                assert!(*edge < 1_000_000 * steps, "{name:?} {edge}");
                assert!(
                    u128::from(*edge) * 10_000 >= u128::from(steps),
                    "{name:?} {edge}"
                );
            }
        }
    }

    #[test]
    fn thresholds_of_alerts_are_edges() {
        for milliseconds in [50, 2_000, 5_000] {
            assert!(
                Name::RequestLatency
                    .edges()
                    .contains(&(milliseconds * 1_000))
            );
        }
    }

    #[test]
    fn a_unit_is_named_only_where_the_family_ends_with_it() {
        for name in Name::ALL {
            if let Some(suffix) = name.unit().suffix() {
                assert!(name.base().ends_with(&format!("_{suffix}")), "{name:?}");
            }
        }
    }

    #[test]
    fn everything_the_list_can_show_is_reserved() {
        for text in [
            "rag_requests_total",
            "rag_requests",
            "rag_requests_created",
            "rag_request_latency_ms",
            "rag_request_latency_ms_bucket",
            "rag_request_latency_ms_sum",
            "rag_active_queries",
            "rag_cost_usd",
        ] {
            assert!(is_reserved(text), "{text}");
        }
        for text in [
            "rag_request",
            "rag_requests_total_total",
            "http_requests_total",
            "_total",
            "",
        ] {
            assert!(!is_reserved(text), "{text}");
        }
    }
}
