//! Adds the text that metrics-exporter-prometheus renders to the exposition, in either format.
//!
//! One bad line makes a scraper refuse the whole response, including ragspan's own metrics. The text is therefore
//! parsed line by line: a family that a format cannot show with its own type is shown as `unknown` under the same
//! series names, and a line that cannot be shown at all is left out.

use std::borrow::Cow;
use std::collections::HashSet;

use super::exposition::line;
use super::format::ExpositionFormat;
use super::names;
#[cfg(any(test, feature = "testing"))]
use super::sample::Sample;
use crate::privacy::redact;
use crate::record::escape::plain;

/// One family of the exporter's text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ForeignFamily<'a> {
    name: &'a str,
    kind: &'a str,
    help: Option<Cow<'a, str>>,
    lines: Vec<ExpositionLine<'a>>,
}

/// One sample; label values are as written, with their escapes, after redaction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ExpositionLine<'a> {
    name: &'a str,
    labels: Vec<(&'a str, Cow<'a, str>)>,
    value: &'a str,
}

/// Appends the exporter's text, sorted by name so that two scrapes have the same order.
pub(super) fn write(out: &mut String, text: &str, format: ExpositionFormat) {
    let mut taken = HashSet::new();
    let mut families = parse(text);
    families.sort();
    for family in families {
        for shown in family.shown(format) {
            shown.write_once(out, &mut taken, format);
        }
    }
}

#[cfg(any(test, feature = "testing"))]
/// The exporter's samples.
pub(super) fn samples(text: &str) -> Vec<Sample> {
    let mut families = parse(text);
    families.sort();
    families
        .iter()
        .flat_map(|family| &family.lines)
        .filter_map(ExpositionLine::sample)
        .collect()
}

fn parse(text: &str) -> Vec<ForeignFamily<'_>> {
    let mut families: Vec<ForeignFamily<'_>> = Vec::new();
    let mut help = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').map(|(_, help)| plain(redact(help)));
        } else if let Some((name, kind)) = line
            .strip_prefix("# TYPE ")
            .and_then(|rest| rest.split_once(' '))
        {
            families.push(ForeignFamily {
                name,
                kind,
                help: help.take(),
                lines: Vec::new(),
            });
        } else if let (Some(family), Some(line)) =
            (families.last_mut(), ExpositionLine::parse(line))
        {
            family.push(line);
        }
    }
    families
}

impl<'a> ForeignFamily<'a> {
    /// Adds a sample. A sum or count with the label `quantile` or `le` is left out: the label is a user's own, and
    /// would be read as a number.
    fn push(&mut self, line: ExpositionLine<'a>) {
        let reserved = match self.kind {
            "summary" => "quantile",
            "histogram" => "le",
            _ => "",
        };
        let whole = line.name.ends_with("_sum") || line.name.ends_with("_count");
        if !(whole && line.has_label(reserved)) {
            self.lines.push(line);
        }
    }

    /// Returns the family in a form that the format allows: whole, or each of its series names as unknown.
    fn shown(self, format: ExpositionFormat) -> Vec<Self> {
        if format == ExpositionFormat::OpenMetrics && !self.fits_openmetrics() {
            return self.into_unknown();
        }
        vec![self]
    }

    /// Returns `true` if OpenMetrics allows the family: it requires `_total` on counters, and rejects a sum
    /// or quantile below zero.
    fn fits_openmetrics(&self) -> bool {
        match self.kind {
            "counter" => self
                .name
                .strip_suffix("_total")
                .is_some_and(|base| !base.is_empty()),
            "histogram" | "summary" => self.lines.iter().all(|line| !line.is_negative()),
            _ => true,
        }
    }

    fn into_unknown(self) -> Vec<Self> {
        let mut names: Vec<_> = self.lines.iter().map(|line| line.name).collect();
        names.sort_unstable();
        names.dedup();
        let of = |name| {
            self.lines
                .iter()
                .filter(move |line| line.name == name)
                .cloned()
                .collect()
        };
        names
            .into_iter()
            .map(|name| Self {
                name,
                kind: "unknown",
                help: self.help.clone(),
                lines: of(name),
            })
            .collect()
    }

    /// Writes the family unless its names are taken: by the closed list, or by a foreign metric
    /// of another kind. A counter that differs by `_total` alone can still be written as unknown.
    fn write_once(self, out: &mut String, taken: &mut HashSet<String>, format: ExpositionFormat) {
        let names = self.names(format);
        if self.lines.is_empty() {
            return;
        }
        if names
            .iter()
            .all(|name| !taken.contains(name) && !names::is_reserved(name))
        {
            taken.extend(names);
            self.write(out, format);
        } else if format == ExpositionFormat::OpenMetrics && self.kind == "counter" {
            for unknown in self.into_unknown() {
                unknown.write_once(out, taken, format);
            }
        }
    }

