//! Reads the service's identity from the environment variables of OpenTelemetry.

use percent_encoding::percent_decode_str;

/// The variable with the service's name.
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";

/// The variable with pairs such as `service.version=1.4.0,deployment.environment.name=staging`.
const ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";

/// The identity in the environment, as far as it is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) environment: Option<String>,
    /// The variable that `name` is from.
    pub(super) name_source: &'static str,
}

impl Resource {
    /// The variable that the version and the environment are from.
    #[cfg(feature = "yaml")]
    pub(super) const SOURCE: &'static str = ATTRIBUTES;

    /// Reads the identity; `variable` returns the value of a variable.
    pub(super) fn from_env(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).and_then(|text| non_empty(&text));
        let attributes = set(ATTRIBUTES).unwrap_or_default();
        let named = set(SERVICE_NAME);
        Self {
            name_source: if named.is_some() {
                SERVICE_NAME
            } else {
                ATTRIBUTES
            },
            name: named.or_else(|| attribute(&attributes, "service.name")),
            version: attribute(&attributes, "service.version"),
            environment: attribute(&attributes, "deployment.environment.name")
                .or_else(|| attribute(&attributes, "deployment.environment")),
        }
    }
}

/// Returns the value of a key. Values are percent-encoded; a later pair precedes an earlier one.
fn attribute(attributes: &str, key: &str) -> Option<String> {
    let pairs = attributes
        .rsplit(',')
        .filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(name, _)| name.trim() == key);
    let (_, value) = values.next()?;
    non_empty(&percent_decode_str(value).decode_utf8_lossy())
}

fn non_empty(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(name: &str, attributes: &str) -> Resource {
        Resource::from_env(|variable| match variable {
            SERVICE_NAME => Some(name.to_owned()),
            _ => Some(attributes.to_owned()),
        })
    }

    #[test]
    fn the_variables_of_opentelemetry_are_read() {
        let text =
            "service.name=a, service.version = 1%2C4 ,team=x,deployment.environment.name=stage";
        let read = resource("", text);
        assert_eq!(read.name.as_deref(), Some("a"));
        assert_eq!(read.version.as_deref(), Some("1,4"));
        assert_eq!(read.environment.as_deref(), Some("stage"));
        assert_eq!(resource(" b ", text).name.as_deref(), Some("b"));
        let old = resource("", "deployment.environment=old");
        assert_eq!(old.environment.as_deref(), Some("old"));
        for text in ["", ",", "=", "service.name", "service.name=,x=%zz", "%,=,%"] {
            let read = resource(" ", text);
            assert_eq!(
                (read.name, read.version, read.environment),
                (None, None, None),
                "{text}"
            );
        }
    }
}
