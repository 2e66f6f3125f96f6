//! Writes the closed list as text, in either format.

use std::fmt::Write as _;

use super::exemplar::Exemplar;
use super::foreign;
use super::format::ExpositionFormat;
use super::names::Name;
use super::number::Number;
use super::sample::SampleRow;

/// Writes the families with series, in the order of the list; then all foreign metrics.
pub(super) fn render(
    mut rows: impl FnMut(Name) -> Vec<SampleRow>,
    foreign_text: impl FnOnce() -> String,
    format: ExpositionFormat,
) -> String {
    let mut out = String::new();
    for name in Name::ALL {
        let rows = rows(*name);
        if !rows.is_empty() {
            write_head(&mut out, *name, format);
            rows.iter().for_each(|row| write_row(&mut out, row, format));
        }
    }
    foreign::write(&mut out, &foreign_text(), format);
    if format == ExpositionFormat::OpenMetrics {
        out.push_str("# EOF\n");
    }
    out
}

fn write_head(out: &mut String, name: Name, format: ExpositionFormat) {
    let open = format == ExpositionFormat::OpenMetrics;
    let family = if open { name.base() } else { name.as_str() };
    line(out, format_args!("# HELP {family} {}", name.help()));
    line(
        out,
        format_args!("# TYPE {family} {}", name.kind().as_str()),
    );
    if let Some(unit) = name.unit().suffix().filter(|_| open) {
        line(out, format_args!("# UNIT {family} {unit}"));
    }
}

fn write_row(out: &mut String, row: &SampleRow, format: ExpositionFormat) {
    out.push_str(row.name.as_str());
    out.push_str(row.suffix);
    write_labels(out, row.labels());
    append(out, format_args!(" {}", row.number));
    if let Some((number, exemplar)) = row
        .exemplar
        .filter(|_| format == ExpositionFormat::OpenMetrics)
    {
        write_exemplar(out, number, &exemplar);
    }
    out.push('\n');
}

fn write_exemplar(out: &mut String, number: Number, exemplar: &Exemplar) {
    let time = Number::new(exemplar.unix_ms, 1_000);
    append(out, format_args!(" # {exemplar} {number} {time}"));
}

fn write_labels<'a>(out: &mut String, labels: impl Iterator<Item = (&'a str, &'a str)>) {
    let mut before = '{';
    for (name, value) in labels {
        append(out, format_args!("{before}{name}=\""));
        escape(out, value);
        out.push('"');
        before = ',';
    }
    if before == ',' {
        out.push('}');
    }
}

/// Escapes the three characters that both formats escape in a label's value.
fn escape(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
}

pub(super) fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    append(out, text);
    out.push('\n');
}

/// Writing into a string can't fail.
pub(super) fn append(out: &mut String, text: std::fmt::Arguments<'_>) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::super::registry::Registry;
    use super::*;

    fn exemplar() -> Exemplar {
        Exemplar {
            trace_id: [0xab; 16],
            span_id: [0xcd; 16],
            unix_ms: 1_795_418_900_790,
        }
    }

    const SHOWN: &str = "# {trace_id=\"abababab-abab-abab-abab-abababababab\",\
                         span_id=\"cdcdcdcd-cdcd-cdcd-cdcd-cdcdcdcdcdcd\"}";

    #[test]
    fn a_counter_in_both_formats() {
        let registry = Registry::new();
        registry.error("Timeout", "retrieval", &exemplar());
        assert_eq!(
            registry.render_prometheus(),
            "# HELP rag_errors_total Errors, each counted once, at its origin.\n\
             # TYPE rag_errors_total counter\n\
             rag_errors_total{error_type=\"Timeout\",layer=\"retrieval\"} 1\n"
        );
        assert_eq!(
            registry.render_openmetrics(),
            format!(
                "# HELP rag_errors Errors, each counted once, at its origin.\n\
                 # TYPE rag_errors counter\n\
                 rag_errors_total{{error_type=\"Timeout\",layer=\"retrieval\"}} 1 {SHOWN} 1 1795418900.79\n\
                 # EOF\n"
            )
        );
    }

    #[test]
    fn a_histogram_has_exemplars_only_on_buckets() {
        let registry = Registry::new();
        registry
            .call("search", "retrieval")
            .latency(1_999_500, &exemplar());
        let text = registry.render_openmetrics();
        let labels = "operation=\"search\",layer=\"retrieval\"";
        for line in [
            "# UNIT rag_request_latency_ms ms".to_owned(),
            format!("rag_request_latency_ms_bucket{{{labels},le=\"1500.0\"}} 0"),
            format!(
                "rag_request_latency_ms_bucket{{{labels},le=\"2000.0\"}} 1 {SHOWN} 1999.5 1795418900.79"
            ),
            format!("rag_request_latency_ms_bucket{{{labels},le=\"+Inf\"}} 1"),
            format!("rag_request_latency_ms_sum{{{labels}}} 1999.5"),
            format!("rag_request_latency_ms_count{{{labels}}} 1"),
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line}\nis not in\n{text}"
            );
        }
        assert!(!registry.render_prometheus().contains("trace_id"));
    }

    #[test]
    fn families_are_written_in_the_order_of_the_list_without_empty_ones() {
        let registry = Registry::new();
        registry.counter(Name::Claims, &[]).add(1);
        registry.gauge(Name::ActiveQueries, &["api"]).add(1);
        let text = registry.render_prometheus();
        let families: Vec<_> = text.lines().filter(|l| l.starts_with("# TYPE")).collect();
        assert_eq!(
            families,
            [
                "# TYPE rag_active_queries gauge",
                "# TYPE rag_claims_total counter"
            ]
        );
        assert!(text.ends_with("\nrag_claims_total 1\n"));
    }

    #[test]
    fn label_values_are_escaped() {
        let registry = Registry::new();
        registry.error("a\\b\"c\nd\u{2028}é", "", &Exemplar::NONE);
        let shown = "rag_errors_total{error_type=\"a\\\\b\\\"c\\nd\u{fffd}é\",layer=\"\"} 1\n";
        assert!(registry.render_prometheus().ends_with(shown));
    }

    #[test]
    fn an_empty_registry_is_still_an_exposition() {
        let registry = Registry::new();
        assert_eq!(registry.render_prometheus(), "");
        assert_eq!(registry.render_openmetrics(), "# EOF\n");
    }
}
