//! The two text formats, and the choice between them by the `Accept` header.

/// A text format of the exposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ExpositionFormat {
    /// Prometheus text 0.0.4: read by everything, without exemplars.
    Prometheus,
    /// OpenMetrics text 1.0.0, with exemplars.
    OpenMetrics,
}

impl ExpositionFormat {
    /// Returns the `Content-Type` of the response.
    #[must_use]
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Chooses the format of the response to an `Accept` header.
///
/// OpenMetrics is chosen only if the header names it and does not prefer plain text: browsers and `curl` send a
/// wildcard, and tools that support neither expect the older format.
#[must_use]
pub(crate) fn negotiate(accept: Option<&str>) -> ExpositionFormat {
    let ranges = || {
        accept
            .unwrap_or_default()
            .split(',')
            .filter_map(Range::parse)
    };
    let best = |format| {
        let named = ranges().filter(|range| range.format() == Some(format));
        named.map(|range| range.quality).max().unwrap_or(0)
    };
    let (open, plain) = (
        best(ExpositionFormat::OpenMetrics),
        best(ExpositionFormat::Prometheus),
    );
    if open > 0 && open >= plain {
        ExpositionFormat::OpenMetrics
    } else {
        ExpositionFormat::Prometheus
    }
}

/// One media range of the header, with its quality in thousandths.
struct Range<'a> {
    media: &'a str,
    version: Option<&'a str>,
    quality: u16,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let media = parts.next().filter(|media| !media.is_empty())?;
        let mut range = Self {
            media,
            version: None,
            quality: 1_000,
        };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match name.trim() {
                name if name.eq_ignore_ascii_case("q") => range.quality = quality(value)?,
                name if name.eq_ignore_ascii_case("version") => range.version = Some(value),
                _ => {}
            }
        }
        Some(range)
    }

    /// Returns the format that the range names, if any. Version 0.0.1 is the draft of OpenMetrics 1.0.0; its
    /// readers accept 1.0.0.
    fn format(&self) -> Option<ExpositionFormat> {
        let open = self
            .media
            .eq_ignore_ascii_case("application/openmetrics-text");
        let plain = self.media.eq_ignore_ascii_case("text/plain");
        match self.version {
            None | Some("0.0.1" | "1.0.0") if open => Some(ExpositionFormat::OpenMetrics),
            None | Some("0.0.4") if plain => Some(ExpositionFormat::Prometheus),
            _ => None,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be 0..=1"
)]
fn quality(text: &str) -> Option<u16> {
    let quality: f32 = text.parse().ok()?;
    (0.0..=1.0)
        .contains(&quality)
        .then_some((quality * 1_000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_open(accept: &str) -> bool {
        negotiate(Some(accept)) == ExpositionFormat::OpenMetrics
    }

    #[test]
    fn prometheus_itself_gets_openmetrics() {
        assert!(is_open(
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;\
             version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
        ));
        assert!(is_open(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
             encoding=delimited;q=0.7,application/openmetrics-text;version=1.0.0;\
             escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.4,*/*;q=0.3"
        ));
    }

    #[test]
    fn a_scraper_that_does_not_name_openmetrics_gets_the_older_format() {
        assert_eq!(negotiate(None), ExpositionFormat::Prometheus);
        for accept in [
            "",
            "*/*",
            "text/html,*/*;q=0.8",
            "text/plain",
            "application/*",
            ";;=,,q",
        ] {
            assert!(!is_open(accept), "{accept}");
        }
    }

    #[test]
    fn quality_decides_and_zero_means_no() {
        assert!(!is_open("application/openmetrics-text;q=0"));
        assert!(!is_open(
            "application/openmetrics-text;q=0.3,text/plain;q=0.4"
        ));
        assert!(is_open(
            "application/openmetrics-text;q=0.4,text/plain;q=0.4"
        ));
        assert!(!is_open("application/openmetrics-text;q=nonsense"));
    }

    #[test]
    fn case_and_spaces_do_not_matter_but_an_unknown_version_does() {
        assert!(is_open(
            "Application/OpenMetrics-Text ; Version=\"1.0.0\" ; Q=1"
        ));
        assert!(!is_open("application/openmetrics-text; version=2.0.0"));
    }

    proptest! {
        #[test]
        fn any_header_is_answered(accept in "\\PC*") {
            let format = negotiate(Some(&accept));
            let named = accept.to_ascii_lowercase().contains("application/openmetrics-text");
            prop_assert!(named || format == ExpositionFormat::Prometheus);
        }
    }
}
