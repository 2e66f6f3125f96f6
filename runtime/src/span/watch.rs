//! What a pipeline is told of a call: its record, its metrics, and where its error was born.

use std::error::Error;
use std::fmt::{Arguments, Debug};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use tracing::{Span, Value};

use super::callsite::SpanCallsite;
use super::document::Document;
use super::manual::Told;
use super::opening::Said;
use super::stream::Flow;
use super::words::{self, Words};
use crate::clock::{self, Moment};
#[cfg(feature = "http")]
use crate::context::RequestContext;
use crate::context::cancel;
use crate::context::carrier::{self, Inherited};
use crate::context::frame::Frame;
use crate::context::self_time::SelfTime;
use crate::context::trace::Trace;
use crate::context::{Layer, SpanId, TraceId};
use crate::dispatch::Handle;
use crate::metrics::{CallMetrics, Exemplar};
use crate::record::{ErrorKind, Failure, Kind, Level, MAX_DOCUMENTS, Outcome, Record, level_of};
use crate::value::{Capture, Fields, Value as Number};
use ragspan_core::Cost;
use ragspan_core::record::keys;

/// No chain of sources is followed further than this.
const MAX_CHAIN: usize = 16;

/// What a pipeline needs to know of a running call.
#[derive(Debug)]
pub(super) struct Watch {
    record: Box<Record>,
    handle: Handle,
    meter: Meter,
    pub(super) start: Moment,
    /// No call around this one is of the same layer, so this one counts as a request.
    outermost: bool,
    /// No call of this process is above it; one of another service may be.
    is_local_root: bool,
    pub(super) failure_level: Level,
    trace: Arc<Trace>,
    /// Of the nearest scope; where there is none, the trace has one.
    frame: Option<Arc<Frame>>,
    pub(super) words: Option<Box<Words>>,
    /// It failed by a status, which has no text of its own: it tells of what failed inside.
    by_status: bool,
    /// What a block records by its handle.
    told: Option<Arc<Told>>,
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

impl Watch {
    pub(super) fn begin(
        site: &'static SpanCallsite,
        span: &Span,
        handle: Handle,
        said: Said,
    ) -> Self {
        let mut record = handle.blank();
        let start = clock::now();
        let (bit, meter) = meter(site, &handle);
        let parent = said.parent.as_ref().map(Option::as_ref);
        let placed = carrier::attach(span, parent, Some(start.unix_micros()), |mut above| {
            if let Some(received) = said.received {
                above.arrive(received);
            }
            if let Some(context) = said.context {
                let whole = match above.request() {
                    Some(outer) => Arc::new(context.over(&outer)),
                    None => context,
                };
                above.frame = Some(Arc::new(Frame::new(Some(whole))));
            }
            place(site, bit, start, above, &mut record)
        });
        if placed.outermost {
            meter.started();
        }
        Self {
            record,
            handle,
            meter,
            start,
            outermost: placed.outermost,
            is_local_root: placed.is_local_root,
            failure_level: site.failure_level,
            trace: placed.trace,
            frame: placed.frame,
            words: None,
            by_status: false,
            told: None,
        }
    }

    /// What a handle of the call is told, until it ends.
    pub(super) fn told_by_hand(&mut self) -> Arc<Told> {
        let (trace_id, span_id) = (self.record.trace_id, self.record.span_id);
        let new = || Arc::new(Told::new(trace_id, span_id));
        Arc::clone(self.told.get_or_insert_with(new))
    }

    /// The record's fields, for what is told of the call beside its own.
    pub(super) fn fields(&mut self) -> &mut Fields {
        &mut self.record.fields
    }

    #[cfg(feature = "http")]
    pub(super) fn trace_id(&self) -> Option<TraceId> {
        self.record.trace_id
    }

    /// The fields of the request, as they are now.
    #[cfg(feature = "http")]
    pub(super) fn request(&self) -> Option<Arc<RequestContext>> {
        self.trace.request(self.frame.as_deref())
    }

    /// Names a document that the call has found; past the first hundred they are only counted.
    pub(super) fn document(&mut self, document: &Document<'_>, rank: u32) {
        let record = &mut *self.record;
        if record.documents.len() < MAX_DOCUMENTS {
            let retrieved = document.kept(rank, &mut record.fields);
            record.documents.push(retrieved);
        }
    }

    /// Whether no other layer would hear of fields and events.
    pub(super) fn is_sole_listener(&self) -> bool {
        self.handle.is_sole_listener()
    }

    /// Keeps these values as the site's fields from the `first` on.
    pub(super) fn capture(
        &mut self,
        site: &'static SpanCallsite,
        first: usize,
        values: &[&dyn Value],
    ) {
        let names = site.metadata().fields().iter().skip(first);
        let mut capture = Capture(&mut self.record.fields);
        for (name, value) in names.zip(values) {
            value.record(&name, &mut capture);
        }
    }

