//! The annotated functions of the trees, of every shape and level, with and without `context_from`.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{Stream, StreamExt, stream};
use ragspan::{LogContext, rag_span};
use tracing::Level;

use super::act::{Environment, finish, follow, inside};
use super::event::{INSIDE, LAST, emit};
use super::plan::{Block, Mark, Names};

/// The names of the fields of scopes.
pub(super) const NAMES: [&str; 6] = [
    "request_id",
    "user_id",
    "session_id",
    "tenant_id",
    "plan",
    "scope",
];

#[derive(LogContext)]
pub(super) struct Request {
    request_id: Option<String>,
    user_id: Option<String>,
    session_id: Option<String>,
    tenant_id: Option<String>,
    plan: Option<String>,
    /// Identifies the scope of a record.
    scope: Mark,
}

/// Returns the value that a step gives a field.
pub(super) fn value(name: usize, mark: Mark) -> String {
    format!("{}-{mark}", NAMES[name])
}

impl Request {
    pub(super) fn of(mark: Mark, names: Names) -> Self {
        let field = |name: usize| names[name].then(|| value(name, mark));
        Self {
            request_id: field(0),
            user_id: field(1),
            session_id: field(2),
            tenant_id: field(3),
            plan: field(4),
            scope: mark,
        }
    }
}

/// The arguments of a call: its environment, its number, and its body.
pub(super) struct Given {
    pub(super) env: Arc<Environment>,
    pub(super) mark: Mark,
    pub(super) body: Block,
    pub(super) names: Names,
}

impl Given {
    fn run(self) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.env.keep();
            inside(&self.env, self.mark, &self.body).await;
        })
    }

    fn request(&self) -> Request {
        Request::of(self.mark, self.names)
    }
}

/// A function, and its properties for the model.
pub(super) struct Shape {
    pub(super) level: Level,
    /// True if the function opens a scope of its own.
    pub(super) scoped: bool,
    pub(super) function: Function,
}

pub(super) enum Function {
    Async(fn(Mark, Given) -> BoxFuture<'static, ()>),
    Sync(fn(Mark, Given)),
}

impl Shape {
    pub(super) fn is_sync(&self) -> bool {
        matches!(self.function, Function::Sync(_))
    }
}

macro_rules! shapes {
    ($($kind:ident $scoped:ident $name:ident $layer:literal $level:literal $constant:ident;)*) => {
        $(shapes!(@ $kind $scoped $name $layer $level);)*

        pub(super) const SHAPES: &[Shape] = &[$(Shape {
            level: Level::$constant,
            scoped: shapes!(= $scoped),
            function: shapes!(= $kind $name),
        }),*];
    };
    (@ Async Plain $name:ident $layer:literal $level:literal) => {
        #[rag_span(layer = $layer, level = $level, context(mark))]
        async fn $name(mark: Mark, given: Given) {
            given.run().await;
        }
    };
    (@ Async Scoped $name:ident $layer:literal $level:literal) => {
        #[rag_span(layer = $layer, level = $level, context(mark), context_from = given.request())]
        async fn $name(mark: Mark, given: Given) {
            given.run().await;
        }
    };
    (@ Boxed Plain $name:ident $layer:literal $level:literal) => {
        #[rag_span(layer = $layer, level = $level, context(mark))]
        fn $name(mark: Mark, given: Given) -> BoxFuture<'static, ()> {
            given.run()
        }
    };
    (@ Sync Plain $name:ident $layer:literal $level:literal) => {
        #[rag_span(layer = $layer, level = $level, context(mark))]
        fn $name(mark: Mark, given: Given) {
            finish(given.run());
        }
    };
    (@ Sync Scoped $name:ident $layer:literal $level:literal) => {
        #[rag_span(layer = $layer, level = $level, context(mark), context_from = given.request())]
        fn $name(mark: Mark, given: Given) {
            finish(given.run());
        }
    };
    (= Plain) => { false };
    (= Scoped) => { true };
    (= Sync $name:ident) => { Function::Sync($name) };
    (= $kind:ident $name:ident) => { Function::Async(|mark, given| Box::pin($name(mark, given))) };
}

shapes! {
    Async Plain answer "api" "info" INFO;
    Async Plain search "retrieval" "debug" DEBUG;
    Async Plain generate "generation" "warn" WARN;
    Async Scoped remember "memory" "info" INFO;
    Async Scoped rank "retrieval" "debug" DEBUG;
    Boxed Plain embed "ingestion" "info" INFO;
    Boxed Plain load "data" "debug" DEBUG;
    Sync Plain parse "ingestion" "info" INFO;
    Sync Plain chunk "ingestion" "debug" DEBUG;
    Sync Plain grade "evaluation" "warn" WARN;
    Sync Scoped store "data" "info" INFO;
    Sync Scoped fetch "data" "debug" DEBUG;
}

/// The level of the streams.
pub(super) const STREAMED: Level = Level::INFO;

enum Part {
    Emit(u32),
    Run(Block),
}

#[rag_span(layer = "generation", context(mark))]
pub(super) fn tokens(
    mark: Mark,
    env: &Arc<Environment>,
    items: &[Block],
) -> impl Stream<Item = ()> + Send + 'static {
    let mut parts = vec![Part::Emit(INSIDE)];
    parts.extend(items.iter().cloned().map(Part::Run));
    parts.push(Part::Emit(LAST));
    let env = Arc::clone(env);
    stream::iter(parts).then(move |part| {
        let env = Arc::clone(&env);
        async move {
            match part {
                Part::Emit(rank) => emit(mark, rank),
                Part::Run(block) => follow(&env, &block).await,
            }
        }
    })
}
