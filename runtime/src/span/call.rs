//! One call of an annotated function, from its start to its completion record.
//!
//! A call ends once: when its value was judged, or, by [`Drop`], when it panicked or its future was dropped.

use std::error::Error;
use std::fmt::Arguments;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use tracing::{Span, Value};

use super::future::Annotated;
use super::panics;
use super::site::Site;
use crate::clock::{self, Moment};
use crate::context::carrier::{self, Inherited};
use crate::context::{SpanId, TraceId};
use crate::dispatch::{self, Handle};
use crate::metrics::{CallMetrics, Exemplar};
use crate::record::{ErrorKind, Failure, Kind, Level, Outcome, Record};
use crate::value::Capture;

/// No chain of sources is followed further than this.
const MAX_CHAIN: usize = 16;

/// More fields than this are not given to other layers.
const MAX_FIELDS: usize = 32;

/// A call that is running.
#[derive(Debug)]
pub struct Call {
    site: &'static Site,
    span: Span,
    /// What is measured, until it has ended; `None` where no pipeline listens.
    watch: Option<Watch>,
    /// How the value was judged.
    outcome: Outcome,
    /// How the call has ended if it is dropped now.
    unfinished: Outcome,
    /// What the panic said that has unwound through a poll.
    unwound: Option<Box<str>>,
}

/// What a pipeline needs to know of a running call.
#[derive(Debug)]
struct Watch {
    record: Box<Record>,
    handle: Handle,
    meter: Meter,
    start: Moment,
    /// No call around this one is of the same layer, so this one counts as a request.
    outermost: bool,
}

/// The metrics of a callsite: kept in its static under the global pipeline, looked up under a scoped one.
#[derive(Debug)]
enum Meter {
    Global(&'static CallMetrics),
    Scoped(Arc<CallMetrics>),
}

impl Deref for Meter {
    type Target = CallMetrics;

    fn deref(&self) -> &CallMetrics {
        match self {
            Self::Global(metrics) => metrics,
            Self::Scoped(metrics) => metrics,
        }
    }
}

impl Call {
    /// Begins a call: opens its span, counts it, and lets `capture` record fields if anybody listens.
    pub fn enter(site: &'static Site, capture: impl FnOnce(&mut Self)) -> Self {
        let mut call = Self::open(site);
        if call.watch.is_some() || !call.span.is_none() {
            capture(&mut call);
            call.announce();
        }
        call
    }

    fn open(site: &'static Site) -> Self {
        let span = if site.is_enabled() {
            Span::new(site.metadata(), &site.metadata().fields().value_set(&[]))
        } else {
            Span::none()
        };
        let watch = dispatch::current().map(|handle| Watch::begin(site, &span, handle));
        if watch.is_none() {
            dispatch::miss(site.origin.operation);
        }
        Self {
            site,
            span,
            watch,
            outcome: Outcome::Success,
            unfinished: Outcome::Panic,
            unwound: None,
        }
    }

    /// Runs the body of a function and ends the call with what `done` makes of the value.
    #[inline]
    pub fn run<R>(mut self, body: impl FnOnce() -> R, done: impl FnOnce(&R, &mut Self)) -> R {
        let value = {
            let _entered = self.span.enter();
            body()
        };
        self.finish(&value, done);
        value
    }

    /// The body of an async function; the call ends when it is ready, or dropped.
    #[inline]
    pub fn future<F: Future, D: FnOnce(&F::Output, &mut Self)>(
        mut self,
        body: F,
        done: D,
    ) -> Annotated<F, D> {
        self.unfinished = Outcome::Cancelled;
        Annotated::new(self, body, done)
    }

    /// Records these values as the site's fields from the `first` on.
    pub fn fields(&mut self, first: usize, values: &[&dyn Value]) {
        let names = self.site.metadata().fields().iter().skip(first);
        if let Some(watch) = &mut self.watch {
            let mut capture = Capture(&mut watch.record.fields);
            for (name, value) in names.zip(values) {
                value.record(&name, &mut capture);
            }
            if watch.handle.is_sole_listener() {
                return;
            }
        }
        self.tell_other_layers(first, values);
    }

