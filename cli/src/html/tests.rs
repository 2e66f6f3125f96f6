//! The page, parsed with a browser's parser.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::parsed::{Element, Parsed};
use super::*;
use crate::sample::{self, failed, fine, handled_then_failed, span};

fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

/// Parses the page; an error of the parser fails the test.
#[track_caller]
fn parsed(page: &str) -> Parsed {
    let parsed = Parsed::of(page);
    assert_eq!(parsed.errors, Vec::<String>::new());
    parsed
}

fn spans_of(parsed: &Parsed) -> Vec<String> {
    let spans = parsed
        .elements
        .iter()
        .filter_map(|element| element.attribute("data-span"));
    spans.map(str::to_owned).collect()
}

/// Returns every element with its attributes, but without attribute values from records.
fn shape(parsed: &Parsed) -> Vec<Element> {
    let mut elements = parsed.elements.clone();
    for (_, value) in elements
        .iter_mut()
        .flat_map(|element| &mut element.attributes)
        .filter(|(name, _)| name == "data-span")
    {
        value.clear();
    }
    elements
}

#[test]
fn the_policy_names_the_style_and_the_script_of_the_page() {
    assert!(
        POLICY.contains(&format!("'sha256-{}'", hash(STYLE))),
        "the style's is {}",
        hash(STYLE)
    );
    assert!(
        POLICY.contains(&format!("'sha256-{}'", hash(SCRIPT))),
        "the script's is {}",
        hash(SCRIPT)
    );
}

#[test]
fn the_page_loads_nothing_from_the_network() {
    let page = page(&failed());
    let document = parsed(&page);
    let loading = [
        "src", "srcset", "href", "style", "action", "onclick", "onload", "onerror",
    ];
    let loads = |element: &Element| loading.iter().any(|name| element.attribute(name).is_some());
    assert_eq!(document.count(loads), 0);
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("url("));
    assert_eq!(document.count(|element| element.name == "script"), 1);
}

