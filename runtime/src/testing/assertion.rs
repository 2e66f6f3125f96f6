//! One captured record, and the messages of failed assertions.

use serde_json::Value;

use super::captured::Captured;
use super::captured_record::CapturedRecord;
use super::tree;
use crate::context::SpanId;
use crate::record::Level;

/// The part that spans and events have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assertion<'a> {
    pub(super) seen: &'a Captured,
    pub(super) record: CapturedRecord<'a>,
}

impl<'a> Assertion<'a> {
    /// Returns the name of the record in messages.
    pub(super) fn name(&self) -> String {
        if self.record.is_event() {
            format!("the event `{}`", self.record.message())
        } else {
            format!("`{}`", self.record.operation)
        }
    }

    /// Panics unless `holds`: the message has the expectation `what` and the actual state `but`.
    #[track_caller]
    pub(super) fn check(&self, holds: bool, what: &str, but: &str) {
        if !holds {
            self.seen
                .fail(&format!("expected {} to {what}, but it {but}", self.name()));
        }
    }

    #[track_caller]
    pub(super) fn assert_field(&self, field: &str, value: &Value) {
        let found = self.record.value(field);
        let holds = found.is_some_and(|found| are_equal(found, value));
        let but = match found {
            Some(found) => format!("has {}", tree::written(field, found)),
            None => self.missing_field(field),
        };
        self.check(holds, &format!("have {field} = {value}"), &but);
    }

    /// Returns the names of the fields, and the nearest one.
    fn missing_field(&self, field: &str) -> String {
        let names: Vec<_> = self
            .record
            .values()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let near = did_you_mean(field, names.iter().copied());
        format!("has only [{}]{near}", names.join(", "))
    }

    #[track_caller]
    pub(super) fn assert_no_field(&self, field: &str) {
        let found = self.record.value(field);
        let but = found.map_or_else(String::new, |value| {
            format!("has {field} = {}", tree::written(field, value))
        });
        self.check(found.is_none(), &format!("have no {field}"), &but);
    }

    #[track_caller]
    pub(super) fn assert_level(&self, level: Level) {
        let found = self.record.level;
        self.check(
            found == level,
            &format!("be at {level}"),
            &format!("is at {found}"),
        );
    }

    #[track_caller]
    pub(super) fn assert_user(&self, user: &str) {
        let found = self.record.json["user_id"].as_str();
        let but = found.map_or_else(
            || "has no user".to_owned(),
            |found| format!("is for `{found}`"),
        );
        self.check(found == Some(user), &format!("be for `{user}`"), &but);
    }

    #[track_caller]
    pub(super) fn assert_under(&self, operation: &str) {
        let above = self.ancestors();
        let near = did_you_mean(operation, self.seen.operations());
        let but = if above.is_empty() {
            format!("is a root{near}")
        } else {
            format!("is under {}{near}", quoted(&above))
        };
        self.check(
            above.contains(&operation),
            &format!("be under `{operation}`"),
            &but,
        );
    }

    #[track_caller]
    pub(super) fn assert_root(&self) {
        let above = self.ancestors();
        let but = if above.is_empty() {
            "is under a call that was not captured".to_owned()
        } else {
            format!("is under {}", quoted(&above))
        };
        self.check(self.record.above().is_none(), "be a root", &but);
    }

    /// Returns the operations above it, the nearest first.
    fn ancestors(&self) -> Vec<&'a str> {
        let calls = || {
            self.seen
                .captured_records()
                .filter(|record| !record.is_event())
        };
        let call = |id: SpanId| calls().find(|record| record.span == Some(id));
        let mut next = self.record.above();
        let mut found = Vec::new();
        while let Some(above) = next.and_then(call) {
            found.push(above.operation);
            next = above.above();
        }
        found
    }
}

/// Compares two values; numbers are equal by value, whatever their type.
fn are_equal(found: &Value, wanted: &Value) -> bool {
    found == wanted || found.is_number() && found.as_f64() == wanted.as_f64()
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Returns the nearest known name, as the end of a message.
pub(super) fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near = ragspan_core::spelling::nearest(word, known).filter(|near| *near != word);
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_equal_by_value_and_only_to_numbers() {
        assert!(are_equal(&json!(3), &json!(3.0)) && are_equal(&json!("3"), &json!("3")));
        assert!(!are_equal(&json!(3), &json!("3")) && !are_equal(&json!(null), &json!(0)));
        assert!(!are_equal(&json!("a"), &json!("b")) && !are_equal(&json!(3), &json!(4)));
    }

    #[test]
    fn a_name_is_not_suggested_for_itself() {
        assert_eq!(did_you_mean("answer", ["answer"].into_iter()), "");
        assert_eq!(
            did_you_mean("anser", ["answer"].into_iter()),
            "; did you mean `answer`?"
        );
        assert_eq!(did_you_mean("search", ["answer"].into_iter()), "");
    }
}
