//! The `tracing` layer: makes a record of each event, with the ids and the context of the span that the event is in.
//!
//! Spans need no layer, since an annotated call finds the registry itself. This layer ignores them, so a filter that
//! hides spans from it does not change the records.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tracing::callsite::{DefaultCallsite, Identifier};
use tracing::dispatcher::WeakDispatch;
use tracing::field::FieldSet;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Dispatch, Event, Metadata, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::clock;
use crate::context as rag;
use crate::dispatch;
use crate::pipeline::is_worker;
use crate::record::{Kind, Level, Record, level_of_event};
use crate::trace::{self, Inherited, nearest, thread};
use crate::value::{FieldVisitor, Fields};

/// The number of layers of ours that belong to a subscriber.
static LAYERS: AtomicUsize = AtomicUsize::new(0);

/// Returns whether any subscriber of this process has our layer.
pub(crate) fn is_installed() -> bool {
    LAYERS.load(Ordering::Relaxed) > 0
}

/// The callsite of the questions of [`layer_gets`]; it is never registered.
static PROBE: DefaultCallsite = DefaultCallsite::new(&PROBE_METADATA);

static PROBE_METADATA: Metadata<'static> = probe_metadata(tracing::Level::ERROR, "ragspan");

/// A layer of ours was asked about the probe.
static GETS_PROBE: AtomicBool = AtomicBool::new(false);

const fn probe_metadata(level: tracing::Level, target: &str) -> Metadata<'_> {
    let fields = FieldSet::new(&["message"], Identifier(&PROBE));
    Metadata::new(
        "probe",
        target,
        level,
        None,
        None,
        None,
        fields,
        tracing_core::Kind::EVENT,
    )
}

/// Returns whether a layer of ours gets events of this level and target. A filter on that layer is asked before the
/// layer is. For one caller at a time.
pub(crate) fn layer_gets(subscriber: &Dispatch, level: tracing::Level, target: &str) -> bool {
    GETS_PROBE.store(false, Ordering::Relaxed);
    let is_enabled = dispatch::probe(subscriber, &probe_metadata(level, target));
    is_enabled && GETS_PROBE.load(Ordering::Relaxed)
}

/// Returns the layer that makes records of events, for a subscriber of your own.
///
/// Add it beside your other layers, install the subscriber, then call [`start`](crate::start), which uses that
/// subscriber.
///
/// ```
/// use tracing_subscriber::prelude::*;
///
/// tracing_subscriber::registry().with(ragspan::layer()).init();
/// let telemetry = ragspan::start(ragspan::Config::default().without_sinks())?;
/// # drop(telemetry);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a layer does nothing until a subscriber has it"]
pub fn layer() -> RagLayer {
    RagLayer {
        min_event_level: None,
        dispatch: OnceLock::new(),
        inert: false,
    }
}

/// The layer that makes records of events; [`layer`] creates it.
pub struct RagLayer {
    /// Disables events below this level for the whole subscriber. Set only where no other layer needs them.
    min_event_level: Option<Level>,
    /// The dispatcher of the subscriber that the layer belongs to.
    dispatch: OnceLock<WeakDispatch>,
    /// The subscriber has another layer of ours already, so this one does nothing.
    inert: bool,
}

impl RagLayer {
    /// Creates the only layer of a subscriber, which disables events below this level.
    pub(crate) fn sole(level: Level) -> Self {
        Self {
            min_event_level: Some(level),
            ..layer()
        }
    }

    /// Returns the ids and the context that the event inherits from its span, read from the registry itself.
    fn inherited<S>(&self, event: &Event<'_>, context: &Context<'_, S>) -> Inherited
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let dispatch = self.dispatch.get().and_then(WeakDispatch::upgrade);
        let registry = dispatch
            .as_ref()
            .and_then(|dispatch| dispatch.downcast_ref::<Registry>());
        let found = registry.and_then(|registry| {
            let current = registry.current_span();
            let id = if event.is_root() {
                None
            } else {
                event.parent().or_else(|| current.id())
            };
            nearest(registry, id?)
        });
        found
            .or_else(|| self.inherited_by_context(event, context))
            .unwrap_or_default()
    }

    /// Finds the span through the layer's context. Used where the layer has no dispatcher: under `reload`,
    /// `on_register_dispatch` may never have been called.
    fn inherited_by_context<S>(
        &self,
        event: &Event<'_>,
        context: &Context<'_, S>,
    ) -> Option<Inherited>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let id = context
            .event_span(event)
            .filter(|_| self.dispatch.get().is_none())?
            .id();
        tracing::dispatcher::get_default(|dispatch| {
            nearest(dispatch.downcast_ref::<Registry>()?, &id)
        })
    }
}

