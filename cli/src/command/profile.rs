//! The path of the database: from an option, a profile, the environment, or the default.

use std::ffi::OsString;
use std::path::PathBuf;

/// The path without an option and a variable.
const DEFAULT_PATH: &str = "ragspan.db";
/// The variable with the path of the database.
const VARIABLE: &str = "RAGSPAN_DB";
/// The prefix of the variables of profiles.
const PROFILE_PREFIX: &str = "RAGSPAN_AT_";

/// No variable is set for the profile.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown profile `{name}`: set {variable} to the path of its database{}", known_hint(.known))]
pub struct UnknownProfile {
    name: String,
    variable: String,
    known: Vec<String>,
}

ragspan_core::debug_as_display!(UnknownProfile);

fn known_hint(known: &[String]) -> String {
    if known.is_empty() {
        String::new()
    } else {
        format!(", or use one of {}", known.join(", "))
    }
}

/// The environment variables, as an argument so that tests can set their own.
pub(super) type Variables = Vec<(OsString, OsString)>;

/// Returns the environment variables of this process.
pub(super) fn variables() -> Variables {
    std::env::vars_os().collect()
}

/// Returns `path`, else the path of `profile`, else that of the environment, else the default.
///
/// # Errors
/// If no variable is set for `profile`.
pub(super) fn database(
    path: Option<&PathBuf>,
    profile: Option<&str>,
    variables: &Variables,
) -> Result<PathBuf, UnknownProfile> {
    match (path, profile) {
        (Some(path), _) => Ok(path.clone()),
        (None, Some(profile)) => of_profile(profile, variables),
        (None, None) => Ok(value(VARIABLE, variables).unwrap_or_else(|| DEFAULT_PATH.into())),
    }
}

fn of_profile(name: &str, variables: &Variables) -> Result<PathBuf, UnknownProfile> {
    let variable = format!(
        "{PROFILE_PREFIX}{}",
        name.to_ascii_uppercase().replace('-', "_")
    );
    value(&variable, variables).ok_or_else(|| UnknownProfile {
        name: name.to_owned(),
        known: known(variables),
        variable,
    })
}

/// Returns the value of a variable, unless it is empty.
fn value(name: &str, variables: &Variables) -> Option<PathBuf> {
    let (_, value) = variables.iter().find(|(known, _)| known == name)?;
    (!value.is_empty()).then(|| value.into())
}

fn known(variables: &Variables) -> Vec<String> {
    let mut names: Vec<_> = variables
        .iter()
        .filter_map(|(name, _)| name.to_str()?.strip_prefix(PROFILE_PREFIX))
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
    fn a_path_precedes_a_profile_which_precedes_the_environment() {
        let set = variables(&[("RAGSPAN_DB", "env.db"), ("RAGSPAN_AT_EU_PROD", "prod.db")]);
        let ask = |path: Option<&str>, profile| {
            database(path.map(PathBuf::from).as_ref(), profile, &set).expect("a path")
        };
        assert_eq!(ask(Some("path.db"), None), PathBuf::from("path.db"));
        assert_eq!(ask(None, Some("eu-prod")), PathBuf::from("prod.db"));
        assert_eq!(ask(None, None), PathBuf::from("env.db"));
        let empty = variables(&[("RAGSPAN_DB", "")]);
        assert_eq!(database(None, None, &empty), Ok(DEFAULT_PATH.into()));
    }

    #[test]
    fn an_unknown_profile_is_rejected_with_the_variable_and_the_known_profiles() {
        let set = variables(&[("RAGSPAN_AT_STAGING", "s.db")]);
        let error = database(None, Some("prod"), &set).expect_err("unknown");
        let text = error.to_string();
        assert!(
            text.contains("RAGSPAN_AT_PROD") && text.ends_with("one of staging"),
            "{text}"
        );
    }
}