    /// Leaves the `_started` record, where DEBUG is on.
    pub(super) fn announce(&self, span: &Span, site: &'static SpanCallsite) {
        if self.handle.wants(Level::Debug, site.target) && !span.is_none() {
            self.push_beside(Kind::Started, self.record.start);
        }
    }

    /// Leaves the `_first_item` record of a stream, where DEBUG is on.
    pub(super) fn first_item(&mut self, span: &Span, site: &'static SpanCallsite, micros: u64) {
        if self.handle.wants(Level::Debug, site.target) && !span.is_none() {
            self.push_beside(Kind::FirstItem, self.record.start + micros);
        }
    }

    fn push_beside(&self, kind: Kind, timestamp: u64) {
        let mut beside = self.handle.blank();
        *beside = self.record.beside(kind, timestamp);
        beside.request = self.trace.request(self.frame.as_deref());
        self.handle.push(beside);
    }

    pub(super) fn flowed(&mut self, flow: &Flow) {
        let exemplar = exemplar(&self.record);
        let fields = &mut self.record.fields;
        fields.push(keys::ITEMS.field, Number::U64(flow.items));
        if let Some(first) = flow.first {
            fields.push(keys::TIME_TO_FIRST_ITEM_MS.field, Number::millis(first));
            fields.push(keys::LONGEST_GAP_MS.field, Number::millis(flow.longest_gap));
            let (operation, layer) = (self.record.operation, layer_name(&self.record));
            let registry = self.handle.registry();
            registry.first_item(operation, layer, first, &exemplar);
        }
    }

    pub(super) fn fail(
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
            backtrace: None,
        });
    }

    /// Keeps what a report prints behind this line.
    pub(super) fn traced(&mut self, report: &dyn Debug) {
        let whole = format!("{report:?}");
        let trace = whole.split_once("Stack backtrace:").map(|(_, trace)| trace);
        if let (Some(trace), Some(failure)) = (trace, &mut self.record.failure) {
            failure.backtrace = Some(cut(trace.trim_start_matches('\n')).into());
        }
    }

    /// Keeps where a panic came from.
    pub(super) fn panicked_at(&mut self, backtrace: &str) {
        if let Some(failure) = &mut self.record.failure {
            failure.backtrace = Some(cut(backtrace).into());
        }
    }

    /// It failed by a status.
    #[cfg(feature = "http")]
    pub(super) fn failed_by_status(&mut self) {
        self.by_status = true;
    }

    /// Says who cancelled the call, where that is known.
    pub(super) fn cancelled(&mut self) {
        if let Some(cause) = cancel::cause() {
            self.fields()
                .push_text(keys::CANCELLED_BY.field, cause.as_str());
        }
    }

    /// The annotation said how the call ended, whatever the value is.
    pub(super) fn told(&mut self, outcome: Outcome) {
        if !outcome.is_failure() {
            self.record.failure = None;
        } else if self.record.failure.is_none() {
            let kind = if outcome == Outcome::Panic {
                ErrorKind::Label("panic")
            } else {
                ErrorKind::Unknown
            };
            let message = format_args!("the value returned was judged a failure");
            self.fail(kind, message, None);
        }
    }

    pub(super) fn label(&mut self, label: &'static str) {
        if let Some(failure) = &mut self.record.failure {
            failure.kind = ErrorKind::Label(label);
        }
    }

    pub(super) fn end(mut self, site: &'static SpanCallsite, span: &Span, outcome: Outcome) {
        let micros = clock::now().micros_since(self.start);
        let record = &mut *self.record;
        record.request = self.trace.request(self.frame.as_deref());
        record.outcome = outcome;
        record.duration = Some(micros);
        record.timestamp = record.start + micros;
        record.slow = site
            .slow
            .filter(|most| outcome == Outcome::Success && micros > *most);
        if outcome.is_failure() {
            bear(record, site, span, self.by_status);
        }
        record.level = level(site, record, self.failure_level);
        self.add_up(site, span, outcome);
        self.count(site, outcome, micros);
        let heard = !span.is_none() || self.record.level >= Level::Warning;
        if heard && self.handle.wants(self.record.level, site.target) {
            self.handle.push(self.record);
        } else {
            self.handle.give_back(self.record);
        }
    }

    /// Takes what was told while the call ran, and gives the trace its share; a root tells the sums of all.
    fn add_up(&mut self, site: &'static SpanCallsite, span: &Span, outcome: Outcome) {
        let record = &mut *self.record;
        let closed = carrier::close(span, record.start, record.timestamp);
        record.fields.append(&closed.late);
        if let Some(told) = self.told.take() {
            told.end(&mut record.fields);
        }
        let users_fields = record.fields.iter().count();
        // What a filter hides is no node, and its time that of the call around it.
        let hidden = span.is_none() && !self.is_local_root;
        let own = if hidden { SelfTime::NONE } else { closed.own };
        self.trace.sums.span(site.origin.layer, own);
        if let Some(words) = self.words.take() {
            words.spend(record, &self.handle, &self.trace.sums);
        }
        // What was refused may have cost nothing, but only the provider knows whether it had begun.
        let whole = matches!(outcome, Outcome::Success | Outcome::Empty);
        if site.records_usage && !whole {
            record
                .fields
                .push(keys::USAGE_ESTIMATED.field, Number::Bool(true));
        }
        if self.is_local_root && record.parent_span_id.is_some() {
            record
                .fields
                .push(keys::REMOTE_PARENT.field, Number::Bool(true));
        }
        if self.is_local_root && self.trace.sums.has_more_than_one() {
            let sums = self.trace.sums.now();
            words::tell_sums(&sums, &mut record.fields);
            if sums.cost != Cost::ZERO {
                let (layer, exemplar) = (layer_name(record), exemplar(record));
                let registry = self.handle.registry();
                registry.request_cost(layer, sums.cost, &exemplar);
            }
        }
        record.own_fields = record.fields.iter().count() - users_fields;
    }

    fn count(&self, site: &SpanCallsite, outcome: Outcome, micros: u64) {
        let record = &self.record;
        let exemplar = exemplar(record);
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

/// As much of a backtrace as a record keeps.
fn cut(trace: &str) -> &str {
    const MOST: usize = 16 * 1024;
    trace
        .get(..trace.floor_char_boundary(MOST))
        .unwrap_or(trace)
}

pub(super) fn exemplar(record: &Record) -> Exemplar {
    Exemplar {
        trace_id: record.trace_id.map_or([0; 16], TraceId::to_bytes),
        span_id: record.span_id.map_or([0; 16], SpanId::to_bytes),
        unix_ms: record.timestamp.max(record.start) / 1000,
    }
}

pub(super) fn layer_name(record: &Record) -> &'static str {
    record.layer.map_or("", Layer::name)
}

