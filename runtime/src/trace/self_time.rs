//! The self time of a span: its duration minus the union of its children's intervals, clipped to the span.

/// The maximum number of separate intervals kept for the children of one span.
const MAX_INTERVALS: usize = 64;

/// A half-open interval in Unix microseconds.
type Interval = (u64, u64);

/// The time that a span's children have covered so far. Children are added as they end, in any order.
///
/// At most 64 separate intervals are kept, in 1 KiB. Beyond that the two closest intervals are merged, and the gap
/// between them is added to `lost`: the self time is then too short by at most that much.
#[derive(Debug, Default)]
pub(crate) struct Children {
    /// Sorted, disjoint, not adjacent, not empty.
    covered: Vec<Interval>,
    lost: u64,
    /// The number of children running now.
    running: u32,
    /// The start of the period since which at least one child has been running.
    since: u64,
}

/// The part of a span's duration in which no child ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SelfTime {
    pub(crate) micros: u64,
    /// Upper bound of the microseconds missing because intervals were merged.
    pub(crate) lost: u64,
}

impl SelfTime {
    pub(crate) const ZERO: Self = Self { micros: 0, lost: 0 };
}

impl Children {
    /// Records the start of a child.
    pub(crate) fn begin(&mut self, start: u64) {
        if self.running == 0 {
            self.since = start;
        }
        self.running = self.running.saturating_add(1);
    }

    /// Records the end of a child that ran from `start` to `end`.
    pub(crate) fn end(&mut self, start: u64, end: u64) {
        self.running = self.running.saturating_sub(1);
        self.add(start, end);
    }

    /// Returns the self time of a span that ran from `start` to `end` and ends now. Children that still run count up
    /// to `end`.
    pub(crate) fn close(&mut self, start: u64, end: u64) -> SelfTime {
        if self.running > 0 {
            self.add(self.since, end);
        }
        self.self_time(start, end)
    }

    /// Adds the interval of a child. It is ignored if it ends before it starts, as when a clock was set back.
    fn add(&mut self, start: u64, end: u64) {
        if start >= end {
            return;
        }
        // Intervals that overlap or touch the new one are merged into it.
        let from = self.covered.partition_point(|(_, before)| *before < start);
        let to = self.covered.partition_point(|(after, _)| *after <= end);
        let touched = self.covered.get(from..to).unwrap_or_default();
        let start = touched
            .first()
            .map_or(start, |(first, _)| start.min(*first));
        let end = touched.last().map_or(end, |(_, last)| end.max(*last));
        self.covered.splice(from..to, [(start, end)]);
        if self.covered.len() > MAX_INTERVALS {
            self.merge_closest();
        }
    }

    fn merge_closest(&mut self) {
        let gaps = self.covered.windows(2).enumerate();
        let gaps = gaps.filter_map(|(index, pair)| match pair {
            [(_, end), (start, _)] => Some((start.saturating_sub(*end), index)),
            _ => None,
        });
        let Some((gap, index)) = gaps.min() else {
            return;
        };
        let (_, end) = self.covered.remove(index + 1);
        if let Some((_, before)) = self.covered.get_mut(index) {
            *before = end;
        }
        self.lost = self.lost.saturating_add(gap);
    }

    /// Returns the self time of a span that ran from `start` to `end`.
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

    fn children(intervals: &[Interval]) -> Children {
        let mut children = Children::default();
        for (start, end) in intervals {
            children.add(*start, *end);
        }
        children
    }

    fn micros(intervals: &[Interval], (start, end): Interval) -> u64 {
        children(intervals).self_time(start, end).micros
    }

    #[test]
    fn without_children_all_time_is_self_time() {
        assert_eq!(micros(&[], (10, 30)), 20);
        assert_eq!(micros(&[], (30, 10)), 0);
    }

    #[test]
    fn overlapping_children_are_subtracted_once() {
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
    fn running_children_count_up_to_the_end_of_the_span() {
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
    fn intervals_that_end_before_they_start_are_ignored() {
        assert_eq!(micros(&[(20, 12), (5, 5)], (10, 30)), 20);
        assert_eq!(micros(&[(0, u64::MAX), (u64::MAX, 0)], (30, 10)), 0);
    }

    #[test]
    fn adjacent_children_are_kept_as_one_interval() {
        let steps: Vec<_> = (0..10_000).map(|at| (at * 2, at * 2 + 2)).collect();
        assert_eq!(children(&steps).covered, [(0, 20_000)]);
    }

    #[test]
    fn beyond_the_limit_the_smallest_gaps_are_merged_and_counted_as_lost() {
        // Gaps of 1, 2, 3, ..; the first six are merged.
        let mut apart = vec![];
        let mut at = 0;
        for gap in 1..=70 {
            apart.push((at, at + 10));
            at += 10 + gap;
        }
        let children = children(&apart);
        let found = children.self_time(0, at);
        assert_eq!(children.covered.len(), MAX_INTERVALS);
        assert_eq!(found.lost, 1 + 2 + 3 + 4 + 5 + 6);
        assert_eq!(found.micros + found.lost, (1..=70).sum::<u64>());
    }

    /// Computes the self time from one boolean for each microsecond.
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

    /// A span of a random tree; `start` is relative to the parent's start.
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
        /// Collects the interval of each span in the tree, with the intervals of its children.
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
        fn self_times_of_random_trees_match_a_model(tree in tree()) {
            let mut spans = vec![];
            tree.spans(0, &mut spans);
            for (own, mut below) in spans {
                let expected = SelfTime { micros: model(&below, own), lost: 0 };
                prop_assert_eq!(children(&below).self_time(own.0, own.1), expected);
                // In the order of their ends.
                below.sort_by_key(|(_, end)| *end);
                prop_assert_eq!(children(&below).self_time(own.0, own.1), expected);
            }
        }

        #[test]
        fn intervals_are_sorted_disjoint_and_bounded(
            intervals in prop::collection::vec(interval(), 0..200), own in interval(),
        ) {
            let children = children(&intervals);
            prop_assert!(children.covered.len() <= MAX_INTERVALS);
            prop_assert!(children.covered.iter().all(|(start, end)| start < end));
            prop_assert!(children.covered.windows(2).all(|pair| pair[0].1 < pair[1].0));
            let (found, exact) = (children.self_time(own.0, own.1), model(&intervals, own));
            prop_assert!(found.micros <= exact && exact <= found.micros + found.lost);
        }

        #[test]
        fn the_error_is_at_most_the_lost_time(
            starts in prop::collection::vec(0..1_900_u64, 60..400),
        ) {
            let intervals: Vec<_> = starts.into_iter().map(|start| (start, start + 2)).collect();
            let found = children(&intervals).self_time(0, 1_950);
            let exact = model(&intervals, (0, 1_950));
            prop_assert!(found.micros <= exact && exact <= found.micros + found.lost);
        }
    }
}
