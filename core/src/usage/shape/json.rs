//! Reads counts from JSON objects.

use serde_json::{Map, Value};

pub(super) type Object = Map<String, Value>;

/// Returns the object at the position; the key `0` is the first item of a list.
pub(super) fn at<'a>(object: &'a Object, position: &[&str]) -> Option<&'a Object> {
    let Some((key, rest)) = position.split_first() else {
        return Some(object);
    };
    let mut value = object.get(*key)?;
    let mut rest = rest;
    while let Some((key, after)) = rest.split_first() {
        value = match value {
            Value::Array(list) if *key == "0" => list.first()?,
            value => value.get(*key)?,
        };
        rest = after;
    }
    value.as_object()
}

/// Returns the first of these keys that has a number.
pub(super) fn first(object: &Object, keys: &[&str]) -> Option<u64> {
    keys.iter().find_map(|key| count(object.get(*key)?))
}

/// Returns the first of the `keys` that has a number, in the first of the objects at `details` that has one.
pub(super) fn detail(object: &Object, details: &[&str], keys: &[&str]) -> Option<u64> {
    let objects = details
        .iter()
        .filter_map(|key| object.get(*key)?.as_object());
    objects.filter_map(|object| first(object, keys)).next()
}

/// Returns the sum of a count over the objects of a list; `None` if no object has it.
pub(super) fn sum(object: &Object, list: &str, position: &[&str], keys: &[&str]) -> Option<u64> {
    let list = object.get(list)?.as_array()?;
    let counts = list
        .iter()
        .filter_map(|item| first(at(item.as_object()?, position)?, keys));
    counts.reduce(u64::saturating_add)
}

/// Converts a number to a count: whole, and at least zero.
pub(super) fn count(value: &Value) -> Option<u64> {
    if let Some(whole) = value.as_u64() {
        return Some(whole);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates"
    )]
    value.as_f64().map(|number| number as u64)
}