    /// Returns every name that the family reserves in a format, used or not.
    fn names(&self, format: ExpositionFormat) -> Vec<String> {
        let suffixes: &[&str] = match self.kind {
            "counter" if format == ExpositionFormat::OpenMetrics => &["", "_total", "_created"],
            "histogram" => &["", "_bucket", "_sum", "_count"],
            "summary" => &["", "_sum", "_count"],
            _ => &[""],
        };
        suffixes
            .iter()
            .map(|suffix| format!("{}{suffix}", self.family_name(format)))
            .collect()
    }

    fn family_name(&self, format: ExpositionFormat) -> &'a str {
        match (format, self.kind) {
            (ExpositionFormat::OpenMetrics, "counter") => {
                self.name.strip_suffix("_total").unwrap_or(self.name)
            }
            _ => self.name,
        }
    }

    fn write(&self, out: &mut String, format: ExpositionFormat) {
        let name = self.family_name(format);
        match &self.help {
            Some(help) if format == ExpositionFormat::OpenMetrics => {
                let help = help.replace('"', "\\\"");
                line(out, format_args!("# HELP {name} {help}"));
            }
            Some(help) => line(out, format_args!("# HELP {name} {help}")),
            None => {}
        }
        line(out, format_args!("# TYPE {name} {}", self.kind));
        let mut seen = HashSet::new();
        for sample in self
            .lines
            .iter()
            .filter(|line| seen.insert(line.identity()))
        {
            sample.write(out);
        }
    }
}

impl<'a> ExpositionLine<'a> {
    /// Returns `None` for a line that is not a sample, and for a sample that scrapers refuse.
    fn parse(text: &'a str) -> Option<Self> {
        let (head, value) = text.rsplit_once(' ')?;
        let (name, labels) = match head.split_once('{') {
            Some((name, labels)) => (name, parse_labels(labels.strip_suffix('}')?)?),
            None => (head, Vec::new()),
        };
        let sample = Self {
            name,
            labels,
            value,
        };
        (!name.is_empty() && sample.has_distinct_labels()).then_some(sample)
    }

    /// Returns `true` if the label names are not empty and distinct: the exporter replaces invalid characters, so
    /// two names may become one.
    fn has_distinct_labels(&self) -> bool {
        let mut seen = HashSet::new();
        self.labels
            .iter()
            .all(|(name, _)| !name.is_empty() && seen.insert(*name))
    }

    fn has_label(&self, wanted: &str) -> bool {
        self.labels.iter().any(|(name, _)| *name == wanted)
    }

    /// Returns `true` for a value below zero, or NaN outside of a quantile.
    fn is_negative(&self) -> bool {
        self.value.starts_with('-') || (self.value == "NaN" && !self.has_label("quantile"))
    }

    /// The identity of a series: its labels in any order.
    fn identity(&self) -> (&'a str, Vec<(&'a str, Cow<'a, str>)>) {
        let mut labels = self.labels.clone();
        labels.sort_unstable();
        (self.name, labels)
    }

    fn write(&self, out: &mut String) {
        out.push_str(self.name);
        let mut before = '{';
        for (name, value) in &self.labels {
            let end = if is_whole_edge(name, value) { ".0" } else { "" };
            super::exposition::append(out, format_args!("{before}{name}=\"{value}{end}\""));
            before = ',';
        }
        if before == ',' {
            out.push('}');
        }
        line(out, format_args!(" {}", canonical(self.value)));
    }

    #[cfg(any(test, feature = "testing"))]
    fn sample(&self) -> Option<Sample> {
        let labels = self
            .labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), unescape(value)));
        Some(Sample {
            name: self.name.to_owned(),
            labels: labels.collect(),
            value: self.value.parse().ok()?,
        })
    }
}

/// `name="value",..` where a value ends at the first quote that no backslash escapes.
fn parse_labels(mut text: &str) -> Option<Vec<(&str, Cow<'_, str>)>> {
    let mut labels = Vec::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once("=\"")?;
        let (value, rest) = rest.split_at_checked(end_of_value(rest)?)?;
        labels.push((name, plain(redact(value))));
        let rest = rest.strip_prefix('"')?;
        text = rest.strip_prefix(',').unwrap_or(rest);
    }
    Some(labels)
}

fn end_of_value(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        end.then_some(at)
    })
}

#[cfg(any(test, feature = "testing"))]
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some(escaped)) => out.push(escaped),
            (c, _) => out.push(c),
        }
    }
    out
}

