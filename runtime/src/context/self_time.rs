//! The self time of a span: its interval without the union of its children's, clipped to it.

/// So many separate intervals are kept of one span's children.
const MOST: usize = 64;

/// An interval in microseconds since 1970, its end not in it.
type Interval = (u64, u64);

/// The time that a span's children have covered so far, reported as each of them ends, in any order.
///
/// At most 64 separate intervals are kept, in 1 KiB. Beyond that the closest two are taken for one, and the gap between them
/// is counted as lost: the self time is then too short by at most so much, and says so.
#[derive(Debug, Default)]
pub(crate) struct Children {
    /// Sorted, disjoint, not touching, none empty.
    covered: Vec<Interval>,
    lost: u64,
    /// How many run now, and since when there was always one.
    running: u32,
    since: u64,
}

/// The time that a span spent itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SelfTime {
    /// Microseconds in which no child ran.
    pub(crate) micros: u64,
    /// Microseconds that are missing at most, since too many children were apart.
    pub(crate) lost: u64,
}

impl SelfTime {
    pub(crate) const NONE: Self = Self { micros: 0, lost: 0 };
}

impl Children {
    /// A child has begun.
    pub(crate) fn begin(&mut self, start: u64) {
        if self.running == 0 {
            self.since = start;
        }
        self.running = self.running.saturating_add(1);
    }

    /// A child has ended, which ran from `start` to `end`.
    pub(crate) fn end(&mut self, start: u64, end: u64) {
        self.running = self.running.saturating_sub(1);
        self.add(start, end);
    }

    /// What is left of the span from `start` to `end`, which ends now: children that outlive it ran until then.
    pub(crate) fn close(&mut self, start: u64, end: u64) -> SelfTime {
        if self.running > 0 {
            self.add(self.since, end);
        }
        self.self_time(start, end)
    }

    /// A child ran from `start` to `end`; one that ends before it starts (a clock was set back) covers nothing.
    fn add(&mut self, start: u64, end: u64) {
        if start >= end {
            return;
        }
        // All that touch the new one become part of it.
        let from = self.covered.partition_point(|(_, before)| *before < start);
        let to = self.covered.partition_point(|(after, _)| *after <= end);
        let touched = self.covered.get(from..to).unwrap_or_default();
        let start = touched
            .first()
            .map_or(start, |(first, _)| start.min(*first));
        let end = touched.last().map_or(end, |(_, last)| end.max(*last));
        self.covered.splice(from..to, [(start, end)]);
        if self.covered.len() > MOST {
            self.close_the_smallest_gap();
        }
    }

    fn close_the_smallest_gap(&mut self) {
        let gaps = self.covered.windows(2).enumerate();
        let gaps = gaps.filter_map(|(at, pair)| match pair {
            [(_, end), (start, _)] => Some((start.saturating_sub(*end), at)),
            _ => None,
        });
        let Some((gap, at)) = gaps.min() else {
            return;
        };
        let (_, end) = self.covered.remove(at + 1);
        if let Some((_, before)) = self.covered.get_mut(at) {
            *before = end;
        }
        self.lost = self.lost.saturating_add(gap);
    }

