//! Compares records with the model: the call and the trace of each record, and the possible values of each field.
//!
//! The records before and after a binding limit its time. A field that was certainly bound before a record must be in it, and
//! a field that was certainly bound after it must not be; otherwise both are right.

use std::collections::{BTreeMap, BTreeSet};

use ragspan::TraceId;
use serde_json::Value;

use super::calls::NAMES;
use super::event::{AFTER, BEFORE, ENDED, INSIDE, LAST, OUTSIDE, STARTED};
use super::model::{Frame, Model, Position, Write};
use super::plan::Mark;

/// A record, and its position.
#[derive(Clone, Copy)]
struct Recorded<'a> {
    at: usize,
    record: &'a Value,
    mark: Mark,
    rank: u32,
}

/// The moment at which a record read its fields, between two records.
#[derive(Clone, Copy)]
struct Moment {
    /// The step that the record belongs to, which may be the one that binds.
    mark: Mark,
    /// The position of a record that was certainly before, if known.
    after: Option<usize>,
    before: usize,
}

/// The records of one plan.
struct Check<'a> {
    model: &'a Model<'a>,
    recorded: Vec<Recorded<'a>>,
    at: BTreeMap<(Mark, u32), usize>,
    /// The id of each call, from its first record.
    ids: BTreeMap<Mark, &'a str>,
    wrong: Vec<String>,
}

/// Returns the problems of these records.
pub(super) fn check(model: &Model<'_>, records: &[Value]) -> Vec<String> {
    let recorded: Vec<_> = records
        .iter()
        .enumerate()
        .filter_map(|(at, record)| read(at, record))
        .collect();
    let mut check = Check {
        model,
        at: recorded
            .iter()
            .map(|recorded| ((recorded.mark, recorded.rank), recorded.at))
            .collect(),
        recorded,
        ids: BTreeMap::new(),
        wrong: Vec::new(),
    };
    if check.recorded.len() != records.len() {
        check.wrong.push("a record has no number".to_owned());
    }
    for recorded in check.recorded.clone() {
        check.record(recorded);
    }
    check.whole();
    check.wrong
}

/// Returns whether the start of this call is recorded; that of a call with a disabled span is not.
pub(super) fn has_started(call: Mark, records: &[Value]) -> bool {
    let of_it = |recorded: Recorded<'_>| recorded.mark == call && recorded.rank == STARTED;
    records
        .iter()
        .filter_map(|record| read(0, record))
        .any(of_it)
}

fn read(at: usize, record: &Value) -> Option<Recorded<'_>> {
    let context = &record["context"];
    let number = |value: &Value| value.as_u64()?.try_into().ok();
    let message = record["message"].as_str()?;
    let rank = match number(&context["rank"]) {
        Some(rank) => rank,
        None if !context["status"].is_null() => ENDED,
        None if message.ends_with("_started") => STARTED,
        // The record of the first item of a stream belongs to its call too.
        None => LAST + 100,
    };
    Some(Recorded {
        at,
        record,
        mark: number(&context["mark"])?,
        rank,
    })
}

impl<'a> Check<'a> {
    fn record(&mut self, recorded: Recorded<'a>) {
        let Some(spot) = self.model.spots.get(&recorded.mark).copied() else {
            return self.report(recorded, "no step has this number");
        };
        let position = match recorded.rank {
            INSIDE | LAST => spot.inside,
            STARTED | ENDED => spot.own,
            rank if rank > LAST + 99 => spot.own,
            _ => spot.outside,
        };
        self.ids(recorded, position);
        self.fields(recorded, position);
    }

    fn ids(&mut self, recorded: Recorded<'a>, position: Position) {
        let parent = position.call.and_then(|call| self.model.parent(call));
        let root = position.call.map(|call| self.model.root(call));
        self.id(recorded, "span_id", position.call);
        self.id(recorded, "parent_span_id", parent);
        self.id(recorded, "trace_id", root);
        let current = &recorded.record["context"]["current"];
        if recorded.record["context"]["rank"].is_number() && *current != recorded.record["span_id"]
        {
            self.report(recorded, "the code has another current call");
        }
    }

    /// Checks that a record has the id of this call under this key; the id of a trace is that of its first call.
    fn id(&mut self, recorded: Recorded<'a>, key: &str, call: Option<Mark>) {
        let id = recorded.record[key].as_str();
        let (Some(call), Some(id)) = (call, id) else {
            if id.is_some() || call.is_some() {
                self.report(recorded, &format!("{key} is {id:?}, of {call:?}"));
            }
            return;
        };
        let known = *self.ids.entry(call).or_insert(id);
        let other = self.ids.iter().find(|(of, it)| **it == id && **of != call);
        if let Some((other, _)) = other {
            self.report(
                recorded,
                &format!("{key} is that of call {other}, not {call}"),
            );
        } else if known != id {
            self.report(
                recorded,
                &format!("{key} is {id}, that of call {call} is {known}"),
            );
        }
    }

