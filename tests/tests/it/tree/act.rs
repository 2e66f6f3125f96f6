//! Executes a plan, and can inject a fault into one step.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all, select_all};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use ragspan::task::ContextHandle;
use ragspan::{LogContext, SpanId};
use tokio::runtime::{Builder, Handle};
use tokio::task::{AbortHandle, JoinHandle, LocalSet, yield_now};
use tracing::instrument::WithSubscriber;
use tracing::{Instrument, Level, Span};

use super::calls::{Function, Given, NAMES, Request, SHAPES, tokens, value};
use super::compose::FOREIGN;
use super::event::{AFTER, BEFORE, Guard, INSIDE, LAST, emit, emit_outside};
use super::model::own_key;
use super::plan::{
    Act, Block, Bound, Ending, Mark, Names, Scoping, Starting, Step, Threading, Together,
};

/// A fault that is injected once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// A scope is entered and not exited.
    ContextNotRestored,
    /// A call is made inside the span of an earlier one.
    StaleParent,
    /// A thread stays in the span of a request.
    LeakOverThread,
}

type Job = Box<dyn FnOnce() + Send>;

/// The state that all steps of one plan share.
pub(super) struct Environment {
    fault: Option<Fault>,
    made: AtomicBool,
    /// An earlier call, for faults that need a wrong one.
    kept: Mutex<Option<(SpanId, Span)>>,
    pool: Mutex<mpsc::Sender<Job>>,
}

impl Environment {
    /// Returns an environment, and the thread of its pool, which ends with the environment.
    pub(super) fn new(fault: Option<Fault>) -> (Arc<Self>, std::thread::JoinHandle<()>) {
        let (pool, jobs) = mpsc::channel::<Job>();
        let work = move || {
            for job in jobs {
                job();
                emit_outside();
            }
        };
        let thread = std::thread::spawn(ragspan::task::wrap(work));
        let env = Self {
            fault,
            made: AtomicBool::new(false),
            kept: Mutex::new(None),
            pool: Mutex::new(pool),
        };
        (Arc::new(env), thread)
    }

    /// Returns whether the fault was injected.
    pub(super) fn has_erred(&self) -> bool {
        self.made.load(Ordering::Relaxed)
    }

    /// Returns whether to inject this fault now.
    fn errs(&self, fault: Fault) -> bool {
        self.fault == Some(fault) && !self.made.swap(true, Ordering::Relaxed)
    }

    /// Keeps the current call, at the first time.
    pub(super) fn keep(&self) {
        if self.fault == Some(Fault::StaleParent)
            && let Some(id) = ragspan::Context::current().span_id()
        {
            self.kept
                .lock()
                .unwrap()
                .get_or_insert((id, Span::current()));
        }
    }

    /// Returns the span of a call that is not the current one. A span that the thread is in cannot be entered again: the
    /// innermost span would remain current in the registry.
    fn stale(&self) -> Option<Span> {
        let (id, span) = self.kept.lock().unwrap().clone()?;
        let is_current = || ragspan::Context::current().span_id() == Some(id);
        let differs = !is_current() && span.in_scope(is_current);
        (differs && self.errs(Fault::StaleParent)).then_some(span)
    }
}

/// Polls a future to completion on this thread.
pub(super) fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::yield_now();
    }
}

