//! The callsites of scope spans.

use tracing::callsite::{DefaultCallsite, Identifier};
use tracing::field::FieldSet;
use tracing::subscriber::NoSubscriber;
use tracing::{Level, Metadata, Span};
use tracing_core::Kind;

use crate::dispatch::probe;
use crate::trace::thread;

/// The callsite of a scope span. `#[derive(LogContext)]` creates one as a static; not part of the public API.
///
/// The span has the level ERROR and a callsite in the user's own crate, so that filters like `warn` or
/// `mycrate=debug` do not disable it.
#[derive(Debug)]
pub struct ScopeCallsite {
    callsite: DefaultCallsite,
    meta: Metadata<'static>,
}

impl ScopeCallsite {
    /// Creates the callsite; `me` is a reference to the static that holds it.
    #[must_use]
    pub const fn new(
        me: &'static Self,
        name: &'static str,
        module: &'static str,
        file: &'static str,
        line: u32,
    ) -> Self {
        let fields = FieldSet::new(&["context"], Identifier(&me.callsite));
        let (file, line) = (Some(file), Some(line));
        Self {
            callsite: DefaultCallsite::new(&me.meta),
            meta: Metadata::new(
                name,
                module,
                Level::ERROR,
                file,
                line,
                Some(module),
                fields,
                Kind::SPAN,
            ),
        }
    }

    /// Creates the scope's span; none on a thread that cannot have one.
    pub(super) fn span(&'static self) -> Span {
        thread::open_span(|| Span::new(&self.meta, &self.meta.fields().value_set(&[])))
    }

    /// Returns whether the subscriber of this thread enables the span. If so, the span must be created: it takes the
    /// answers of the per-layer filters.
    pub(super) fn is_enabled(&'static self) -> bool {
        let interest = self.callsite.interest();
        // `is_always` covers all subscribers of the process; this thread may have none.
        !interest.is_never()
            && !thread::is_ending()
            && tracing::dispatcher::get_default(|to| match interest.is_always() {
                true => !to.is::<NoSubscriber>(),
                false => to.enabled(&self.meta),
            })
    }
}

static DEFAULT: ScopeCallsite =
    ScopeCallsite::new(&DEFAULT, "context", module_path!(), file!(), line!());

/// Returns the callsite of scopes whose context does not define one.
pub(super) fn default_callsite() -> &'static ScopeCallsite {
    &DEFAULT
}

/// Returns whether the subscriber of this thread enables scope spans.
pub(crate) fn scope_is_enabled() -> bool {
    !DEFAULT.callsite.interest().is_never()
        && tracing::dispatcher::get_default(|to| {
            !to.is::<NoSubscriber>() && probe(to, &DEFAULT.meta)
        })
}
