//! Invents a day of a RAG service's traffic: several tenants, every layer, and all that goes wrong.

mod call;
mod dice;
mod story;

use call::{Request, records};
use dice::Dice;
use story::{Story, USUAL, tell};

pub(crate) use call::Row;

const MINUTE: u64 = 60_000_000;
const DAY: u64 = 24 * 60 * MINUTE;
/// An index was out of reach from so long ago on.
const OUTAGE_AGO: u64 = 190 * MINUTE;
const OUTAGE: u64 = 8 * MINUTE;
/// The newest requests began so long ago, the last one first, and all of them fail.
const NEWEST_AGO: [u64; 4] = [5_000_000, 9_000_000, 14_000_000, 26_000_000];

/// The users, with their tenants; who stands here twice asks twice as much.
const PEOPLE: [(&str, &str); 6] = [
    ("ada", "acme"),
    ("ada", "acme"),
    ("grace", "acme"),
    ("linus", "globex"),
    ("edsger", "globex"),
    ("barbara", "initech"),
];

/// A day's records up to `now` (in microseconds since the epoch), in the order in which a service
/// would have written them. The same seed, number and time give the same records.
pub(crate) fn traffic(seed: u64, requests: u32, now: u64) -> Vec<Row> {
    let mut dice = Dice::new(seed);
    let boot = dice.boot();
    let mut rows: Vec<Row> = (0..requests)
        .flat_map(|number| {
            let request = request(number, requests, now, &mut dice);
            records(&request, &mut dice)
        })
        .filter(|row| row.at <= now)
        .collect();
    rows.sort_by_key(|row| row.at);
    for (row, seq) in rows.iter_mut().zip(0..) {
        row.boot = boot;
        row.seq = seq;
    }
    rows
}

/// How many requests there are among the records, and how many of them failed.
pub(crate) fn count(rows: &[Row]) -> (usize, usize) {
    let roots = rows.iter().filter(|row| row.is_root());
    let failed = roots.clone().filter(|row| row.failed);
    (roots.count(), failed.count())
}

/// The last ones fail within a minute, and the very last is ada's: something new to look into.
fn request(number: u32, of: u32, now: u64, dice: &mut Dice) -> Request {
    let newest = NEWEST_AGO.get((of - number - 1) as usize).copied();
    let in_outage = newest.is_none() && dice.below(100) < 12;
    let (user, tenant) = if number + 1 == of {
        PEOPLE[0]
    } else {
        dice.of(&PEOPLE, PEOPLE[0])
    };
    let story = match (newest, in_outage) {
        (Some(_), _) => Story::IndexTimeout,
        (None, true) => dice.of(
            &[Story::IndexTimeout, Story::IndexTimeout, Story::Fine],
            Story::Fine,
        ),
        (None, false) => dice.of(&USUAL, Story::Fine),
    };
    let ago = match (newest, in_outage) {
        (Some(ago), _) => ago,
        (None, true) => OUTAGE_AGO - dice.below(OUTAGE),
        // Long enough ago to have ended.
        (None, false) => dice.between(MINUTE, DAY - MINUTE),
    };
    Request {
        user,
        tenant,
        session: format!("session-{user}-{}", dice.between(1, 4)),
        start: now.saturating_sub(ago),
        root: tell(story, dice),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const NOW: u64 = 1_795_427_000_000_000;

    fn day() -> Vec<Row> {
        traffic(1, 300, NOW)
    }

    #[test]
    fn the_same_seed_tells_the_same_day() {
        assert_eq!(day(), day());
        assert_ne!(day(), traffic(2, 300, NOW));
        assert!(traffic(1, 0, NOW).is_empty());
    }

    #[test]
    fn every_request_is_whole_within_the_day_and_in_order() {
        let rows = day();
        assert_eq!(count(&rows).0, 300);
        assert!(rows.is_sorted_by_key(|row| row.at));
        assert!(rows.iter().all(|row| row.at <= NOW && row.at >= NOW - DAY));
        let sequence: BTreeSet<_> = rows.iter().map(|row| row.seq).collect();
        assert_eq!(sequence.len(), rows.len());
    }

    #[test]
    fn spans_hang_together_and_lie_within_their_parents() {
        let rows = day();
        let spans: BTreeMap<_, _> = rows
            .iter()
            .map(Row::borrowed)
            .filter(|row| row.duration_us.is_some())
            .map(|row| (row.span_id, row))
            .collect();
        for row in spans.values().filter(|row| row.parent_span_id.is_some()) {
            let parent = &spans[&row.parent_span_id];
            assert_eq!(parent.trace_id, row.trace_id);
            assert!(parent.start_us <= row.start_us && row.timestamp_us <= parent.timestamp_us);
        }
        let roots = spans.values().filter(|row| row.parent_span_id.is_none());
        assert!(roots.clone().all(|row| row.span_id == row.trace_id));
    }

    #[test]
    fn everything_happens_that_a_service_has_to_bear() {
        let rows = day();
        let messages: BTreeSet<_> = rows
            .iter()
            .map(|row| row.borrowed().message.to_owned())
            .collect();
        for message in [
            "answer_complete",
            "answer_failed",
            "answer_cancelled",
            "answer_panicked",
            "hybrid_search_empty",
            "slow_generate",
            "generate_failed",
            "parse_failed",
            "store_chunks_complete",
        ] {
            assert!(messages.contains(message), "{message}");
        }
        let layers: BTreeSet<_> = rows
            .iter()
            .map(|row| row.borrowed().logger.to_owned())
            .collect();
        assert_eq!(
            layers
                .iter()
                .filter(|layer| layer.starts_with("rag."))
                .count(),
            7
        );
    }
}