/// Yields once. The future of Tokio's `yield_now` wakes only when the thread is back in the runtime, so `finish` would
/// wait for ever.
async fn turn() {
    let mut turned = false;
    poll_fn(|context| {
        if std::mem::replace(&mut turned, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Executes the steps of a block.
pub(super) fn follow(env: &Arc<Environment>, block: &Block) -> BoxFuture<'static, ()> {
    let (env, block) = (Arc::clone(env), Arc::clone(block));
    Box::pin(async move {
        let mut guards = Vec::new();
        for step in block.iter() {
            emit(step.mark, BEFORE);
            if matches!(step.act, Act::Guard) {
                guards.push(Guard(step.mark));
            }
            act(&env, step).await;
            emit(step.mark, AFTER);
        }
    })
}

/// Executes the body of a step, between events at its beginning and its end.
pub(super) fn inside(env: &Arc<Environment>, mark: Mark, body: &Block) -> BoxFuture<'static, ()> {
    let (env, body) = (Arc::clone(env), Arc::clone(body));
    Box::pin(async move {
        emit(mark, INSIDE);
        follow(&env, &body).await;
        emit(mark, LAST);
    })
}

async fn act(env: &Arc<Environment>, step: &Step) {
    let body = || inside(env, step.mark, &step.bodies[0]);
    let all = || step.bodies.iter().map(|body| follow(env, body));
    match step.act {
        Act::Emit | Act::Guard => {}
        Act::Turn => turn().await,
        Act::Hang => std::future::pending().await,
        Act::Bind(bound) => bind(step.mark, bound),
        // Without the panic hook, which would print the panic.
        Act::Panic => resume_unwind(Box::new("planned")),
        Act::Call(shape, names) => call(env, step, shape, names).await,
        Act::Stream(take) => consume(env, step, take).await,
        Act::Scope(how, names) => scope(env, step, how, names).await,
        Act::Back(true, names) => {
            let handle = ContextHandle::current();
            Request::of(step.mark, names).in_scope(|| handle.run(|| finish(body())));
        }
        Act::Back(false, names) => {
            let body = ragspan::task::with_current_context(body());
            Request::of(step.mark, names).scope(body).await;
        }
        Act::Foreign(level) => body().instrument(foreign(level)).await,
        Act::AtOnce(Together::Join) => drop(join_all(all()).await),
        Act::AtOnce(Together::Unordered) => all().collect::<FuturesUnordered<_>>().collect().await,
        Act::AtOnce(Together::Select) => drop(select_all(all()).await),
        Act::Start(how, end, names) => {
            let task = start(how, &Request::of(step.mark, names), body());
            see_to(task, end).await;
        }
        Act::Thread(how) => thread(env, step, how).await,
        Act::Catch => drop(AssertUnwindSafe(body()).catch_unwind().await),
        Act::Limit(passes) => limit(body(), passes).await,
    }
}

fn bind(mark: Mark, bound: Bound) {
    match bound {
        Bound::Own => ragspan::scope::bind(own_key(mark), mark),
        Bound::Name(name) => ragspan::scope::bind(NAMES[name], value(name, mark)),
        Bound::All(names) => Request::of(mark, names).bind(),
        Bound::Unbind(name) => ragspan::scope::unbind(NAMES[name]),
    }
}

async fn call(env: &Arc<Environment>, step: &Step, shape: usize, names: Names) {
    let given = Given {
        env: Arc::clone(env),
        mark: step.mark,
        body: Arc::clone(&step.bodies[0]),
        names,
    };
    let stale = env.stale();
    match (&SHAPES[shape].function, stale) {
        (Function::Sync(function), None) => function(step.mark, given),
        (Function::Sync(function), Some(stale)) => stale.in_scope(|| function(step.mark, given)),
        (Function::Async(function), None) => function(step.mark, given).await,
        (Function::Async(function), Some(stale)) => {
            let future = stale.in_scope(|| function(step.mark, given));
            future.instrument(stale).await;
        }
    }
}

async fn consume(env: &Arc<Environment>, step: &Step, take: usize) {
    let Some((between, items)) = step.bodies.split_last() else {
        return;
    };
    let mut stream = Box::pin(tokens(step.mark, env, items));
    for number in 0..take {
        if stream.next().await.is_none() {
            break;
        }
        if number == 0 {
            follow(env, between).await;
        }
    }
}

async fn scope(env: &Arc<Environment>, step: &Step, how: Scoping, names: Names) {
    let request = Request::of(step.mark, names);
    let body = inside(env, step.mark, &step.bodies[0]);
    match how {
        Scoping::Future => request.scope(body).await,
        _ if env.errs(Fault::ContextNotRestored) => {
            std::mem::forget(request.enter());
            finish(body);
        }
        Scoping::Closure => request.in_scope(|| finish(body)),
        Scoping::Guard => {
            let _scope = request.enter();
            finish(body);
        }
    }
}

fn foreign(level: usize) -> Span {
    match level {
        0 => tracing::span!(target: FOREIGN, Level::ERROR, "theirs"),
        1 => tracing::span!(target: FOREIGN, Level::WARN, "theirs"),
        2 => tracing::span!(target: FOREIGN, Level::INFO, "theirs"),
        3 => tracing::span!(target: FOREIGN, Level::DEBUG, "theirs"),
        _ => tracing::span!(target: FOREIGN, Level::TRACE, "theirs"),
    }
}

fn start(how: Starting, request: &Request, body: BoxFuture<'static, ()>) -> JoinHandle<()> {
    match how {
        Starting::Ours => ragspan::task::spawn(body),
        Starting::Tokio => tokio::spawn(body.in_current_span().with_current_subscriber()),
        Starting::Attached => tokio::spawn(ragspan::task::with_current_context(body)),
        Starting::Scoped => tokio::spawn(request.scope(body).with_current_subscriber()),
        Starting::Bare => tokio::spawn(body.with_current_subscriber()),
    }
}

/// Aborts a task when dropped, also if the future that was to abort it is dropped first.
struct Doomed(AbortHandle);

impl Drop for Doomed {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Ends or awaits a task; a task that has panicked counts as completed.
async fn see_to(task: JoinHandle<()>, end: Ending) {
    match end {
        Ending::Detach => {}
        Ending::Join => drop(task.await),
        Ending::Abort(turns) => {
            let doomed = Doomed(task.abort_handle());
            for _ in 0..turns {
                yield_now().await;
            }
            drop(doomed);
            drop(task.await);
        }
    }
}

/// Runs a step on a thread; a thread that has panicked counts as completed.
async fn thread(env: &Arc<Environment>, step: &Step, how: Threading) {
    let body = inside(env, step.mark, &step.bodies[0]);
    let runtime = Handle::current();
    let job = move || {
        let _runtime = runtime.enter();
        finish(body);
    };
    match how {
        Threading::Ours => drop(ragspan::task::spawn_thread(job).join()),
        Threading::WithContext => drop(std::thread::spawn(ragspan::task::wrap(job)).join()),
        Threading::Handle => {
            let handle = ContextHandle::current();
            drop(std::thread::spawn(move || handle.run(job)).join());
        }
        Threading::Attached => {
            let attached = ragspan::task::with_current_context(async { job() });
            drop(std::thread::spawn(|| finish(attached)).join());
        }
        Threading::Pool => in_pool(env, job),
        Threading::Local => {
            let body = inside(env, step.mark, &step.bodies[0]);
            let body = ragspan::task::with_current_context(async {
                drop(ragspan::task::spawn_local(body).await)
            });
            drop(std::thread::spawn(|| locally(body)).join());
        }
        Threading::Blocking => drop(ragspan::task::spawn_blocking(job).await),
    }
}

/// Runs a job on the thread of the pool, and waits for it.
fn in_pool(env: &Arc<Environment>, job: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::channel::<()>();
    let in_request = ragspan::Context::current().trace_id().is_some();
    let stays = in_request && env.errs(Fault::LeakOverThread);
    let job = ragspan::task::wrap(move || {
        if stays {
            std::mem::forget(Span::current().entered());
        }
        drop(catch_unwind(AssertUnwindSafe(job)));
    });
    let job = move || {
        job();
        drop(done);
    };
    env.pool.lock().unwrap().send(Box::new(job)).unwrap();
    // The sender is dropped when the job is done.
    assert!(wait.recv().is_err());
}

/// Runs a future on a local runtime. The runtime is outside of the request: tasks on it belong to the request only if its
/// context is passed to them.
fn locally(body: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    LocalSet::new().block_on(&runtime, body);
}

async fn limit(body: BoxFuture<'static, ()>, passes: bool) {
    if passes {
        let never = async {
            body.await;
            std::future::pending::<()>().await;
        };
        drop(ragspan::task::timeout(Duration::ZERO, never).await);
    } else {
        drop(ragspan::task::timeout(Duration::from_secs(3600), body).await);
    }
}
