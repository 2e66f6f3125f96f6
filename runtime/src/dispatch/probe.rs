//! Asks a subscriber whether it enables a callsite, without a span or an event that follows.

use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;

/// Returns whether the subscriber enables this callsite, and leaves no answer of its filters behind.
pub(crate) fn probe(subscriber: &Dispatch, metadata: &Metadata<'_>) -> bool {
    let is_enabled = subscriber.enabled(metadata);
    clear_filter_state(subscriber, metadata);
    is_enabled
}

/// Clears what the per-layer filters of this thread answered. The next span or event takes these answers for its own,
/// so that it is lost to the layers whose filters disabled the probed callsite.
///
/// A subscriber clears them if one of its layers disables a callsite for all of its layers, as this one does.
pub(crate) fn clear_filter_state(subscriber: &Dispatch, metadata: &Metadata<'_>) {
    // Inside of a layer `tracing` hides the subscriber, and the answers are those about the running event.
    if !subscriber.is::<NoSubscriber>() {
        let nothing = LevelFilter::OFF.with_subscriber(NoSubscriber::new());
        let _disabled = nothing.enabled(metadata);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tracing::Event;
    use tracing::callsite::Callsite;
    use tracing_subscriber::filter::filter_fn;
    use tracing_subscriber::layer::Context;
    use tracing_subscriber::prelude::*;
    use tracing_subscriber::{Registry, registry};

    use super::*;

    struct Counter(Arc<AtomicUsize>);

    impl Layer<Registry> for Counter {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, Registry>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_filtered_layer_gets_the_event_after_a_probe() {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Counter(Arc::clone(&count));
        let counter = counter.with_filter(filter_fn(|of| of.target() == "shown"));
        let subscriber = Dispatch::new(registry().with(counter));
        let hidden = tracing::callsite!(
            name: "hidden",
            kind: tracing::metadata::Kind::SPAN,
            target: "hidden",
            level: tracing::Level::ERROR,
            fields:
        );
        tracing::dispatcher::with_default(&subscriber, || {
            for _ in 0..2 {
                tracing::dispatcher::get_default(|to| probe(to, hidden.metadata()));
                tracing::info!(target: "shown", "an event");
            }
        });
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }
}