impl fmt::Debug for RagLayer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RagLayer")
            .field("inert", &self.inert)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for RagLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        // The layer belongs to the first subscriber that it is registered with.
        if self.dispatch.set(dispatch.downgrade()).is_ok() && !self.inert {
            LAYERS.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn on_layer(&mut self, subscriber: &mut S) {
        let subscriber: &dyn Subscriber = subscriber;
        self.inert = subscriber.is::<Self>();
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        let is_below = |level| level_of_event(metadata) < level;
        if metadata.is_event() && self.min_event_level.is_some_and(is_below) {
            Interest::never()
        } else {
            Interest::always()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        if metadata.callsite() == Identifier(&PROBE) {
            GETS_PROBE.store(true, Ordering::Relaxed);
        }
        true
    }

    fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        thread::opened();
    }

    fn on_exit(&self, _: &Id, _: Context<'_, S>) {
        thread::used();
    }

    fn on_record(&self, id: &Id, values: &tracing::span::Record<'_>, _: Context<'_, S>) {
        if self.inert || is_worker() || dispatch::is_suppressed() {
            return;
        }
        // This runs the user's `Debug`, so no lock is held.
        let mut fields = Fields::default();
        values.record(&mut FieldVisitor(&mut fields));
        let dispatch = self.dispatch.get().and_then(WeakDispatch::upgrade);
        let registry = dispatch
            .as_ref()
            .and_then(|dispatch| dispatch.downcast_ref::<Registry>());
        if let Some(registry) = registry {
            trace::record_late(registry, id, |late| late.set_all(&fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        thread::used();
        if self.inert || is_worker() || dispatch::is_suppressed() {
            return;
        }
        let Some(handle) = dispatch::current_in(self.dispatch.get()) else {
            return;
        };
        let metadata = event.metadata();
        let level = level_of_event(metadata);
        let bridged = is_bridged(metadata);
        // The target of a bridged event is a field, so it is known only once the fields were read.
        let wanted = if bridged {
            handle.may_want(level)
        } else {
            handle.wants_event(level, metadata.target())
        };
        if !wanted {
            return;
        }
        let mut record = handle.blank();
        event.record(&mut FieldVisitor(&mut record.fields));
        let inherited = self.inherited(event, &context);
        if !bridged {
            record.layer = layer_of(&inherited, metadata.module_path());
        } else {
            unwrap_log(&mut record, &inherited);
            if !handle.wants_event(level, record.event_target()) {
                return handle.give_back(record);
            }
        }
        fill(&mut record, level, metadata, &inherited);
        handle.push(record);
    }
}

/// Returns whether this is an event of the `log` crate, which the `tracing-log` bridge has converted.
fn is_bridged(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "log" && metadata.fields().field("log.target").is_some()
}

/// Removes the fields that the bridge has added, and sets the record's target and layer from them: all bridged events
/// share a few callsites, so their metadata does not contain the original target and module.
fn unwrap_log(record: &mut Record, inherited: &Inherited) {
    record.log_target = record.fields.take_text("log.target");
    let module = record.fields.take_text("log.module_path");
    record.layer = layer_of(inherited, module.map(|text| record.fields.text.get(text)));
    record.fields.remove("log.file");
    record.fields.remove("log.line");
}

/// Returns the layer of the enclosing annotated function, if the event is in the same module.
fn layer_of(inherited: &Inherited, module: Option<&str>) -> Option<rag::Layer> {
    let same_module = inherited
        .callsite
        .filter(|callsite| module == Some(callsite.module));
    same_module.map(|callsite| callsite.layer)
}

fn fill(
    record: &mut Record,
    level: Level,
    metadata: &'static Metadata<'static>,
    inherited: &Inherited,
) {
    record.kind = Kind::Event;
    record.level = level;
    record.timestamp = clock::now().unix_micros();
    record.message = record.fields.take_text("message");
    record.target = metadata.target();
    record.trace_id = inherited.ids.map(|(trace, _)| trace);
    record.span_id = inherited.ids.map(|(_, span)| span);
    record.parent_span_id = inherited.parent;
    record.request = inherited.request();
}
