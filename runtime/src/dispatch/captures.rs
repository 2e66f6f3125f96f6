//! Finds the test capture that the running code belongs to.
//!
//! A capture is found by the thread that its code runs on, and by the subscriber, so that it is also found in code that
//! runs elsewhere under the capture's subscriber (`tracing::instrument::WithSubscriber`). Two dispatchers belong to the
//! same subscriber if they have the same `Registry`.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tracing::Dispatch;
use tracing::dispatcher::{WeakDispatch, get_default};
use tracing_subscriber::Registry;

use crate::pipeline::Pipeline;

/// The number of scopes and claims in this process; while it is zero, lookups return at once.
static ALIVE: AtomicUsize = AtomicUsize::new(0);

static CLAIMS: RwLock<Vec<Claimed>> = RwLock::new(Vec::new());

thread_local! {
    static SCOPES: RefCell<Vec<(Option<usize>, Arc<Pipeline>)>> = const { RefCell::new(Vec::new()) };
}

/// A subscriber whose code belongs to a pipeline.
#[derive(Debug)]
struct Claimed {
    registry: usize,
    /// Keeps the address from being given to another registry.
    subscriber: WeakDispatch,
    pipeline: Arc<Pipeline>,
    /// The capture made the subscriber itself; the claim then lasts as long as the subscriber.
    is_owned: bool,
}

impl Claimed {
    /// Returns whether code may still run under the subscriber. A borrowed subscriber is not upgraded: the upgrade
    /// might drop it, its drop may run any code, and the claims are locked.
    #[cfg(feature = "testing")]
    fn is_in_use(&self) -> bool {
        !self.is_owned || self.subscriber.upgrade().is_some()
    }
}

/// Returns the identity of a subscriber: the address of its registry.
fn identity(subscriber: &Dispatch) -> Option<usize> {
    let registry = subscriber.downcast_ref::<Registry>()?;
    Some(std::ptr::from_ref(registry).addr())
}

/// Returns the pipeline of the capture that the code on this thread belongs to.
pub(super) fn current() -> Option<Arc<Pipeline>> {
    if ALIVE.load(Ordering::Relaxed) == 0 {
        return None;
    }
    find(get_default(identity))
}

/// Returns the pipeline of the capture that code under this subscriber belongs to.
pub(super) fn current_in(subscriber: Option<&WeakDispatch>) -> Option<Arc<Pipeline>> {
    if ALIVE.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let subscriber = subscriber.and_then(WeakDispatch::upgrade);
    find(subscriber.as_ref().and_then(identity))
}

/// Prefers the claim of the subscriber to the scope of the thread, since the subscriber was set inside that scope. If
/// the scope itself runs under this subscriber, the scope counts: a capture may run under the subscriber of another
/// one.
fn find(subscriber: Option<usize>) -> Option<Arc<Pipeline>> {
    let scoped = innermost();
    let matches = |scoped: &(Option<usize>, _)| subscriber.is_none() || scoped.0 == subscriber;
    if let Some((_, pipeline)) = scoped.clone().filter(matches) {
        return Some(pipeline);
    }
    let scoped = scoped.map(|(_, pipeline)| pipeline);
    subscriber.and_then(claimed).or(scoped)
}

fn innermost() -> Option<(Option<usize>, Arc<Pipeline>)> {
    SCOPES
        .try_with(|scopes| scopes.try_borrow().ok()?.last().cloned())
        .ok()
        .flatten()
}

fn claimed(registry: usize) -> Option<Arc<Pipeline>> {
    let claims = CLAIMS.read().unwrap_or_else(PoisonError::into_inner);
    let found = claims.iter().find(|claim| claim.registry == registry);
    found.map(|claim| Arc::clone(&claim.pipeline))
}

/// A guard: until it is dropped, code on this thread belongs to a pipeline.
#[derive(Debug)]
pub(super) struct Scope(());

