//! The assertion about a metric, and its message.

use super::assertion::did_you_mean;
use crate::metrics::{Name, Registry};

/// The suffixes of a histogram's parts.
const PARTS: [&str; 4] = ["", "_count", "_sum", "_bucket"];

/// Checks that the metric with exactly these labels has this value; a series without a count is 0.
pub(super) fn check(
    registry: &Registry,
    name: &str,
    labels: &[(&str, &str)],
    value: f64,
) -> Result<(), String> {
    let found = registry.value(name, labels);
    if is_near(found.unwrap_or(0.0), value) && (found.is_some() || is_known(name)) {
        return Ok(());
    }
    let there = siblings(registry, name);
    if there.is_empty() && !is_known(name) {
        let near = did_you_mean(name, Name::ALL.iter().map(|name| name.as_str()));
        return Err(format!("there is no metric `{name}`{near}"));
    }
    let series = series(name, labels.iter().copied());
    let there = if there.is_empty() {
        "it was never counted".to_owned()
    } else {
        format!("there is:\n  {}", there.join("\n  "))
    };
    Err(format!("expected {series} to be {value}, but {there}"))
}

/// Compares with a tolerance, because sums of many decimals are inexact.
fn is_near(found: f64, value: f64) -> bool {
    (found - value).abs() <= value.abs() * 1e-9
}

fn is_known(name: &str) -> bool {
    let is_part = |metric: &Name| {
        let rest = name.strip_prefix(metric.as_str());
        rest.is_some_and(|rest| PARTS.contains(&rest))
    };
    Name::ALL.iter().any(is_part)
}

/// Returns all series of this name, with their values.
fn siblings(registry: &Registry, name: &str) -> Vec<String> {
    let samples = registry.snapshot().into_iter();
    let same = samples.filter(|sample| sample.name == name);
    same.map(|sample| {
        let labels = sample
            .labels
            .iter()
            .map(|(name, value)| (&**name, &**value));
        format!("{} {}", series(name, labels), sample.value)
    })
    .collect()
}

/// Formats a series like the exposition.
fn series<'a>(name: &str, labels: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let labels: Vec<_> = labels
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    format!("{name}{{{}}}", labels.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_name_is_one_of_the_list_or_a_part_of_a_histogram() {
        assert!(is_known("rag_requests_total") && is_known("rag_request_latency_ms_sum"));
        assert!(!is_known("rag_request_total") && !is_known("rag_requests_total_mean"));
    }

    #[test]
    fn a_sum_is_compared_as_far_as_it_is_exact() {
        assert!(is_near(0.1 + 0.2, 0.3) && is_near(0.0, 0.0));
        assert!(!is_near(0.300_001, 0.3) && !is_near(1e-12, 0.0));
    }

    #[test]
    fn a_series_that_was_never_counted_is_zero_if_its_name_is_known() {
        let registry = Registry::new();
        assert!(check(&registry, "mine_total", &[], 0.0).is_err());
        registry.error("timeout", "api", &crate::metrics::Exemplar::NONE);
        let labels = [("layer", "api"), ("error_type", "timeout")];
        assert_eq!(check(&registry, "rag_errors_total", &labels, 1.0), Ok(()));
        assert_eq!(check(&registry, "rag_errors_total", &[], 0.0), Ok(()));
    }
}