    fn tell_other_layers(&self, first: usize, values: &[&dyn Value]) {
        let fields = self.site.metadata().fields();
        let mut all: [Option<&dyn Value>; MAX_FIELDS] = [None; MAX_FIELDS];
        for (slot, value) in all.iter_mut().skip(first).zip(values) {
            *slot = Some(*value);
        }
        if let Some(all) = all.get(..fields.len()) {
            self.span.record_all(&fields.value_set_all(all));
        }
    }

    /// A success that found nothing is empty.
    pub fn empty(&mut self, is_empty: bool) {
        if is_empty && self.outcome == Outcome::Success {
            self.outcome = Outcome::Empty;
        }
    }

    pub(super) fn set_outcome(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// Whether the value was judged a success, and somebody wants to know more of it.
    pub(super) fn is_success(&self) -> bool {
        self.outcome == Outcome::Success && (self.watch.is_some() || !self.span.is_none())
    }

    /// The value was an error.
    pub(super) fn fail(
        &mut self,
        kind: ErrorKind,
        message: Arguments<'_>,
        source: Option<&(dyn Error + 'static)>,
    ) {
        self.outcome = Outcome::Error;
        if let Some(watch) = &mut self.watch {
            watch.fail(kind, message, source);
        }
    }

    /// Polls the body inside the span, and notes a panic there and then: the future may be dropped much later.
    #[inline]
    pub(super) fn poll<R>(&mut self, body: impl FnOnce() -> R) -> R {
        let unwinding = Unwinding(&mut self.unwound);
        let polled = self.span.in_scope(body);
        std::mem::forget(unwinding);
        polled
    }

    pub(super) fn in_span(&self, body: impl FnOnce()) {
        self.span.in_scope(body);
    }

    /// Ends the call as `done` judges the value. What `done` runs is the user's too, and may panic.
    pub(super) fn finish<R>(&mut self, value: &R, done: impl FnOnce(&R, &mut Self)) {
        self.unfinished = Outcome::Panic;
        done(value, self);
        self.end(self.outcome);
    }

    fn end(&mut self, outcome: Outcome) {
        let Some(watch) = self.watch.take() else {
            return;
        };
        watch.end(self.site, &self.span, outcome);
    }

    /// Leaves the `_started` record, where DEBUG is on.
    fn announce(&self) {
        let Some(watch) = &self.watch else { return };
        if watch.handle.wants(Level::Debug, self.site.origin.module) && !self.span.is_none() {
            watch.announce();
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let Some(watch) = &mut self.watch else { return };
        let said = self.unwound.take();
        let outcome = if said.is_some() {
            Outcome::Panic
        } else {
            self.unfinished
        };
        if outcome == Outcome::Panic {
            let said = said.map_or_else(panics::last, String::from);
            watch.fail(ErrorKind::Label("panic"), format_args!("{said}"), None);
        }
        self.end(outcome);
    }
}

/// Dropped, and not forgotten, only when a panic unwinds through it.
struct Unwinding<'a>(&'a mut Option<Box<str>>);

impl Drop for Unwinding<'_> {
    fn drop(&mut self) {
        *self.0 = Some(panics::last().into());
    }
}

impl Watch {
    fn begin(site: &'static Site, span: &Span, handle: Handle) -> Self {
        let mut record = handle.blank();
        let start = clock::now();
        let (bit, meter) = meter(site, &handle);
        let outermost = carrier::attach(span, true, |above| {
            place(site, bit, start, above, &mut record)
        });
        if outermost {
            meter.started();
        }
        Self {
            record,
            handle,
            meter,
            start,
            outermost,
        }
    }

    fn announce(&self) {
        let mut started = self.handle.blank();
        *started = self.record.started();
        self.handle.push(started);
    }

