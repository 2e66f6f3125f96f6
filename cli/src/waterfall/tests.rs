//! The output of the waterfall.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::sample::{failed, fine, handled_then_failed, span};
use crate::snapshot::check;
use crate::text::columns;

/// Everything, with events.
fn render_with_events(rows: &[StoredRecord], style: &Style) -> String {
    render_as(rows, &EVERYTHING, style)
}

const EVERYTHING: View = View {
    events: true,
    all: true,
    depth: None,
    slowest: None,
};

const WIDE: Style = Style {
    width: 140,
    color: false,
};

#[test]
fn a_successful_request() {
    check("fine_80", &render(&fine(), &Style::PLAIN));
    check("fine_140", &render(&fine(), &WIDE));
}

#[test]
fn a_failed_request() {
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
    let slow = StoredRecord {
        message: "slow_load".into(),
        context: r#"{"operation":"load","status":"success","threshold_ms":2000}"#.into(),
        ..span((9, 1), ("data", "load", "complete"), (50, 9), &json!({}))
    };
    let begun = StoredRecord {
        duration_ms: None,
        message: "load_started".into(),
        context: r#"{"operation":"load"}"#.into(),
        ..span((10, 77), ("data", "load", "started"), (60, 0), &json!({}))
    };
    rows.extend([slow, begun]);
    check("outcomes_80", &render(&rows, &Style::PLAIN));
}

