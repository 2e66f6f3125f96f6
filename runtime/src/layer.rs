//! The `tracing` layer: every event becomes a record with the ids and the context of the span it happened in.
//!
//! Spans need no layer: an annotated call finds the registry itself. So this layer never looks at them, and
//! a filter that hides a span from it takes nothing from the records.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::dispatcher::WeakDispatch;
use tracing::span::Id;
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
use crate::trace::{self, Inherited, nearest};
use crate::value::{Capture, Fields};

/// How many layers of ours belong to a subscriber.
static LAYERS: AtomicUsize = AtomicUsize::new(0);

/// Whether some subscriber of this process has our layer.
pub(crate) fn is_installed() -> bool {
    LAYERS.load(Ordering::Relaxed) > 0
}

/// The layer for a subscriber of your own.
///
/// Add it beside your other layers, install the subscriber, then call [`start`](crate::start), which finds it.
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
        only: None,
        dispatch: OnceLock::new(),
        inert: false,
    }
}

/// What [`layer`] returns.
pub struct RagLayer {
    /// Alone in its subscriber, which may then leave out events below this level.
    only: Option<Level>,
    dispatch: OnceLock<WeakDispatch>,
    /// There is one of us already.
    inert: bool,
}

impl RagLayer {
    /// A layer that is alone in its subscriber.
    pub(crate) fn alone(level: Level) -> Self {
        Self {
            only: Some(level),
            ..layer()
        }
    }

    /// What the span of this event holds, found in the registry itself.
    fn above<S>(&self, event: &Event<'_>, context: &Context<'_, S>) -> Inherited
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let here = self.dispatch.get().and_then(WeakDispatch::upgrade);
        let registry = here
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
            .or_else(|| self.above_by_view(event, context))
            .unwrap_or_default()
    }

    /// Under `reload` a layer may never have been told its dispatcher: then its own view has to do.
    fn above_by_view<S>(&self, event: &Event<'_>, context: &Context<'_, S>) -> Option<Inherited>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let id = context
            .event_span(event)
            .filter(|_| self.dispatch.get().is_none())?
            .id();
        tracing::dispatcher::get_default(|to| nearest(to.downcast_ref::<Registry>()?, &id))
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
        // The first subscriber that it was given to is the one that it belongs to.
        if self.dispatch.set(dispatch.downgrade()).is_ok() && !self.inert {
            LAYERS.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn on_layer(&mut self, subscriber: &mut S) {
        let subscriber: &dyn Subscriber = subscriber;
        self.inert = subscriber.is::<Self>();
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        let below = |level| level_of_event(metadata) < level;
        if metadata.is_event() && self.only.is_some_and(below) {
            Interest::never()
        } else {
            Interest::always()
        }
    }

    fn on_record(&self, id: &Id, values: &tracing::span::Record<'_>, _: Context<'_, S>) {
        if self.inert || is_worker() || dispatch::is_suppressed() {
            return;
        }
        // What is printed here is the user's `Debug`, so no lock is held.
        let mut fields = Fields::default();
        values.record(&mut Capture(&mut fields));
        let here = self.dispatch.get().and_then(WeakDispatch::upgrade);
        if let Some(registry) = here.as_ref().and_then(|to| to.downcast_ref::<Registry>()) {
            trace::record_late(registry, id, |late| late.append(&fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if self.inert || is_worker() || dispatch::is_suppressed() {
            return;
        }
        let Some(handle) = dispatch::current_in(self.dispatch.get()) else {
            return;
        };
        let metadata = event.metadata();
        let level = level_of_event(metadata);
        let bridged = is_bridged(metadata);
        // Of a bridged event the target is known only once it was read.
        let wanted = if bridged {
            handle.may_want(level)
        } else {
            handle.wants_event(level, metadata.target())
        };
        if !wanted {
            return;
        }
        let mut record = handle.blank();
        event.record(&mut Capture(&mut record.fields));
        let above = self.above(event, &context);
        if !bridged {
            record.layer = layer_of(&above, metadata.module_path());
        } else {
            unwrap_log(&mut record, &above);
            if !handle.wants_event(level, record.event_target()) {
                return handle.give_back(record);
            }
        }
        fill(&mut record, level, metadata, &above);
        handle.push(record);
    }
}

/// Whether this event is one of the `log` crate, which the `tracing-log` bridge made one of `tracing`.
fn is_bridged(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "log" && metadata.fields().field("log.target").is_some()
}

/// Takes what the bridge put among the fields out of them: where the record came from, which the callsite cannot tell.
fn unwrap_log(record: &mut Record, above: &Inherited) {
    record.log_target = record.fields.take_text("log.target");
    let module = record.fields.take_text("log.module_path");
    record.layer = layer_of(above, module.map(|text| record.fields.text.get(text)));
    record.fields.remove("log.file");
    record.fields.remove("log.line");
}

/// The layer of an annotated function whose module is this one.
fn layer_of(above: &Inherited, module: Option<&str>) -> Option<rag::Layer> {
    let around = above
        .callsite
        .filter(|callsite| module == Some(callsite.module));
    around.map(|callsite| callsite.layer)
}

fn fill(
    record: &mut Record,
    level: Level,
    metadata: &'static Metadata<'static>,
    above: &Inherited,
) {
    record.kind = Kind::Event;
    record.level = level;
    record.timestamp = clock::now().unix_micros();
    record.message = record.fields.take_text("message");
    record.target = metadata.target();
    record.trace_id = above.ids.map(|(trace, _)| trace);
    record.span_id = above.ids.map(|(_, span)| span);
    record.parent_span_id = above.parent;
    record.request = above.request();
}
