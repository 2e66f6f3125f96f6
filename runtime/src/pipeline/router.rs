//! Selects the records of one sink: by level, by layer, and by a sample of traces that has every trace with an error.

use std::collections::{HashMap, VecDeque};

use super::backlog::Class;
use super::stats::Filtered;
use crate::clock::Moment;
use crate::context::TraceId;
use crate::record::{Kind, Level, Outcome, Record};
use crate::sink::{Chunk, Route};

/// In microseconds: a trace whose request has not ended by then is decided without its end.
const MAX_HELD: u64 = 30_000_000;

/// The most bytes of records that are held.
const MAX_HELD_BYTES: usize = 16 * 1024 * 1024;

/// The most traces whose decision is remembered, for records that come later.
const MAX_DECISIONS: usize = 8_192;

/// What became of the records of a chunk, and of records that were held.
#[derive(Debug, Default)]
pub(super) struct Routed {
    pub(super) accepted: Vec<(Class, Chunk)>,
    /// The numbers of records by reason.
    pub(super) filtered: [usize; Filtered::ALL.len()],
}

impl Routed {
    fn filter(&mut self, why: Filtered, records: usize) {
        self.filtered[why as usize] += records;
    }
}

/// What becomes of one record.
enum Fate {
    Accept,
    Filter(Filtered),
    Hold(TraceId),
}

/// A decision about a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Keep,
    Drop,
}

/// The records of a trace that is not decided.
#[derive(Debug)]
struct Held {
    since: Moment,
    chunks: Vec<(Class, Chunk)>,
}

impl Held {
    fn records(&self) -> usize {
        self.chunks.iter().map(|(_, chunk)| chunk.len()).sum()
    }

    fn bytes(&self) -> usize {
        self.chunks.iter().map(|(_, chunk)| chunk.bytes()).sum()
    }
}

#[derive(Debug)]
pub(super) struct Router {
    route: Route,
    held: HashMap<TraceId, Held>,
    /// The traces that are or were held, the oldest first.
    order: VecDeque<TraceId>,
    held_bytes: usize,
    decisions: HashMap<TraceId, Decision>,
    /// The traces with a decision, the oldest first.
    decided: VecDeque<TraceId>,
}

impl Router {
    pub(super) fn new(route: Route) -> Self {
        Self {
            route,
            held: HashMap::new(),
            order: VecDeque::new(),
            held_bytes: 0,
            decisions: HashMap::new(),
            decided: VecDeque::new(),
        }
    }

    /// Routes a chunk.
    pub(super) fn route(&mut self, class: Class, chunk: &Chunk, now: Moment) -> Routed {
        let mut routed = Routed::default();
        if self.route == Route::default() {
            routed.accepted.push((class, chunk.clone()));
            return routed;
        }
        let (mut accepted, mut held) = (Vec::new(), HashMap::<TraceId, Vec<usize>>::new());
        for (index, record) in chunk.records().enumerate() {
            match self.fate(record) {
                Fate::Accept => accepted.push(index),
                Fate::Filter(why) => routed.filter(why, 1),
                Fate::Hold(trace) => held.entry(trace).or_default().push(index),
            }
            self.note(record, &mut routed, &mut held, &mut accepted);
        }
        accepted.sort_unstable();
        for (trace, indexes) in held {
            if let Some(copy) = chunk.copy(&indexes) {
                self.hold(trace, class, copy, now);
            }
        }
        routed
            .accepted
            .extend(chunk.pick(accepted).map(|chunk| (class, chunk)));
        self.decide_overdue(now, &mut routed);
        routed
    }

    fn fate(&self, record: &Record) -> Fate {
        if self.route.level.is_some_and(|level| record.level < level) {
            return Fate::Filter(Filtered::Level);
        }
        let layers = &self.route.layers;
        if !layers.is_empty() && !record.layer.is_some_and(|layer| layers.contains(&layer)) {
            return Fate::Filter(Filtered::Layer);
        }
        let (Some(fraction), Some(trace)) = (self.route.sample, record.trace_id) else {
            return Fate::Accept;
        };
        if is_error(record) || is_sampled(trace, fraction) {
            return Fate::Accept;
        }
        match self.decisions.get(&trace) {
            Some(Decision::Keep) => Fate::Accept,
            Some(Decision::Drop) => Fate::Filter(Filtered::Sample),
            None => Fate::Hold(trace),
        }
    }