/// Returns `true` for an edge or a quantile without a fraction: both formats write them as floats, so `.0` is appended.
fn is_whole_edge(name: &str, value: &str) -> bool {
    matches!(name, "le" | "quantile") && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Converts infinities to `+Inf` and `-Inf`, since Rust writes `inf`.
fn canonical(value: &str) -> &str {
    match value {
        "inf" => "+Inf",
        "-inf" => "-Inf",
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str, format: ExpositionFormat) -> String {
        let mut out = String::new();
        write(&mut out, text, format);
        out
    }

    const BOTH: [ExpositionFormat; 2] =
        [ExpositionFormat::Prometheus, ExpositionFormat::OpenMetrics];

    #[test]
    fn a_counter_has_the_same_series_name_in_both_formats() {
        let text = "# HELP b say \"b\"\n# TYPE b counter\nb{x=\"1\"} 2\n\n# TYPE a_total counter\na_total 1\n\n";
        assert_eq!(
            written(text, ExpositionFormat::Prometheus),
            "# TYPE a_total counter\na_total 1\n# HELP b say \"b\"\n# TYPE b counter\nb{x=\"1\"} 2\n"
        );
        assert_eq!(
            written(text, ExpositionFormat::OpenMetrics),
            "# TYPE a counter\na_total 1\n# HELP b say \\\"b\\\"\n# TYPE b unknown\nb{x=\"1\"} 2\n"
        );
    }

    #[test]
    fn edges_and_infinities_take_their_canonical_form() {
        let text =
            "# TYPE s summary\ns{quantile=\"0\"} inf\ns{quantile=\"0.5\"} 2\ns_sum 3\ns_count 1\n";
        for format in BOTH {
            assert_eq!(
                written(text, format),
                "# TYPE s summary\ns{quantile=\"0.0\"} +Inf\ns{quantile=\"0.5\"} 2\ns_sum 3\ns_count 1\n"
            );
        }
    }

    #[test]
    fn a_summary_below_zero_is_unknown_to_openmetrics_but_not_lost() {
        let text = "# TYPE s summary\ns{quantile=\"0.5\"} -2\ns_sum -3\ns_count 1\n";
        assert_eq!(
            written(text, ExpositionFormat::OpenMetrics),
            "# TYPE s unknown\ns{quantile=\"0.5\"} -2\n# TYPE s_count unknown\ns_count 1\n\
             # TYPE s_sum unknown\ns_sum -3\n"
        );
        assert_eq!(written(text, ExpositionFormat::Prometheus), text);
    }

    #[test]
    fn the_second_family_of_a_name_is_left_out() {
        let text = "# TYPE f counter\nf 1\n\n# TYPE f gauge\nf 2\n\n# TYPE f_count counter\nf_count 3\n\n# TYPE f summary\nf_sum 4\n";
        assert_eq!(
            written(text, ExpositionFormat::Prometheus),
            "# TYPE f counter\nf 1\n# TYPE f_count counter\nf_count 3\n"
        );
    }

    #[test]
    fn a_counter_and_a_gauge_that_differ_by_total_are_both_shown() {
        let text = "# TYPE jobs gauge\njobs 1\n# TYPE jobs_total counter\njobs_total 2\n";
        assert_eq!(
            written(text, ExpositionFormat::OpenMetrics),
            "# TYPE jobs gauge\njobs 1\n# TYPE jobs_total unknown\njobs_total 2\n"
        );
        assert_eq!(written(text, ExpositionFormat::Prometheus), text);
    }

    #[test]
    fn names_of_the_closed_list_are_left_out() {
        let text = "# TYPE rag_requests gauge\nrag_requests 1\n\n# TYPE rag_token_usage_sum gauge\nrag_token_usage_sum 1\n";
        for format in BOTH {
            assert_eq!(written(text, format), "");
        }
    }

    #[test]
    fn lines_that_scrapers_refuse_are_left_out() {
        let text = "# TYPE g gauge\ng{a=\"1\",a=\"2\"} 1\ng{=\"x\"} 2\ng{a=\"1\",b=\"2\"} 3\ng{b=\"2\",a=\"1\"} 4\n# TYPE h gauge\nh{=\"x\"} 1\n";
        for format in BOTH {
            assert_eq!(
                written(text, format),
                "# TYPE g gauge\ng{a=\"1\",b=\"2\"} 3\n"
            );
        }
    }

    #[test]
    fn a_user_label_named_quantile_is_not_a_quantile_of_the_summary() {
        let text = "# TYPE s summary\ns{quantile=\"x\",quantile=\"0\"} 1\ns_sum{quantile=\"x\"} 1\ns_sum 2\n";
        for format in BOTH {
            assert_eq!(written(text, format), "# TYPE s summary\ns_sum 2\n");
        }
    }

    #[test]
    fn samples_are_unescaped() {
        let found = samples("# TYPE g gauge\ng{a=\"x\\\\y\\\"z\\n, b=\\\"} \"} 1.5\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].is("g", &[("a", "x\\y\"z\n, b=\"} ")]));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(# (TYPE|HELP) [a-z_]{0,3} (counter|gauge|summary)\n|[a-z]?(\\{[a-z]?=\"[^\n]{0,5}\"\\})? [0-9]\n|\\PC{0,9}\n)*") {
            for format in BOTH {
                for line in written(&text, format).lines() {
                    prop_assert!(line.starts_with("# ") || ExpositionLine::parse(line).is_some(), "{line}");
                }
            }
        }
    }
}
