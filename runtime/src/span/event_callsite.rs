//! The callsites of the events that `err` and `ret` emit for other layers, as `tracing`'s own attribute does.

use tracing::callsite::{Callsite, DefaultCallsite, Identifier};
use tracing::field::FieldSet;
use tracing::{Event, Level, Metadata, Value};
use tracing_core::Kind;

use crate::dispatch;
use crate::trace::thread;

/// The callsite of an event with one field. Expansions create one as a static; not part of the public API.
#[derive(Debug)]
pub struct EventCallsite {
    callsite: DefaultCallsite,
    meta: Metadata<'static>,
}

impl EventCallsite {
    /// Creates the callsite; `me` is a reference to the static that holds it.
    #[must_use]
    pub const fn new(
        me: &'static Self,
        field: &'static [&'static str; 1],
        level: Level,
        target: &'static str,
        module: &'static str,
        file: &'static str,
        line: u32,
    ) -> Self {
        let fields = FieldSet::new(field, Identifier(&me.callsite));
        let meta = Metadata::new(
            "event",
            target,
            level,
            Some(file),
            Some(line),
            Some(module),
            fields,
            Kind::EVENT,
        );
        Self {
            callsite: DefaultCallsite::new(&me.meta),
            meta,
        }
    }

    fn is_enabled(&'static self) -> bool {
        let interest = self.callsite.interest();
        interest.is_always()
            || !interest.is_never() && tracing::dispatcher::get_default(|to| to.enabled(&self.meta))
    }

    /// Emits the event to the layers other than ragspan's.
    pub(super) fn emit(&'static self, value: &dyn Value) {
        if !thread::is_ending() && self.is_enabled() {
            let meta = self.callsite.metadata();
            let values = [Some(value)];
            let values = meta.fields().value_set_all(&values);
            dispatch::suppressed(|| Event::dispatch(meta, &values));
        }
    }
}