    /// Decides about the trace of a record: an error keeps it, and the end of its request drops it.
    fn note(
        &mut self,
        record: &Record,
        routed: &mut Routed,
        held: &mut HashMap<TraceId, Vec<usize>>,
        accepted: &mut Vec<usize>,
    ) {
        let (Some(fraction), Some(trace)) = (self.route.sample, record.trace_id) else {
            return;
        };
        if is_sampled(trace, fraction) || self.decisions.get(&trace) == Some(&Decision::Keep) {
            return;
        }
        if is_error(record) {
            accepted.extend(held.remove(&trace).unwrap_or_default());
            self.keep(trace, routed);
        } else if record.kind == Kind::Span && record.is_local_root {
            let records = held.remove(&trace).map_or(0, |indexes| indexes.len());
            routed.filter(Filtered::Sample, records);
            self.drop_trace(trace, routed);
        }
    }

    fn hold(&mut self, trace: TraceId, class: Class, chunk: Chunk, now: Moment) {
        self.held_bytes += chunk.bytes();
        let held = self.held.entry(trace).or_insert_with(|| {
            self.order.push_back(trace);
            Held {
                since: now,
                chunks: Vec::new(),
            }
        });
        held.chunks.push((class, chunk));
    }

    fn keep(&mut self, trace: TraceId, routed: &mut Routed) {
        if let Some(held) = self.take(trace) {
            routed.accepted.extend(held.chunks);
        }
        self.remember(trace, Decision::Keep);
    }

    fn drop_trace(&mut self, trace: TraceId, routed: &mut Routed) {
        if let Some(held) = self.take(trace) {
            routed.filter(Filtered::Sample, held.records());
        }
        self.remember(trace, Decision::Drop);
    }

    fn take(&mut self, trace: TraceId) -> Option<Held> {
        let held = self.held.remove(&trace)?;
        self.held_bytes -= held.bytes();
        Some(held)
    }

    fn remember(&mut self, trace: TraceId, decision: Decision) {
        if self.decisions.insert(trace, decision).is_none() {
            self.decided.push_back(trace);
        }
        if self.decided.len() > MAX_DECISIONS
            && let Some(oldest) = self.decided.pop_front()
        {
            self.decisions.remove(&oldest);
        }
    }

    /// Drops the traces that were held for too long, and the oldest ones if too much is held.
    pub(super) fn decide_overdue(&mut self, now: Moment, routed: &mut Routed) {
        while let Some(trace) = self.order.front().copied() {
            let held = self.held.get(&trace);
            let is_overdue = held.is_none_or(|held| now.micros_since(held.since) > MAX_HELD);
            if !is_overdue && self.held_bytes <= MAX_HELD_BYTES {
                return;
            }
            self.order.pop_front();
            if self.held.contains_key(&trace) {
                self.drop_trace(trace, routed);
            }
        }
    }

    /// Whether records are held, and wait for a decision.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Drops all traces that are held, since no more records will come.
    pub(super) fn end(&mut self) -> Routed {
        let mut routed = Routed::default();
        while let Some(trace) = self.order.pop_front() {
            if self.held.contains_key(&trace) {
                self.drop_trace(trace, &mut routed);
            }
        }
        routed
    }
}

/// Whether the record is of an error, whose trace is always kept.
fn is_error(record: &Record) -> bool {
    let has_failed = matches!(record.outcome, Outcome::Error | Outcome::Panic);
    record.level >= Level::Error || record.kind == Kind::Span && has_failed
}

