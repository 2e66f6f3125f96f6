//! The settings of privacy: rules, patterns, and names of fields.

use regex::Regex;

use super::names::Names;
use super::rules::{Redaction, RedactionError, Rules, check_name, compile};

/// The settings of privacy.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) rules: Vec<Redaction>,
    patterns: Vec<(String, Regex)>,
    /// Names of fields that hold secrets, in addition to the built-in ones.
    pub(crate) fields: Vec<String>,
    /// Names of fields that do not hold secrets.
    pub(crate) allowed: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: Redaction::ALL.to_vec(),
            patterns: vec![],
            fields: vec![],
            allowed: vec![],
        }
    }
}

impl Settings {
    /// Adds a user's expression; one of the same name is replaced.
    pub(crate) fn pattern(&mut self, name: &str, pattern: &str) -> Result<(), RedactionError> {
        check_name(name)?;
        let regex = compile(pattern)?;
        self.patterns.retain(|(there, _)| there != name);
        self.patterns.push((name.to_owned(), regex));
        Ok(())
    }

    pub(super) fn rules(&self) -> Rules {
        let names = Names::new(&self.fields, &self.allowed);
        Rules::new(&self.rules, &self.patterns, &names)
    }
}
