//! Recognises charges that are not in the token counts: service tiers, searches, images.

use serde_json::Value;

use super::json::{Object, at, detail, first};
use crate::usage::Billing;

/// Counts of things that providers bill beside tokens.
const BILLED: [&[&str]; 5] = [
    &["num_search_queries"],
    &["citation_tokens"],
    &["search_units"],
    &["web_search_requests"],
    &["web_fetch_requests"],
];

/// Adds the charges that an object of counts shows.
pub(super) fn add(object: &Object, billing: &mut Billing) {
    tier(object, billing);
    let parts = [
        Some(object),
        at(object, &["server_tool_use"]),
        at(object, &["billed_units"]),
    ];
    let mut parts = parts.into_iter().flatten();
    let is_billed = parts.any(|part| {
        BILLED
            .iter()
            .any(|keys| first(part, keys).is_some_and(|count| count > 0))
    });
    billing.has_other_charges |= is_billed || has_images(object) || has_surcharge(object);
}

/// Generated images have a price of their own.
fn has_images(object: &Object) -> bool {
    let details = ["completion_tokens_details", "output_tokens_details"];
    let images = detail(object, &details, &["image_tokens"]);
    let lists = ["candidatesTokensDetails", "candidates_tokens_details"];
    let lists = lists.iter().filter_map(|key| object.get(*key)?.as_array());
    let mut modalities = lists.flatten().filter_map(|item| item.get("modality"));
    images.is_some_and(|count| count > 0) || modalities.any(|modality| modality == "IMAGE")
}

/// Anthropic's surcharges for a region, and for speed.
fn has_surcharge(object: &Object) -> bool {
    let is = |key: &str, value: &str| object.get(key).is_some_and(|found| found == value);
    is("inference_geo", "us") || is("speed", "fast")
}

/// Reads the service tier. A tier without a price list is another charge.
pub(super) fn tier(object: &Object, billing: &mut Billing) {
    let keys = ["service_tier", "serviceTier", "trafficType", "traffic_type"];
    let found = keys.iter().find_map(|key| match object.get(*key)? {
        Value::String(name) => Some(name.parse()),
        Value::Object(tier) => Some(tier.get("type")?.as_str()?.parse()),
        _ => None,
    });
    match found {
        Some(Ok(tier)) => billing.tier = tier,
        Some(Err(_)) => billing.has_other_charges = true,
        None => {}
    }
}
