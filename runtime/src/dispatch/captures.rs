//! The captures of tests: which of them the code that runs here belongs to.
//!
//! A capture is found by the thread, where its own code runs, and by the subscriber, wherever code runs that carries it
//! (`tracing::instrument::WithSubscriber`). Two dispatchers lead to one subscriber if they lead to one `Registry`.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tracing::Dispatch;
use tracing::dispatcher::{WeakDispatch, get_default};
use tracing_subscriber::Registry;

use crate::pipeline::Pipeline;

/// How many scopes and claims there are in this process; while there is none, nobody looks for them.
static ALIVE: AtomicUsize = AtomicUsize::new(0);

static CLAIMS: RwLock<Vec<Claimed>> = RwLock::new(Vec::new());

thread_local! {
    static SCOPES: RefCell<Vec<(Option<usize>, Arc<Pipeline>)>> = const { RefCell::new(Vec::new()) };
}

/// A subscriber that leads to a pipeline.
#[derive(Debug)]
struct Claimed {
    registry: usize,
    /// Keeps the address from being given to another registry.
    subscriber: WeakDispatch,
    pipeline: Arc<Pipeline>,
    /// It holds as long as somebody has the subscriber.
    own: bool,
}

impl Claimed {
    /// Whether code may still run under it. Somebody else's subscriber is not asked: if it ended here, it could do
    /// what it likes, and the claims are locked.
    #[cfg(feature = "testing")]
    fn is_in_use(&self) -> bool {
        !self.own || self.subscriber.upgrade().is_some()
    }
}

/// What tells a subscriber from all others: the address of its registry.
fn identity(subscriber: &Dispatch) -> Option<usize> {
    let registry = subscriber.downcast_ref::<Registry>()?;
    Some(std::ptr::from_ref(registry).addr())
}

/// The pipeline of the capture that the code on this thread belongs to.
pub(super) fn here() -> Option<Arc<Pipeline>> {
    if ALIVE.load(Ordering::Relaxed) == 0 {
        return None;
    }
    find(get_default(identity))
}

/// The same for code under this subscriber.
pub(super) fn under(subscriber: Option<&WeakDispatch>) -> Option<Arc<Pipeline>> {
    if ALIVE.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let subscriber = subscriber.and_then(WeakDispatch::upgrade);
    find(subscriber.as_ref().and_then(identity))
}

/// The subscriber goes before the thread: whatever set it has done so inside of the thread's scope. But a capture may
/// run under the subscriber of another.
fn find(subscriber: Option<usize>) -> Option<Arc<Pipeline>> {
    let scoped = innermost();
    let agrees = |scoped: &(Option<usize>, _)| subscriber.is_none() || scoped.0 == subscriber;
    if let Some((_, pipeline)) = scoped.clone().filter(agrees) {
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

/// While it lives, code on this thread talks to this pipeline.
#[derive(Debug)]
pub(super) struct Scope(());

impl Scope {
    /// To be entered together with the subscriber.
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

/// While it lives, whatever runs under a subscriber talks to this pipeline.
#[cfg(feature = "testing")]
#[derive(Debug)]
pub(crate) struct Claim {
    registry: Option<usize>,
}

#[cfg(feature = "testing")]
impl Claim {
    /// Claims a subscriber that was made for this pipeline, as long as somebody has it: what a test leaves running must
    /// not go to the process' own pipeline.
    pub(crate) fn own(subscriber: &Dispatch, pipeline: &Arc<Pipeline>) -> Self {
        Self::new(subscriber, pipeline, true)
    }

    /// Claims a subscriber of somebody else. One that is in force here already may be so elsewhere, for code that is none of
    /// the capture's; it is left alone, and so is one that another capture has claimed.
    pub(crate) fn lent(subscriber: &Dispatch, pipeline: &Arc<Pipeline>) -> Self {
        if identity(subscriber) == get_default(identity) {
            return Self { registry: None };
        }
        Self::new(subscriber, pipeline, false)
    }

    fn new(subscriber: &Dispatch, pipeline: &Arc<Pipeline>, own: bool) -> Self {
        let mut claims = CLAIMS.write().unwrap_or_else(PoisonError::into_inner);
        prune(&mut claims, Claimed::is_in_use);
        let free = |registry: &usize| claims.iter().all(|claim| claim.registry != *registry);
        let registry = identity(subscriber).filter(free);
        if let Some(registry) = registry {
            ALIVE.fetch_add(1, Ordering::Relaxed);
            claims.push(Claimed {
                registry,
                subscriber: subscriber.downgrade(),
                pipeline: Arc::clone(pipeline),
                own,
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
            claim.registry != registry || claim.own && claim.is_in_use()
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
        let service = Service {
            environment: String::new(),
            version: String::new(),
            host: String::new(),
        };
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
    fn a_subscriber_of_its_own_is_claimed_until_nobody_has_it() {
        let (subscriber, registry) = subscriber();
        let pipeline = pipeline();
        drop(Claim::own(&subscriber, &pipeline));
        assert!(claimed(registry).is_some_and(|found| Arc::ptr_eq(&found, &pipeline)));
        drop(subscriber);
        // The next claim looks after those that are over.
        drop(Claim::own(&self::subscriber().0, &self::pipeline()));
        assert!(claimed(registry).is_none());
        assert_eq!(Arc::strong_count(&pipeline), 1);
    }

    #[test]
    fn a_lent_subscriber_is_claimed_as_long_as_the_capture_runs_and_only_once() {
        let (subscriber, registry) = subscriber();
        let (first, second) = (pipeline(), pipeline());
        let claim = Claim::lent(&subscriber, &first);
        let late = Claim::lent(&subscriber, &second);
        drop(late);
        assert!(claimed(registry).is_some_and(|found| Arc::ptr_eq(&found, &first)));
        drop(claim);
        assert!(claimed(registry).is_none());
    }

    #[test]
    fn a_subscriber_without_a_registry_leads_nowhere() {
        let none = Dispatch::none();
        let _claim = Claim::lent(&none, &pipeline());
        assert!(tracing::dispatcher::with_default(&none, here).is_none());
    }
}