    fn fields(&mut self, recorded: Recorded<'a>, position: Position) {
        let lower = |rank| self.at.get(&(recorded.mark, rank)).copied();
        let earlier = (BEFORE..recorded.rank)
            .filter_map(lower)
            .filter(|at| *at < recorded.at);
        let moment = Moment {
            mark: recorded.mark,
            after: earlier.max(),
            before: recorded.at,
        };
        let moment = if recorded.mark == OUTSIDE {
            Moment {
                after: None,
                ..moment
            }
        } else {
            moment
        };
        let frame = self.model.frame(position);
        let written = self.model.writes.iter().map(|write| write.name);
        let names: BTreeSet<_> = NAMES.into_iter().chain(written).collect();
        for name in names {
            let possible = self.possible(frame, name, moment);
            let found = field(recorded.record, name);
            let fits = |value: &Value| stands_for(recorded.record, name, value, found);
            if !possible.iter().any(fits) {
                self.report(
                    recorded,
                    &format!("{name} is {found}, not one of {possible:?}"),
                );
            }
        }
    }

    /// Returns the possible values of a field that is read from this frame at this moment.
    fn possible(&self, frame: Option<Frame>, name: &str, moment: Moment) -> Vec<Value> {
        let Some(frame) = frame else {
            return vec![Value::Null];
        };
        let of_it = |write: &&Write| write.frame == frame && write.name == name;
        let begun = |write: &&Write| self.at(write.mark, BEFORE) < moment.before;
        let writes: Vec<_> = self
            .model
            .writes
            .iter()
            .filter(of_it)
            .filter(begun)
            .collect();
        let sure: Vec<_> = writes
            .iter()
            .filter(|write| self.is_past(write, moment))
            .collect();
        let mut values = Vec::new();
        if sure.is_empty() {
            values = self.initial(frame, name, moment);
        }
        let stands = |write: &&&Write| {
            let end = self.at(write.mark, AFTER);
            !sure.iter().any(|later| end < self.at(later.mark, BEFORE))
        };
        values.extend(
            writes
                .iter()
                .filter(stands)
                .map(|write| write.value.clone()),
        );
        values
    }

    fn is_past(&self, write: &Write, moment: Moment) -> bool {
        let end = self.at(write.mark, AFTER);
        write.mark == moment.mark || moment.after.is_some_and(|after| end <= after)
    }

    fn initial(&self, frame: Frame, name: &str, moment: Moment) -> Vec<Value> {
        let Frame::Scope(mark) = frame else {
            return vec![Value::Null];
        };
        if let Some(value) = self.model.initial(mark, name) {
            return vec![value];
        }
        let outer = self.model.scopes.get(&mark).and_then(|scope| scope.outer);
        let opened = Moment {
            mark,
            after: self.at.get(&(mark, BEFORE)).copied(),
            before: self.at(mark, INSIDE).min(moment.before),
        };
        self.possible(outer, name, opened)
    }

    /// Returns the position of a record; that of a missing record is behind all others.
    fn at(&self, mark: Mark, rank: u32) -> usize {
        self.at.get(&(mark, rank)).copied().unwrap_or(usize::MAX)
    }

    /// Checks that every started call ended once, and that no record occurs twice, except events outside of requests.
    fn whole(&mut self) {
        let mut seen = BTreeSet::new();
        for recorded in self.recorded.clone() {
            if recorded.mark != OUTSIDE && !seen.insert((recorded.mark, recorded.rank)) {
                self.report(recorded, "recorded twice");
            }
            let call =
                self.model.is_call(recorded.mark) && !self.model.spots[&recorded.mark].hidden;
            let complete = [STARTED, ENDED]
                .iter()
                .all(|rank| self.at.contains_key(&(recorded.mark, *rank)));
            if call && recorded.rank == INSIDE && !complete {
                self.report(
                    recorded,
                    "the call has no record of its beginning or its end",
                );
            }
        }
    }

    fn report(&mut self, recorded: Recorded<'_>, what: &str) {
        let (mark, rank) = (recorded.mark, recorded.rank);
        self.wrong.push(format!(
            "step {mark}, rank {rank}: {what}: {}",
            recorded.record
        ));
    }
}

fn field<'a>(record: &'a Value, name: &str) -> &'a Value {
    if name.ends_with("_id") {
        &record[name]
    } else {
        &record["context"][name]
    }
}

/// Returns whether a value is an id that was derived from the trace, because none was set.
fn stands_for(record: &Value, name: &str, expected: &Value, found: &Value) -> bool {
    let made = match name {
        "request_id" => "req",
        "session_id" => "ses",
        _ => return expected == found,
    };
    let trace = record["trace_id"]
        .as_str()
        .and_then(|id| id.parse::<TraceId>().ok());
    match trace {
        Some(trace) if expected.is_null() => *found == format!("{made}-{}", trace.short()),
        _ => expected == found,
    }
}