    /// What is left of the span from `start` to `end`.
    fn self_time(&self, start: u64, end: u64) -> SelfTime {
        let clipped = |(from, to): &Interval| (*to).min(end).saturating_sub((*from).max(start));
        let covered: u64 = self.covered.iter().map(clipped).sum();
        SelfTime {
            micros: end.saturating_sub(start).saturating_sub(covered),
            lost: self.lost.min(covered),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(intervals: &[Interval]) -> Children {
        let mut children = Children::default();
        for (start, end) in intervals {
            children.add(*start, *end);
        }
        children
    }

    fn micros(intervals: &[Interval], (start, end): Interval) -> u64 {
        of(intervals).self_time(start, end).micros
    }

    #[test]
    fn without_children_all_time_is_the_spans_own() {
        assert_eq!(micros(&[], (10, 30)), 20);
        assert_eq!(micros(&[], (30, 10)), 0);
    }

    #[test]
    fn time_that_two_children_share_is_taken_away_once() {
        assert_eq!(micros(&[(12, 20), (15, 25)], (10, 30)), 7);
        assert_eq!(micros(&[(15, 25), (12, 20), (12, 20)], (10, 30)), 7);
        assert_eq!(micros(&[(12, 14), (18, 20), (11, 29)], (10, 30)), 2);
        assert_eq!(micros(&[(12, 14), (14, 16), (16, 20)], (10, 30)), 12);
    }

    #[test]
    fn a_child_that_outlives_its_parent_is_clipped() {
        assert_eq!(micros(&[(25, 99), (1, 12), (40, 50)], (10, 30)), 13);
        assert_eq!(micros(&[(0, u64::MAX)], (10, 30)), 0);
    }

    #[test]
    fn children_that_still_run_when_it_ends_have_covered_it_until_then() {
        let mut children = Children::default();
        children.begin(12);
        children.end(12, 14);
        children.begin(16);
        children.begin(18);
        children.end(16, 20);
        children.begin(25);
        assert_eq!(children.close(10, 30).micros, 4);
        assert_eq!(Children::default().close(10, 30).micros, 20);
    }

    #[test]
    fn a_clock_that_was_set_back_does_no_harm() {
        assert_eq!(micros(&[(20, 12), (5, 5)], (10, 30)), 20);
        assert_eq!(micros(&[(0, u64::MAX), (u64::MAX, 0)], (30, 10)), 0);
    }

    #[test]
    fn children_that_touch_take_the_memory_of_one() {
        let steps: Vec<_> = (0..10_000).map(|at| (at * 2, at * 2 + 2)).collect();
        assert_eq!(of(&steps).covered, [(0, 20_000)]);
    }

    #[test]
    fn too_many_children_apart_lose_the_smallest_gaps_and_say_so() {
        // Gaps of 1, 2, 3 ..; the first six are closed.
        let mut apart = vec![];
        let mut at = 0;
        for gap in 1..=70 {
            apart.push((at, at + 10));
            at += 10 + gap;
        }
        let children = of(&apart);
        let found = children.self_time(0, at);
        assert_eq!(children.covered.len(), MOST);
        assert_eq!(found.lost, 1 + 2 + 3 + 4 + 5 + 6);
        assert_eq!(found.micros + found.lost, (1..=70).sum::<u64>());
    }

    /// A bit a microsecond.
    fn model(intervals: &[Interval], (start, end): Interval) -> u64 {
        let mut free = vec![true; 2_000];
        for (from, to) in intervals {
            (*from..*to).for_each(|at| free[usize::try_from(at).unwrap()] = false);
        }
        (start..end)
            .filter(|at| free[usize::try_from(*at).unwrap()])
            .count() as u64
    }

    fn interval() -> impl Strategy<Value = Interval> {
        (0..1_000_u64, 0..300_u64).prop_map(|(start, length)| (start, start + length))
    }

    /// A span of a random tree: when it starts after its parent's start, how long it takes, and its children.
    #[derive(Debug, Clone)]
    struct Tree {
        start: u64,
        length: u64,
        children: Vec<Self>,
    }

    fn tree() -> impl Strategy<Value = Tree> {
        let leaf = (0..60_u64, 0..400_u64).prop_map(|(start, length)| Tree {
            start,
            length,
            children: vec![],
        });
        leaf.prop_recursive(5, 60, 6, |inner| {
            (0..60_u64, 0..400_u64, prop::collection::vec(inner, 0..6)).prop_map(
                |(start, length, children)| Tree {
                    start,
                    length,
                    children,
                },
            )
        })
    }

    impl Tree {
        /// Every span of the tree, below a start, with its children's intervals.
        fn spans(&self, above: u64, found: &mut Vec<(Interval, Vec<Interval>)>) -> Interval {
            let start = above + self.start;
            let own = (start, start + self.length);
            let children = self.children.iter();
            let below = children.map(|child| child.spans(start, found)).collect();
            found.push((own, below));
            own
        }
    }

    proptest! {
        #[test]
        fn self_times_of_random_trees_equal_the_models(tree in tree()) {
            let mut spans = vec![];
            tree.spans(0, &mut spans);
            for (own, mut below) in spans {
                let expected = SelfTime { micros: model(&below, own), lost: 0 };
                prop_assert_eq!(of(&below).self_time(own.0, own.1), expected);
                // As they end.
                below.sort_by_key(|(_, end)| *end);
                prop_assert_eq!(of(&below).self_time(own.0, own.1), expected);
            }
        }

        #[test]
        fn what_is_kept_is_sorted_apart_and_bounded(
            intervals in prop::collection::vec(interval(), 0..200), own in interval(),
        ) {
            let children = of(&intervals);
            prop_assert!(children.covered.len() <= MOST);
            prop_assert!(children.covered.iter().all(|(start, end)| start < end));
            prop_assert!(children.covered.windows(2).all(|pair| pair[0].1 < pair[1].0));
            let (found, exact) = (children.self_time(own.0, own.1), model(&intervals, own));
            prop_assert!(found.micros <= exact && exact <= found.micros + found.lost);
        }

        #[test]
        fn very_many_children_apart_are_off_by_no_more_than_is_said(
            starts in prop::collection::vec(0..1_900_u64, 60..400),
        ) {
            let intervals: Vec<_> = starts.into_iter().map(|start| (start, start + 2)).collect();
            let found = of(&intervals).self_time(0, 1_950);
            let exact = model(&intervals, (0, 1_950));
            prop_assert!(found.micros <= exact && exact <= found.micros + found.lost);
        }
    }
}
