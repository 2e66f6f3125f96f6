//! The token counts of replies of every known provider are read into kinds that do not overlap.

use ragspan::Usage;
use serde::Deserialize;
use serde_json::Value;

/// A reply of a provider, the page that documents it, and its tokens by kind; none where the reply has no counts.
#[derive(Deserialize)]
struct Reply {
    provider: String,
    source: String,
    tokens: Option<[u64; 5]>,
    payload: Value,
}

fn replies() -> Vec<Reply> {
    serde_json::from_str(include_str!("../../data/usage.json")).unwrap()
}

#[test]
fn replies_of_providers_are_read() {
    let replies = replies();
    assert!(replies.len() >= 60, "{} replies", replies.len());
    for Reply {
        provider,
        source,
        tokens,
        payload,
    } in replies
    {
        let read = Usage::from_json(&payload);
        let read = read.map(|usage| usage.kinds().map(|(_, count)| count));
        assert_eq!(read, tokens, "{provider}: {payload}\n{source}");
        assert!(source.starts_with("https://"), "{provider}");
    }
}

/// A program may pass the object of counts alone.
#[test]
fn the_counts_alone_are_read_the_same() {
    for Reply {
        provider,
        tokens,
        payload,
        ..
    } in replies()
    {
        if let Some(counts) = payload.get("usage").filter(|counts| counts.is_object()) {
            let read = Usage::from_json(counts);
            let read = read.map(|usage| usage.kinds().map(|(_, count)| count));
            assert_eq!(read, tokens, "{provider}");
        }
    }
}

/// Merging the chunks of a stream one by one gives the same as reading them together.
#[test]
fn chunks_are_merged_the_same_one_by_one() {
    for Reply {
        provider,
        tokens,
        payload,
        ..
    } in replies()
    {
        if let Value::Array(chunks) = payload {
            let usages = chunks.iter().filter_map(Usage::from_json);
            let merged = usages.reduce(Usage::merge).unwrap();
            let kinds = merged.kinds().map(|(_, count)| count);
            assert_eq!(Some(kinds), tokens, "{provider}");
        }
    }
}

#[test]
fn a_part_that_a_later_chunk_leaves_out_stays_inside_its_whole() {
    let read = |text: &str| Usage::from_json(&serde_json::from_str(text).unwrap()).unwrap();
    let first = read(
        r#"{"prompt_tokens": 100, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 60}}"#,
    );
    let last = read(r#"{"prompt_tokens": 100, "completion_tokens": 20}"#);
    let merged = first.merge(last);
    assert_eq!(
        (merged.input, merged.cached_input, merged.output),
        (40, 60, 20)
    );
}
