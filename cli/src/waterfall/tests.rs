//! The waterfall as a person sees it.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::sample::{failed, fine, span};
use crate::snapshot::check;
use crate::text::columns;

const WIDE: Style = Style {
    width: 140,
    color: false,
};

#[test]
fn a_request_that_went_well() {
    check("fine_80", &render(&fine(), &Style::PLAIN));
    check("fine_140", &render(&fine(), &WIDE));
}

#[test]
fn a_request_that_failed() {
    check("failed_80", &render(&failed(), &Style::PLAIN));
    check("failed_140", &render_with_events(&failed(), &WIDE));
}

#[test]
fn every_outcome_has_its_mark() {
    let ends = ["complete", "empty", "failed", "cancelled", "panicked"];
    let mut rows: Vec<_> = ends
        .iter()
        .zip(2..)
        .map(|(end, id)| {
            span(
                (id, 1),
                ("data", "load", end),
                (i64::from(id), 9),
                &json!({}),
            )
        })
        .collect();
    let slow = Stored {
        message: "slow_load".into(),
        context: r#"{"operation":"load","status":"success","threshold_ms":2000}"#.into(),
        ..span((9, 1), ("data", "load", "complete"), (50, 9), &json!({}))
    };
    let begun = Stored {
        duration_ms: None,
        message: "load_started".into(),
        context: r#"{"operation":"load"}"#.into(),
        ..span((10, 77), ("data", "load", "started"), (60, 0), &json!({}))
    };
    rows.extend([slow, begun]);
    check("outcomes_80", &render(&rows, &Style::PLAIN));
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let colored = Style {
        color: true,
        ..WIDE
    };
    let text = render_with_events(&failed(), &colored);
    assert!(text.contains("\u{1b}[31m"));
    let plain = anstream::adapter::strip_str(&text).to_string();
    assert_eq!(plain, render_with_events(&failed(), &WIDE));
}

#[test]
fn no_records_are_nothing_and_events_alone_are_told() {
    assert_eq!(render(&[], &Style::PLAIN), "");
    let event = crate::sample::event(1, "INFO", "hello\u{1b}[2J", 0);
    let text = render_with_events(&[event], &Style::PLAIN);
    assert!(text.contains("1 records, no span"), "{text}");
    assert!(text.contains("hello\\u{1b}[2J"), "{text}");
}

#[test]
fn ten_thousand_spans_are_ten_thousand_lines() {
    let rows: Vec<_> = (2..10_002)
        .map(|id| {
            span(
                (id, 1),
                ("data", "load", "complete"),
                (i64::from(id), 5),
                &json!({}),
            )
        })
        .collect();
    let text = render(&rows, &Style::PLAIN);
    assert_eq!(
        text.lines()
            .filter(|line| line.contains("load  data"))
            .count(),
        10_000
    );
}

#[test]
fn a_failure_that_the_request_survived_says_so() {
    let mut rows = fine();
    rows[3] = span(
        (4, 3),
        ("retrieval", "bm25", "failed"),
        (4_000, 21_000),
        &json!({}),
    );
    let text = render(&rows, &WIDE);
    assert!(text.contains("born in bm25; answer went on"), "{text}");
}

proptest! {
    #[test]
    fn whatever_the_records_hold_no_line_is_too_wide_and_none_moves_the_cursor(
        texts in prop::collection::vec("[\\PC\\x00-\\x1f\\x7f-\\x9f]{0,30}", 6),
        width in 1_usize..150, start in any::<i64>(), ms in prop::option::of(any::<f64>()),
    ) {
        let row = Stored {
            logger: texts[0].clone(),
            context: json!({"operation": texts[1], "x": texts[2]}).to_string(),
            error: Some(json!({"type": texts[3], "message": texts[4], "chain": [texts[5]]}).to_string()),
            user_id: Some(texts[5].clone()),
            level: "ERROR".into(),
            start_us: Some(start),
            duration_ms: ms,
            ..failed()[0].clone()
        };
        let text = render_with_events(&[row], &Style { width, color: false });
        prop_assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
        for line in text.lines() {
            let joined = !line.chars().all(|c| c.is_ascii_graphic() || c == ' ');
            prop_assert!(joined || columns(line) <= width.max(4), "{:?}", line);
        }
    }
}
