//! Finds the token counts in a provider's JSON, and recognises their shape by a set of keys.

mod charges;
mod json;
mod read;
mod table;

use serde_json::Value;

use self::json::{Object, at};
use self::table::SHAPES;
use super::{ServiceTier, Usage};

/// The positions of a reply in other JSON: in a line of a batch file, in an event of a stream, in the answer of a gateway.
const REPLIES: [&[&str]; 13] = [
    &[],
    // The first event of an Anthropic stream.
    &["message"],
    // A line of OpenAI's batch files.
    &["response", "body"],
    // The last event of a stream of OpenAI's responses; a line of Gemini's batch files.
    &["response"],
    // The last event of a Cohere stream.
    &["delta"],
    // The last event of a Bedrock stream.
    &["metadata"],
    &["x_groq"],
    // The last chunk of a Moonshot stream.
    &["choices", "0"],
    // A line of Anthropic's batch files.
    &["result", "message"],
    // Cloudflare's gateway.
    &["result"],
    // A line of Bedrock's batch files.
    &["modelOutput"],
    &["generation_info"],
    &["response_metadata"],
];

/// The keys of an object of counts in a reply.
const COUNTS: [&str; 8] = [
    "usage",
    "usageMetadata",
    "usage_metadata",
    "token_usage",
    // The last chunk of a model that is invoked on Bedrock.
    "amazon-bedrock-invocationMetrics",
    // Cohere's first version.
    "meta",
    // Replicate.
    "metrics",
    // Vertex's embeddings of one text.
    "statistics",
];

/// In a list only objects are read, so no depth of nesting can exhaust the stack.
pub(super) fn read(json: &Value) -> Option<Usage> {
    match json {
        Value::Object(object) => in_object(object),
        Value::Array(chunks) => {
            let objects = chunks.iter().filter_map(Value::as_object);
            objects.filter_map(in_object).reduce(Usage::merge)
        }
        _ => None,
    }
}

fn in_object(object: &Object) -> Option<Usage> {
    let replies = || REPLIES.iter().filter_map(|position| at(object, position));
    let inner = |reply| {
        let mut counts = COUNTS.iter().filter_map(|key| at(reply, &[key]));
        counts
            .find_map(counts_of)
            .map(|usage| in_tier(usage, reply))
    };
    let found = replies().find_map(inner);
    let found = found.or_else(|| {
        replies().find_map(|reply| counts_of(reply).map(|usage| in_tier(usage, reply)))
    });
    found.map(|usage| in_batch(usage, object))
}

/// Reads the first shape of the table that the object has.
fn counts_of(object: &Object) -> Option<Usage> {
    let mut shapes = SHAPES.iter().filter(|shape| shape.fits(object));
    let mut counts = shapes.find_map(|shape| (shape.read)(object))?;
    charges::add(object, &mut counts.billing);
    Some(counts.usage())
}

/// Applies the service tier of the reply, if its counts have none.
fn in_tier(usage: Usage, reply: &Object) -> Usage {
    let mut billing = usage.billing();
    if billing.tier == ServiceTier::Standard {
        charges::tier(reply, &mut billing);
    }
    usage.with_billing(billing)
}

/// A line of a batch file has the id that its request had.
fn in_batch(usage: Usage, line: &Object) -> Usage {
    let mut billing = usage.billing();
    if ["custom_id", "recordId"]
        .iter()
        .any(|key| line.contains_key(*key))
    {
        billing.tier = ServiceTier::Batch;
    }
    usage.with_billing(billing)
}