impl Scope {
    /// Makes this thread's code belong to `pipeline`. Set the subscriber as well.
    pub(super) fn enter(subscriber: &Dispatch, pipeline: Arc<Pipeline>) -> Self {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        SCOPES.with_borrow_mut(|scopes| scopes.push((identity(subscriber), pipeline)));
        Self(())
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        let _gone = SCOPES.try_with(|scopes| scopes.try_borrow_mut().map(|mut all| all.pop()));
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A guard: until it is dropped, code that runs under a subscriber belongs to a pipeline.
#[cfg(feature = "testing")]
#[derive(Debug)]
pub(crate) struct Claim {
    registry: Option<usize>,
}

#[cfg(feature = "testing")]
impl Claim {
    /// Claims a subscriber that was made for this pipeline. The claim lasts as long as the subscriber: records of code
    /// that outlives its test must not go to the global pipeline.
    pub(crate) fn owned(subscriber: &Dispatch, pipeline: &Arc<Pipeline>) -> Self {
        Self::new(subscriber, pipeline, true)
    }

    /// Claims a subscriber that was made by the caller of the capture. Claims nothing if the subscriber is the current
    /// one, since it may be current for code outside the capture too, or if another capture has claimed it.
    pub(crate) fn borrowed(subscriber: &Dispatch, pipeline: &Arc<Pipeline>) -> Self {
        if identity(subscriber) == get_default(identity) {
            return Self { registry: None };
        }
        Self::new(subscriber, pipeline, false)
    }

    fn new(subscriber: &Dispatch, pipeline: &Arc<Pipeline>, is_owned: bool) -> Self {
        let mut claims = CLAIMS.write().unwrap_or_else(PoisonError::into_inner);
        prune(&mut claims, Claimed::is_in_use);
        let is_free = |registry: &usize| claims.iter().all(|claim| claim.registry != *registry);
        let registry = identity(subscriber).filter(is_free);
        if let Some(registry) = registry {
            ALIVE.fetch_add(1, Ordering::Relaxed);
            claims.push(Claimed {
                registry,
                subscriber: subscriber.downgrade(),
                pipeline: Arc::clone(pipeline),
                is_owned,
            });
        }
        Self { registry }
    }
}

#[cfg(feature = "testing")]
impl Drop for Claim {
    fn drop(&mut self) {
        let Some(registry) = self.registry else {
            return;
        };
        let mut claims = CLAIMS.write().unwrap_or_else(PoisonError::into_inner);
        prune(&mut claims, |claim| {
            claim.registry != registry || claim.is_owned && claim.is_in_use()
        });
    }
}

#[cfg(feature = "testing")]
fn prune(claims: &mut Vec<Claimed>, keep: impl Fn(&Claimed) -> bool) {
    let before = claims.len();
    claims.retain(keep);
    ALIVE.fetch_sub(before - claims.len(), Ordering::Relaxed);
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::metrics::Registry as Metrics;
    use crate::record::{Level, Service};

    fn pipeline() -> Arc<Pipeline> {
        let service = Service::default();
        Arc::new(Pipeline::new(service, Level::Info, Metrics::new(), 4))
    }

    fn subscriber() -> (Dispatch, usize) {
        let subscriber = Dispatch::new(
            tracing_subscriber::registry().with(tracing_subscriber::layer::Identity::new()),
        );
        let registry = identity(&subscriber).unwrap();
        (subscriber, registry)
    }

    #[test]
    fn an_owned_subscriber_is_claimed_until_it_is_dropped() {
        let (subscriber, registry) = subscriber();
        let pipeline = pipeline();
        drop(Claim::owned(&subscriber, &pipeline));
        assert!(claimed(registry).is_some_and(|found| Arc::ptr_eq(&found, &pipeline)));
        drop(subscriber);
        // The next claim removes those whose subscriber is gone.
        drop(Claim::owned(&self::subscriber().0, &self::pipeline()));
        assert!(claimed(registry).is_none());
        assert_eq!(Arc::strong_count(&pipeline), 1);
    }

    #[test]
    fn a_borrowed_subscriber_is_claimed_once_and_until_its_capture_ends() {
        let (subscriber, registry) = subscriber();
        let (first, second) = (pipeline(), pipeline());
        let claim = Claim::borrowed(&subscriber, &first);
        let late = Claim::borrowed(&subscriber, &second);
        drop(late);
        assert!(claimed(registry).is_some_and(|found| Arc::ptr_eq(&found, &first)));
        drop(claim);
        assert!(claimed(registry).is_none());
    }

    #[test]
    fn a_subscriber_without_a_registry_belongs_to_no_capture() {
        let none = Dispatch::none();
        let _claim = Claim::borrowed(&none, &pipeline());
        assert!(tracing::dispatcher::with_default(&none, current).is_none());
    }
}