fn meter(site: &'static SpanCallsite, handle: &Handle) -> (u64, Meter) {
    if handle.is_global() {
        let (bit, metrics) = site.global(handle);
        (bit, Meter::Global(metrics))
    } else {
        (site.origin.layer.bit(), Meter::Scoped(site.metrics(handle)))
    }
}

/// Where a call stands.
struct Placed {
    outermost: bool,
    is_local_root: bool,
    trace: Arc<Trace>,
    frame: Option<Arc<Frame>>,
}

/// Gives the call its ids and its place below `above`; tells whether it is the outermost of its layer.
fn place(
    site: &'static SpanCallsite,
    bit: u64,
    start: Moment,
    above: Inherited,
    record: &mut Record,
) -> (Inherited, Placed) {
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
    if let Some(kind) = site.kind {
        record.fields.push_text(keys::KIND.field, kind);
    }
    let outermost = above.layers & bit == 0;
    let is_local_root = above.origin.is_none();
    record.is_local_root = is_local_root;
    let trace = above.trace.unwrap_or_else(|| Trace::begin(unix));
    let frame = above.frame.clone();
    let inherited = Inherited {
        ids: Some((trace_id, span_id)),
        parent: record.parent_span_id,
        frame: above.frame,
        received: above.received,
        layers: above.layers | bit,
        origin: Some(&site.origin),
        trace: Some(Arc::clone(&trace)),
    };
    let placed = Placed {
        outermost,
        is_local_root,
        trace,
        frame,
    };
    (inherited, placed)
}

/// Tells whether the failure was born here or is a child's that passes through, and passes it on.
#[cold]
fn bear(record: &mut Record, site: &'static SpanCallsite, span: &Span, by_status: bool) {
    let Some(failure) = &mut record.failure else {
        return;
    };
    let text = &record.fields.text;
    let known = carrier::births(span);
    let texts = failure.chain.iter().rev().chain([&failure.message]);
    let hashes: Vec<u64> = texts.map(|piece| hash(text.get(*piece))).collect();
    let same = known.iter().find(|(birth, _)| hashes.contains(birth));
    // Of several the last is what the status most likely tells of.
    let inside = known.last().filter(|_| by_status);
    let born = same.or(inside).copied();
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

fn level(site: &'static SpanCallsite, record: &Record, of_failure: Level) -> Level {
    let passing = record
        .failure
        .as_ref()
        .is_some_and(|failure| failure.born_in.is_some());
    match record.outcome {
        Outcome::Success if record.slow.is_some() => Level::Warning,
        Outcome::Success => level_of(*site.metadata().level()),
        Outcome::Empty => Level::Warning,
        Outcome::Cancelled => Level::Info,
        _ if passing => Level::Info,
        Outcome::Error => of_failure,
        _ => Level::Error,
    }
}