#[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
/// Whether a trace is in a sample of this size. It is the same trace in every process and for every backend.
fn is_sampled(trace: TraceId, fraction: f64) -> bool {
    // The last eight bytes of the id are random; the first have the time.
    let [.., a, b, c, d, e, f, g, h] = trace.to_bytes();
    let random = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    // Fibonacci hashing spreads ids of which the last bits only are random.
    let spread = random.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11;
    (spread as f64) < fraction * (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Layer;
    use crate::sink::Source;

    fn chunk(records: Vec<Record>) -> Chunk {
        let source = Source::default();
        let boxed: Vec<_> = records.into_iter().map(Box::new).collect();
        Chunk::next(&mut boxed.into_iter(), &source).unwrap()
    }

    fn trace(number: u128) -> Option<TraceId> {
        Some(TraceId::from_bytes(number.to_be_bytes()))
    }

    /// A call inside of a request.
    fn inner(number: u128) -> Record {
        Record {
            kind: Kind::Span,
            trace_id: trace(number),
            ..Record::default()
        }
    }

    fn root(number: u128) -> Record {
        Record {
            is_local_root: true,
            ..inner(number)
        }
    }

    fn failed(number: u128) -> Record {
        Record {
            outcome: Outcome::Error,
            level: Level::Warning,
            ..inner(number)
        }
    }

    fn at(seconds: u64) -> Moment {
        Moment::from_micros(seconds * 1_000_000)
    }

    /// Routes records, and returns how many are accepted and how many filtered.
    fn route(router: &mut Router, records: Vec<Record>, now: Moment) -> (usize, usize) {
        numbers(&router.route(Class::Ordinary, &chunk(records), now))
    }

    fn numbers(routed: &Routed) -> (usize, usize) {
        let accepted = routed.accepted.iter().map(|(_, chunk)| chunk.len()).sum();
        (accepted, routed.filtered.iter().sum())
    }

    #[test]
    fn records_are_filtered_by_level_and_by_layer() {
        let of = |level, layer| Record {
            level,
            layer,
            ..Record::default()
        };
        let records = || {
            vec![
                of(Level::Info, Some(Layer::Api)),
                of(Level::Warning, Some(Layer::Api)),
                of(Level::Error, Some(Layer::Data)),
                of(Level::Error, None),
            ]
        };
        let all = Router::new(Route::default()).route(Class::Ordinary, &chunk(records()), at(0));
        assert_eq!(numbers(&all), (4, 0));
        let mut router = Router::new(Route::default().level(Level::Warning).layers([Layer::Api]));
        let routed = router.route(Class::Ordinary, &chunk(records()), at(0));
        assert_eq!(numbers(&routed), (1, 3));
        assert_eq!(routed.filtered[Filtered::Level as usize], 1);
        assert_eq!(routed.filtered[Filtered::Layer as usize], 2);
    }

    #[test]
    fn a_sample_has_whole_traces_and_about_its_fraction() {
        let mut router = Router::new(Route::default().sample(0.1));
        let mut kept = 0;
        for number in 0..10_000_u128 {
            let (accepted, _) = route(&mut router, vec![inner(number), root(number)], at(0));
            assert!(accepted == 0 || accepted == 2);
            kept += accepted / 2;
        }
        assert!((800..1_200).contains(&kept), "{kept}");
        assert_eq!((router.held.len(), router.held_bytes), (0, 0));
        assert!(router.decisions.len() <= MAX_DECISIONS);
    }

    #[test]
    fn a_trace_with_an_error_is_kept_with_what_came_before_and_after_it() {
        let mut router = Router::new(Route::default().sample(0.0));
        assert_eq!(route(&mut router, vec![inner(1), inner(2)], at(0)), (0, 0));
        assert_eq!(
            route(&mut router, vec![inner(1), failed(1), inner(1)], at(1)),
            (4, 0)
        );
        assert_eq!(route(&mut router, vec![root(1), root(2)], at(2)), (1, 2));
        assert_eq!(route(&mut router, vec![inner(2), failed(2)], at(3)), (1, 1));
        assert_eq!(router.held_bytes, 0);
    }

    #[test]
    fn a_trace_that_does_not_end_is_dropped_after_a_while_but_not_its_errors() {
        let mut router = Router::new(Route::default().sample(0.0));
        assert_eq!(route(&mut router, vec![inner(1)], at(0)), (0, 0));
        assert_eq!(route(&mut router, vec![inner(2)], at(31)), (0, 1));
        assert_eq!(route(&mut router, vec![failed(1)], at(32)), (1, 0));
        assert_eq!(numbers(&router.end()), (0, 1));
    }

    #[test]
    fn held_records_are_bounded() {
        let mut router = Router::new(Route::default().sample(0.0));
        let mut filtered = 0;
        for number in 0..1_000 {
            let mut record = inner(number);
            record.fields.push_text("text", &"x".repeat(60_000));
            filtered += route(&mut router, vec![record], at(0)).1;
            assert!(router.held_bytes <= MAX_HELD_BYTES);
        }
        assert!(filtered > 500, "{filtered}");
        assert_eq!(
            filtered + router.end().filtered.iter().sum::<usize>(),
            1_000
        );
    }

    #[test]
    fn records_outside_of_traces_are_not_sampled() {
        let mut router = Router::new(Route::default().sample(0.0));
        assert_eq!(route(&mut router, vec![Record::default()], at(0)), (1, 0));
    }
}