    fn fail(
        &mut self,
        kind: ErrorKind,
        message: Arguments<'_>,
        source: Option<&(dyn Error + 'static)>,
    ) {
        let text = &mut self.record.fields.text;
        let message = text.print(message);
        let mut chain = Vec::new();
        let mut next = source;
        while let Some(error) = next.filter(|_| chain.len() < MAX_CHAIN) {
            chain.push(text.print(format_args!("{error}")));
            next = error.source();
        }
        self.record.failure = Some(Failure {
            kind,
            message,
            chain,
            born_in: None,
            path: Vec::new(),
        });
    }

    fn end(mut self, site: &'static Site, span: &Span, outcome: Outcome) {
        let micros = clock::now().micros_since(self.start);
        let record = &mut *self.record;
        record.outcome = outcome;
        record.duration = Some(micros);
        record.timestamp = record.start + micros;
        record.slow = site
            .slow
            .filter(|most| outcome == Outcome::Success && micros > *most);
        if outcome.is_failure() {
            bear(record, site, span);
        }
        record.level = level(site, record);
        self.count(site, outcome, micros);
        let heard = !span.is_none() || self.record.level >= Level::Warning;
        if heard && self.handle.wants(self.record.level, site.origin.module) {
            self.handle.push(self.record);
        } else {
            self.handle.give_back(self.record);
        }
    }

    fn count(&self, site: &Site, outcome: Outcome, micros: u64) {
        let record = &self.record;
        let exemplar = Exemplar {
            trace_id: record.trace_id.map_or([0; 16], TraceId::to_bytes),
            span_id: record.span_id.map_or([0; 16], SpanId::to_bytes),
            unix_ms: record.timestamp / 1000,
        };
        self.meter.latency(micros, &exemplar);
        if self.outermost {
            self.meter.stopped();
            self.meter.request(outcome, &exemplar);
        }
        let born = record
            .failure
            .as_ref()
            .filter(|failure| failure.born_in.is_none());
        if let Some(failure) = born.filter(|_| outcome.is_failure()) {
            let registry = self.handle.registry();
            registry.error(failure.kind.label(), site.origin.layer.name(), &exemplar);
        }
    }
}

fn meter(site: &'static Site, handle: &Handle) -> (u64, Meter) {
    if handle.is_global() {
        let (bit, metrics) = site.global(handle);
        (bit, Meter::Global(metrics))
    } else {
        (site.origin.layer.bit(), Meter::Scoped(site.metrics(handle)))
    }
}

/// Gives the call its ids and its place below `above`; tells whether it is the outermost of its layer.
fn place(
    site: &'static Site,
    bit: u64,
    start: Moment,
    above: Inherited,
    record: &mut Record,
) -> (Inherited, bool) {
    let unix = start.unix_micros();
    let span_id = SpanId::new(unix / 1000);
    let trace_id = above.ids.map_or(TraceId::from(span_id), |(trace, _)| trace);
    record.kind = Kind::Span;
    record.operation = site.origin.operation;
    record.layer = Some(site.origin.layer);
    record.start = unix;
    record.trace_id = Some(trace_id);
    record.span_id = Some(span_id);
    record.parent_span_id = above.ids.map(|(_, parent)| parent);
    record.request.clone_from(&above.request);
    let outermost = above.layers & bit == 0;
    let inherited = Inherited {
        ids: Some((trace_id, span_id)),
        parent: record.parent_span_id,
        request: above.request,
        layers: above.layers | bit,
        origin: Some(&site.origin),
    };
    (inherited, outermost)
}

/// Tells whether the failure was born here or is a child's that passes through, and passes it on.
#[cold]
fn bear(record: &mut Record, site: &'static Site, span: &Span) {
    let Some(failure) = &mut record.failure else {
        return;
    };
    let text = &record.fields.text;
    let known = carrier::births(span);
    let texts = failure.chain.iter().rev().chain([&failure.message]);
    let hashes: Vec<u64> = texts.map(|piece| hash(text.get(*piece))).collect();
    let born = known
        .iter()
        .find(|(birth, _)| hashes.contains(birth))
        .copied();
    failure.born_in = born.map(|(_, span)| span);
    if let (Some(first), Some(own)) = (hashes.first(), record.span_id) {
        carrier::report_birth(span, born.unwrap_or((*first, own)));
    }
    failure.path = carrier::path(span);
    if failure.path.is_empty() {
        failure.path.push(&site.origin);
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn level(site: &'static Site, record: &Record) -> Level {
    let passing = record
        .failure
        .as_ref()
        .is_some_and(|failure| failure.born_in.is_some());
    match record.outcome {
        Outcome::Success if record.slow.is_some() => Level::Warning,
        Outcome::Success => (*site.metadata().level()).into(),
        Outcome::Empty => Level::Warning,
        Outcome::Cancelled => Level::Info,
        Outcome::Error | Outcome::Panic if passing => Level::Info,
        Outcome::Error | Outcome::Panic => Level::Error,
    }
}