#[test]
fn the_page_shows_the_error_origin_and_every_value() {
    let document = parsed(&page(&failed()));
    let text = &document.text;
    for part in [
        "✗ failed after 37 ms",
        "user ada · tenant acme",
        "failed in answer (examples/quickstart/answer.rs:48)",
        "caused by: nothing scored over 0.35",
        "0 of 1,204 chunks over 0.35",
        "bm25::index",
        "from 1.0 ms to 35 ms, 92 %",
        "status",
        "01a2073a-d001-7000-8000-000002b04c9e",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_deeper_failure_that_was_handled_is_not_the_reported_one() {
    let text = parsed(&page(&handled_then_failed())).text;
    assert!(text.contains("failed in generate: rate_limited"), "{text}");
}

#[test]
fn documents_are_listed_with_score_and_source() {
    let mut rows = fine();
    rows[2].context = json!({"operation": "hybrid_search", "documents": [
        {"id": "bees#1", "rank": 1, "score": 0.82, "source": "bees.md"}, {"id": "wax#4", "rank": 2},
    ]})
    .to_string();
    let text = parsed(&page(&rows)).text;
    for part in [
        "Documents",
        "bees#1 · 0.82 · bees.md",
        "wax#4",
        "first token 90 ms, 1,400 + 600 cached → 310 tokens, $0.0011",
        "✓ 412 ms · $0.0011",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("[{"), "no JSON is shown: {text}");
}

#[test]
fn the_page_can_be_read_without_its_script() {
    let document = parsed(&page(&fine()));
    let hidden = |element: &Element| element.attribute("hidden").is_some();
    assert_eq!(
        document.count(|element| hidden(element) && element.has_class("tools")),
        1
    );
    assert_eq!(
        document.count(|element| hidden(element) && !element.has_class("tools")),
        0
    );
    assert_eq!(
        document.count(|element| element.has_class("hide") || element.has_class("miss")),
        0
    );
    assert_eq!(
        document.count(|element| element.name == "summary"),
        fine().len()
    );
}

/// Five thousand spans: wide below the root, deep below one of them.
fn large() -> Vec<StoredRecord> {
    let root = span(
        (1, 0),
        ("api", "answer", "complete"),
        (0, 900_000),
        &json!({}),
    );
    let wide = (2..4_502).map(|id| {
        let end = if id % 500 == 0 { "failed" } else { "complete" };
        let metrics = json!({"chunks": id, "best_score": 0.5, "duration_ms": 5.0});
        span(
            (id, 1),
            ("retrieval", "vectors", end),
            (i64::from(id) * 100, 5_000),
            &metrics,
        )
    });
    let deep = (4_502..5_001).map(|id| {
        span(
            (id, id - 1),
            ("custom", "step", "complete"),
            (450_000, 90_000 - id),
            &json!({}),
        )
    });
    [root].into_iter().chain(wide).chain(deep).collect()
}

#[test]
fn five_thousand_spans_are_each_on_the_page_once_and_fit_an_attachment() {
    let page = page(&large());
    let document = parsed(&page);
    let mut spans = spans_of(&document);
    spans.sort();
    spans.dedup();
    assert_eq!((spans_of(&document).len(), spans.len()), (5_000, 5_000));
    assert!(page.len() < 8 << 20, "{} bytes", page.len());
    let tree = document
        .elements
        .iter()
        .find(|element| element.has_class("tree"))
        .expect("a tree");
    let open = document.count(|element| element.name == "li" && element.depth == tree.depth + 1);
    assert!(open <= MAX_LINES, "{open} lines");
}

/// A trace with `text` in every field that a user's text can reach.
fn filled_with(text: &str) -> Vec<StoredRecord> {
    let fields = json!({"operation": text, "status": "error", "a": text, "b": {"c": [text]}});
    let event = StoredRecord {
        context: json!({"k": text}).to_string(),
        error: Some(json!({"type": text, "message": text, "chain": [text]}).to_string()),
        stack_trace: Some(text.into()),
        logger: text.into(),
        ..sample::event(1, text, text, 3)
    };
    let row = |id, parent, context: String| StoredRecord {
        level: text.into(),
        logger: text.into(),
        message: text.into(),
        request_id: Some(format!("{text}{id}")),
        user_id: Some(format!("{text}{id}")),
        session_id: Some(format!("{text}{id}")),
        tenant_id: Some(format!("{text}{id}")),
        error: Some(json!({"type": text, "message": text, "chain": [text]}).to_string()),
        stack_trace: Some(text.into()),
        environment: format!("{text}{id}"),
        version: format!("{text}{id}"),
        host: format!("{text}{id}"),
        timestamp: text.into(),
        context,
        ..span(
            (id, parent),
            ("data", "x", "failed"),
            (0, 9_000),
            &json!({"m": 1}),
        )
    };
    let own = StoredRecord {
        span_id: Some(format!("s{text}")),
        trace_id: Some(format!("t{text}")),
        parent_span_id: Some(format!("p{text}")),
        metrics: format!("m{text}"),
        ..row(3, 1, fields.to_string())
    };
    let loose = StoredRecord {
        span_id: None,
        ..event.clone()
    };
    vec![
        own,
        row(1, 0, fields.to_string()),
        row(2, 1, fields.to_string()),
        event,
        loose,
    ]
}

#[test]
fn a_canary_in_every_field_stays_text() {
    for canary in [
        "<script>alert(1)</script>",
        "</script><script>alert(1)</script>",
        "</style></title><img src=x onerror=alert(1)>",
        "\" onmouseover=\"alert(1)",
        "' autofocus onfocus='alert(1)",
        "javascript:alert(1)",
        "<!-- ",
        "]]>&lt;b&gt;&amp;",
    ] {
        let page = page(&filled_with(canary));
        let document = parsed(&page);
        assert_eq!(
            shape(&document),
            shape(&parsed(&super::page(&filled_with("x")))),
            "{canary}"
        );
        let text = &document.text;
        assert!(
            text.matches(canary).count() > 40,
            "{canary} is shown unchanged"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_record_changes_the_structure_of_the_page(
        text in "[\\PC\\x00-\\x1f\\x7f-\\x9f<>&\"'/]{1,40}",
    ) {
        let document = parsed(&page(&filled_with(&text)));
        prop_assert_eq!(shape(&document), shape(&parsed(&page(&filled_with("x")))));
    }

    #[test]
    fn every_span_is_on_the_page_once(
        links in prop::collection::vec(0_u32..200, 1..200), ms in any::<u32>(),
    ) {
        let rows: Vec<_> = links
            .iter()
            .zip(1..)
            .map(|(parent, id)| span((id, *parent), ("data", "load", "complete"), (i64::from(id), ms), &json!({})))
            .collect();
        let mut spans = spans_of(&parsed(&page(&rows)));
        spans.sort();
        let mut expected: Vec<_> = rows.iter().filter_map(|row| row.span_id.clone()).collect();
        expected.sort();
        prop_assert_eq!(spans, expected);
    }
}
