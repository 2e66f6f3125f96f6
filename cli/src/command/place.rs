//! Which database is asked: the one named by path, by place, by the environment, or the usual one.

use std::ffi::OsString;
use std::path::PathBuf;

/// Where nothing is said.
const USUAL: &str = "ragspan.db";
/// The variable that names the database.
const VARIABLE: &str = "RAGSPAN_DB";
/// What the variables of named places begin with.
const PLACE: &str = "RAGSPAN_AT_";

/// A place that nobody has named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no place `{name}`: set {variable} to the path of its database{}", known_hint(.known))]
pub struct UnknownPlace {
    name: String,
    variable: String,
    known: Vec<String>,
}

fn known_hint(known: &[String]) -> String {
    if known.is_empty() {
        String::new()
    } else {
        format!(", or use one of {}", known.join(", "))
    }
}

/// The environment, so that tests can have their own.
pub(super) type Variables = Vec<(OsString, OsString)>;

/// The variables of this process.
pub(super) fn variables() -> Variables {
    std::env::vars_os().collect()
}

/// The database that `path` or `place` names, else the environment, else the usual one.
///
/// # Errors
/// If no variable tells where `place` is.
pub(super) fn database(
    path: Option<&PathBuf>,
    place: Option<&str>,
    variables: &Variables,
) -> Result<PathBuf, UnknownPlace> {
    match (path, place) {
        (Some(path), _) => Ok(path.clone()),
        (None, Some(place)) => at(place, variables),
        (None, None) => Ok(value(VARIABLE, variables).unwrap_or_else(|| USUAL.into())),
    }
}

fn at(name: &str, variables: &Variables) -> Result<PathBuf, UnknownPlace> {
    let variable = format!("{PLACE}{}", name.to_ascii_uppercase().replace('-', "_"));
    value(&variable, variables).ok_or_else(|| UnknownPlace {
        name: name.to_owned(),
        known: known(variables),
        variable,
    })
}

/// An empty variable is none.
fn value(name: &str, variables: &Variables) -> Option<PathBuf> {
    let (_, value) = variables.iter().find(|(known, _)| known == name)?;
    (!value.is_empty()).then(|| value.into())
}

fn known(variables: &Variables) -> Vec<String> {
    let mut names: Vec<_> = variables
        .iter()
        .filter_map(|(name, _)| name.to_str()?.strip_prefix(PLACE))
        .map(|name| name.to_ascii_lowercase().replace('_', "-"))
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        pairs
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    #[test]
    fn a_path_goes_before_a_place_before_the_environment() {
        let set = variables(&[("RAGSPAN_DB", "env.db"), ("RAGSPAN_AT_EU_PROD", "prod.db")]);
        let ask = |path: Option<&str>, place| {
            database(path.map(PathBuf::from).as_ref(), place, &set).expect("a place")
        };
        assert_eq!(ask(Some("path.db"), None), PathBuf::from("path.db"));
        assert_eq!(ask(None, Some("eu-prod")), PathBuf::from("prod.db"));
        assert_eq!(ask(None, None), PathBuf::from("env.db"));
        let empty = variables(&[("RAGSPAN_DB", "")]);
        assert_eq!(database(None, None, &empty), Ok(USUAL.into()));
    }

    #[test]
    fn an_unknown_place_says_what_to_set_and_what_there_is() {
        let set = variables(&[("RAGSPAN_AT_STAGING", "s.db")]);
        let error = database(None, Some("prod"), &set).expect_err("unknown");
        let text = error.to_string();
        assert!(
            text.contains("RAGSPAN_AT_PROD") && text.ends_with("one of staging"),
            "{text}"
        );
    }
}