#[test]
fn colours_do_not_change_the_text() {
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
fn no_records_give_no_text_and_events_alone_are_shown() {
    assert_eq!(render(&[], &Style::PLAIN), "");
    let event = crate::sample::event(1, "INFO", "hello\u{1b}[2J", 0);
    let text = render_with_events(&[event], &Style::PLAIN);
    assert!(text.contains("1 records, no span"), "{text}");
    assert!(text.contains("hello\\u{1b}[2J"), "{text}");
}

#[test]
fn all_shows_ten_thousand_spans_on_ten_thousand_lines() {
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
    let text = render_as(&rows, &EVERYTHING, &Style::PLAIN);
    assert_eq!(
        text.lines()
            .filter(|line| line.contains("load  data"))
            .count(),
        10_000
    );
}

#[test]
fn a_failure_that_the_request_survived_is_marked() {
    let mut rows = fine();
    rows[3] = span(
        (4, 3),
        ("retrieval", "bm25", "failed"),
        (4_000, 21_000),
        &json!({}),
    );
    let text = render(&rows, &WIDE);
    assert!(text.contains("failed in bm25; answer went on"), "{text}");
}

#[test]
fn a_deeper_failure_that_was_handled_is_not_the_reported_one() {
    let text = render(&handled_then_failed(), &WIDE);
    assert!(text.contains("failed in generate: rate_limited"), "{text}");
}

/// A request that fans out to 480 chunks, two of which fail, with the usual other stages.
fn fan_out() -> Vec<StoredRecord> {
    let mut rows = fine();
    let chunks = (100..580).map(|id| {
        let (end, took) = match id {
            300 | 411 => ("failed", 41_000),
            _ => ("complete", 2_000 + (id * 7) % 5_000),
        };
        span(
            (id, 3),
            ("retrieval", "vectors_of_shard", end),
            (4_000 + i64::from(id) * 20, took),
            &json!({}),
        )
    });
    rows.extend(chunks.map(|row| {
        match row.message.ends_with("failed") {
            true => StoredRecord {
                error: Some(
                    json!({"type": "timeout", "message": "the shard did not answer", "chain": []})
                        .to_string(),
                ),
                ..row
            },
            false => row,
        }
    }));
    rows.extend((600..640).map(|id| {
        span(
            (id, 7),
            ("evaluation", "check_claim", "complete"),
            (362_000 + i64::from(id), 900),
            &json!({}),
        )
    }));
    rows
}

/// An agent that calls itself 500 levels deep, and fails at the bottom.
fn deep() -> Vec<StoredRecord> {
    (1..=500)
        .map(|id| {
            let end = if id == 500 { "failed" } else { "complete" };
            span(
                (id, id - 1),
                ("custom", "think", end),
                (i64::from(id) * 1_000, 1_100_000 - 2_000 * id),
                &json!({}),
            )
        })
        .collect()
}

#[test]
fn a_wide_trace_is_folded() {
    check("wide_80", &render(&fan_out(), &Style::PLAIN));
    check("wide_140", &render(&fan_out(), &WIDE));
}

#[test]
fn a_deep_trace_is_folded() {
    check("deep_80", &render(&deep(), &Style::PLAIN));
    check("deep_140", &render(&deep(), &WIDE));
}

#[test]
fn the_slowest_paths_and_the_first_levels() {
    let slowest = View {
        slowest: Some(2),
        ..View::default()
    };
    check(
        "slowest_80",
        &render_as(&fan_out(), &slowest, &Style::PLAIN),
    );
    let levels = View {
        depth: Some(2),
        ..View::default()
    };
    check("levels_80", &render_as(&fan_out(), &levels, &Style::PLAIN));
}

/// Trees of any shape; some spans fail.
fn forest() -> impl Strategy<Value = Vec<StoredRecord>> {
    let node = (
        any::<prop::sample::Index>(),
        0_u32..4,
        prop::bool::weighted(0.1),
        0_u32..9_000,
    );
    prop::collection::vec(node, 1..400).prop_map(|nodes| {
        let row =
            |(at, (above, kind, failed, took)): (usize, (prop::sample::Index, u32, bool, u32))| {
                let id = u32::try_from(at).expect("few") + 1;
                let parent = u32::try_from(above.index(at + 1)).expect("few");
                let end = if failed { "failed" } else { "complete" };
                span(
                    (id, parent),
                    ("data", &format!("op{kind}"), end),
                    (i64::from(id), took),
                    &json!({}),
                )
            };
        nodes.into_iter().enumerate().map(row).collect()
    })
}

fn views() -> impl Strategy<Value = View> {
    (
        any::<bool>(),
        any::<bool>(),
        prop::option::of(1_usize..6),
        prop::option::of(1_usize..9),
    )
        .prop_map(|(events, all, depth, slowest)| View {
            events,
            all,
            depth,
            slowest,
        })
}

proptest! {
    #[test]
    fn every_span_is_on_exactly_one_line_and_every_failure_is_shown_or_counted(
        rows in forest(), view in views(),
    ) {
        let trace = TraceView::of(&rows);
        let lines = outline::rows(&trace, &view, 80);
        let mut indexes: Vec<usize> = Vec::new();
        let mut failed = 0;
        for line in &lines {
            match &line.content {
                Content::Span(index) => {
                    indexes.push(*index);
                    failed += usize::from(trace.spans[*index].call.outcome.is_failure());
                }
                Content::Fold(fold) => {
                    indexes.extend(&fold.spans);
                    failed += fold.count_failures(&trace);
                }
            }
        }
        indexes.sort_unstable();
        prop_assert_eq!(indexes, (0..rows.len()).collect::<Vec<_>>());
        prop_assert_eq!(failed, rows.iter().filter(|row| row.message.ends_with("failed")).count());
        prop_assert!(view != View::default() || lines.len() <= 40);
    }

    #[test]
    fn a_folded_trace_shows_its_totals_and_is_never_too_wide(
        rows in forest(), view in views(), width in 24_usize..150,
    ) {
        let text = render_as(&rows, &view, &Style { width, color: false });
        for line in text.lines() {
            prop_assert!(columns(line) <= width, "{:?}", line);
        }
        let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let trace = TraceView::of(&rows);
        let lines = outline::rows(&trace, &view, 80);
        let folds = lines.iter().filter(|line| matches!(line.content, Content::Fold(_))).count();
        let shown = lines.len() - folds;
        let totals = format!("{} of {} spans shown, {} folded", shown, rows.len(), rows.len() - shown);
        prop_assert_eq!(joined.contains(&totals), folds > 0, "{}", text);
    }

    #[test]
    fn no_record_makes_a_line_too_wide_or_moves_the_cursor(
        texts in prop::collection::vec("[\\PC\\x00-\\x1f\\x7f-\\x9f]{0,30}", 6),
        width in 1_usize..150, start in any::<i64>(), ms in prop::option::of(any::<f64>()),
    ) {
        let row = StoredRecord {
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
            let combines = !line.chars().all(|c| c.is_ascii_graphic() || c == ' ');
            prop_assert!(combines || columns(line) <= width.max(4), "{:?}", line);
        }
    }
}
