//! The requests of a simulated day: when each starts, who sends it, and how it goes.

use super::rng::Rng;
use super::scenario::{ORDINARY, Scenario};

const MINUTE: u64 = 60_000_000;
const DAY: u64 = 24 * 60 * MINUTE;
/// How long ago the vector index was out of reach, and for how long.
const OUTAGE_AGO: u64 = 190 * MINUTE;
const OUTAGE: u64 = 8 * MINUTE;
/// How long ago the newest requests began, the last one first. All of them fail.
const NEWEST_AGO: [u64; 4] = [5_000_000, 9_000_000, 14_000_000, 26_000_000];

/// The users with their tenants; `ada` is listed twice and sends twice as many requests.
const USERS: [(&str, &str); 6] = [
    ("ada", "acme"),
    ("ada", "acme"),
    ("grace", "acme"),
    ("linus", "globex"),
    ("edsger", "globex"),
    ("barbara", "initech"),
];

/// A request before it runs.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) user: &'static str,
    pub(super) tenant: &'static str,
    pub(super) session: String,
    /// In microseconds since the epoch.
    pub(super) start: u64,
    pub(super) scenario: Scenario,
    pub(super) rng: Rng,
}

/// Returns `requests` requests of the 24 hours up to `now` (in microseconds since the epoch), in the order of their starts.
pub(super) fn day(rng: &mut Rng, requests: u32, now: u64) -> Vec<Planned> {
    let mut planned: Vec<_> = (0..requests)
        .map(|index| request(index, requests, now, rng))
        .collect();
    planned.sort_by_key(|request| request.start);
    planned
}

/// The last requests fail within a minute, and the very last one is ada's: a fresh failure to look into.
fn request(index: u32, of: u32, now: u64, rng: &mut Rng) -> Planned {
    let newest = NEWEST_AGO.get((of - index - 1) as usize).copied();
    let in_outage = newest.is_none() && rng.below(100) < 12;
    let (user, tenant) = if index + 1 == of {
        USERS[0]
    } else {
        rng.pick(&USERS, USERS[0])
    };
    let scenario = match (newest, in_outage) {
        (Some(_), _) => Scenario::IndexTimeout,
        (None, true) => {
            use Scenario::{IndexTimeout, Success};
            rng.pick(&[IndexTimeout, IndexTimeout, Success], Success)
        }
        (None, false) => rng.pick(&ORDINARY, Scenario::Success),
    };
    let ago = match (newest, in_outage) {
        (Some(ago), _) => ago,
        (None, true) => OUTAGE_AGO - rng.below(OUTAGE),
        // At least a minute ago, so that it has ended by now.
        (None, false) => rng.between(MINUTE, DAY - MINUTE),
    };
    Planned {
        user,
        tenant,
        session: format!("session-{user}-{}", rng.between(1, 4)),
        start: now.saturating_sub(ago),
        scenario,
        rng: rng.fork(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_795_427_000_000_000;

    #[test]
    fn requests_are_of_one_day_and_in_the_order_of_their_starts() {
        let planned = day(&mut Rng::new(1), 300, NOW);
        assert_eq!(planned.len(), 300);
        assert!(planned.is_sorted_by_key(|request| request.start));
        let mut times = planned.iter().map(|request| request.start);
        assert!(times.all(|start| (NOW - DAY..NOW).contains(&start)));
        assert!(day(&mut Rng::new(1), 0, NOW).is_empty());
    }

    #[test]
    fn the_newest_requests_fail_and_the_last_is_adas() {
        let planned = day(&mut Rng::new(1), 300, NOW);
        let last = planned.last().expect("a request");
        assert_eq!((last.user, last.scenario), ("ada", Scenario::IndexTimeout));
    }
}
