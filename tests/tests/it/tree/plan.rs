//! Random plans of programs, and the next smaller plans of a plan.

use std::fmt;
use std::sync::Arc;

use super::calls::SHAPES;
use super::compose::COMPOSITIONS;

/// The number of a step, which is in all its records.
pub(super) type Mark = u32;

pub(super) type Block = Arc<Vec<Step>>;

/// The fields of a scope that are set.
pub(super) type Names = [bool; 5];

/// Requests that run concurrently, and their runtime.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) requests: Vec<Block>,
    /// The number of threads of the runtime; with one, it is the thread of the test.
    pub(super) threads: usize,
    pub(super) composition: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) mark: Mark,
    pub(super) act: Act,
    pub(super) bodies: Vec<Block>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Emit,
    Turn,
    /// Stays pending until it is dropped.
    Hang,
    Bind(Bound),
    /// Emits an event when it is dropped at the end of its block.
    Guard,
    /// Panics, and unwinds to the next catch, or to the end of its task or thread.
    Panic,
    /// Calls a function of this shape, which may open a scope of its own with these fields.
    Call(usize, Names),
    /// Consumes this number of items of a stream; the last body runs in the consumer, after the first item.
    Stream(usize),
    Scope(Scoping, Names),
    /// Enters a third-party span of this level.
    Foreign(usize),
    /// Opens a scope, and runs the body in the context from before the scope, as a closure or a future.
    Back(bool, Names),
    AtOnce(Together),
    Start(Starting, Ending, Names),
    Thread(Threading),
    Catch,
    /// Runs the body with a time limit, which may expire.
    Limit(bool),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    /// Binds a field that no other step binds.
    Own,
    /// Binds one of the fields of a scope.
    Name(usize),
    All(Names),
    Unbind(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Scoping {
    Future,
    Closure,
    Guard,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Together {
    Join,
    Unordered,
    /// Drops the futures that are not ready first.
    Select,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Starting {
    Ours,
    Tokio,
    Attached,
    /// A future with a scope that is opened by the step.
    Scoped,
    /// A thread with the subscriber only.
    Bare,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    Join,
    Abort(u32),
    Detach,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Threading {
    Ours,
    WithContext,
    Handle,
    Attached,
    /// The thread that all requests share.
    Pool,
    /// A separate runtime, with a set of local tasks.
    Local,
    Blocking,
}

impl Plan {
    /// Creates a plan of about `size` steps.
    pub(super) fn random(random: &mut fastrand::Rng, size: u32, compositions: usize) -> Self {
        let requests = random.usize(1..4);
        let mut growing = Growing {
            random,
            left: size,
            next: 0,
        };
        let requests: Vec<_> = (0..requests)
            .map(|_| growing.block(Spot::TOP, false))
            .collect();
        Self {
            requests,
            threads: [1, 1, 1, 2][growing.random.usize(..4)],
            composition: growing.random.usize(..compositions),
        }
    }

    /// Returns the steps of all requests, nested ones too.
    pub(super) fn steps(&self) -> Vec<&Step> {
        let mut found = Vec::new();
        let mut blocks: Vec<_> = self.requests.iter().collect();
        while let Some(block) = blocks.pop() {
            for step in block.iter() {
                found.push(step);
                blocks.extend(&step.bodies);
            }
        }
        found
    }

    /// Returns all plans without one step of this one, or with the step replaced by its body; the smallest first.
    pub(super) fn smaller(&self) -> Vec<Self> {
        let mut all = Vec::new();
        for index in 0..self.requests.len() {
            let mut fewer = self.clone();
            fewer.requests.remove(index);
            all.push(fewer);
            all.extend(without_one(&self.requests[index]).into_iter().map(|block| {
                let mut other = self.clone();
                other.requests[index] = block;
                other
            }));
        }
        if self.threads > 1 {
            all.push(Self {
                threads: 1,
                ..self.clone()
            });
        }
        all.sort_by_key(|plan| plan.steps().len());
        all
    }
}

/// One line for each step, with nested steps indented below it; a dash separates its bodies.
impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = COMPOSITIONS[self.composition].name;
        writeln!(out, "{name}; threads: {}", self.threads)?;
        self.requests
            .iter()
            .enumerate()
            .try_for_each(|(index, request)| {
                writeln!(out, "request {index}")?;
                print(request, 1, out)
            })
    }
}

fn print(block: &Block, depth: usize, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let margin = "  ".repeat(depth);
    for step in block.iter() {
        writeln!(out, "{margin}{} {:?}", step.mark, step.act)?;
        for (index, body) in step.bodies.iter().enumerate() {
            if index > 0 {
                writeln!(out, "{margin}-")?;
            }
            print(body, depth + 1, out)?;
        }
    }
    Ok(())
}

fn without_one(block: &Block) -> Vec<Block> {
    let mut all = Vec::new();
    for (index, step) in block.iter().enumerate() {
        let with = |middle: &[Step]| {
            let (before, after) = (&block[..index], &block[index + 1..]);
            Arc::new([before, middle, after].concat())
        };
        all.push(with(&[]));
        if step.can_be_unwrapped() {
            let inside: Vec<_> = step.bodies.iter().flat_map(|body| body.to_vec()).collect();
            all.push(with(&inside));
        }
        for (index, body) in step.bodies.iter().enumerate() {
            all.extend(without_one(body).into_iter().map(|body| {
                let mut step = step.clone();
                step.bodies[index] = body;
                with(&[step])
            }));
        }
    }
    all
}

impl Step {
    /// Returns whether the step can be replaced by its body. A step that awaits a task needs something that drives the task, and
    /// a step that stays pending needs something that ends it.
    fn can_be_unwrapped(&self) -> bool {
        let needed = matches!(
            self.act,
            Act::Start(..) | Act::Thread(Threading::Local) | Act::Limit(_)
        );
        !self.bodies.is_empty() && !needed
    }
}

/// The constraints on a block.
#[derive(Clone, Copy)]
struct Spot {
    depth: u32,
    /// The block is polled to completion, so it must not wait for tasks of the same thread.
    sync: bool,
    /// The thread of the pool waits for the block.
    pooled: bool,
    /// The block will be dropped, so it need not complete.
    doomed: bool,
}

impl Spot {
    const TOP: Self = Self {
        depth: 6,
        sync: false,
        pooled: false,
        doomed: false,
    };
}

struct Growing<'a> {
    random: &'a mut fastrand::Rng,
    /// The number of steps that may follow.
    left: u32,
    next: Mark,
}

impl Growing<'_> {
    /// Creates a block; if it is to be ended from outside, the last step is a call that stays pending.
    fn block(&mut self, at: Spot, ends: bool) -> Block {
        let most = if at.depth == Spot::TOP.depth { 7 } else { 5 };
        let count = self.random.usize(1..most);
        let mut steps: Vec<_> = (0..count).map_while(|_| self.step(at)).collect();
        steps.extend(ends.then(|| self.hanging()));
        Arc::new(steps)
    }

    /// Creates a call that does not end by itself.
    fn hanging(&mut self) -> Step {
        let awaits = |shape: &usize| !SHAPES[*shape].is_sync();
        let shapes: Vec<_> = (0..SHAPES.len()).filter(awaits).collect();
        let shape = shapes[self.random.usize(..shapes.len())];
        let hang = self.numbered(Act::Hang, Vec::new());
        self.numbered(Act::Call(shape, [false; 5]), vec![Arc::new(vec![hang])])
    }

    fn numbered(&mut self, act: Act, bodies: Vec<Block>) -> Step {
        self.next += 1;
        let mark = self.next;
        Step { mark, act, bodies }
    }

    fn step(&mut self, at: Spot) -> Option<Step> {
        self.left = self.left.checked_sub(1)?;
        let act = if at.depth == 0 {
            self.leaf(at)
        } else {
            self.act(at)
        };
        let bodies = self.bodies(act, at);
        Some(self.numbered(act, bodies))
    }

    fn leaf(&mut self, at: Spot) -> Act {
        match self.random.u32(..12) {
            0..=3 => Act::Emit,
            4 => Act::Turn,
            5 => Act::Guard,
            6 if self.random.u32(..3) == 0 => Act::Panic,
            7..=9 if at.doomed => Act::Hang,
            _ => Act::Bind(match self.random.u32(..4) {
                0 | 1 => Bound::Own,
                2 if self.random.bool() => Bound::All(self.names()),
                2 => Bound::Unbind(self.random.usize(..5)),
                _ => Bound::Name(self.random.usize(..5)),
            }),
        }
    }

    fn act(&mut self, at: Spot) -> Act {
        match self.random.u32(..29) {
            0 | 1 if at.doomed => Act::Hang,
            0..=4 => self.leaf(at),
            5..=11 => Act::Call(self.random.usize(..SHAPES.len()), self.names()),
            12 | 13 => Act::Stream(self.random.usize(..5)),
            14..=16 => {
                let all = [Scoping::Future, Scoping::Closure, Scoping::Guard];
                Act::Scope(all[self.random.usize(..all.len())], self.names())
            }
            17 => Act::Foreign(self.random.usize(..5)),
            18 => {
                let all = [Together::Join, Together::Unordered, Together::Select];
                Act::AtOnce(all[self.random.usize(..all.len())])
            }
            19..=22 => self.start(at),
            23 | 24 => Act::Thread(self.thread(at)),
            25 => Act::Catch,
            26 => Act::Back(self.random.bool(), self.names()),
            _ if at.sync => Act::Catch,
            _ => Act::Limit(self.random.bool()),
        }
    }

    fn start(&mut self, at: Spot) -> Act {
        use Starting::{Attached, Bare, Ours, Scoped, Tokio};
        let how = [Ours, Ours, Ours, Tokio, Attached, Scoped, Bare][self.random.usize(..7)];
        let end = match self.random.u32(..4) {
            _ if at.sync => Ending::Detach,
            0 => Ending::Join,
            1 | 2 => Ending::Abort(self.random.u32(..4)),
            _ => Ending::Detach,
        };
        Act::Start(how, end, self.names())
    }

    fn thread(&mut self, at: Spot) -> Threading {
        use Threading::{Attached, Blocking, Handle, Local, Ours, Pool, WithContext};
        let how =
            [Ours, WithContext, Handle, Attached, Local, Blocking, Pool][self.random.usize(..7)];
        let awaits = at.sync && how == Blocking || at.pooled && how == Pool;
        if awaits { Ours } else { how }
    }

    fn names(&mut self) -> Names {
        std::array::from_fn(|_| self.random.u32(..3) == 0)
    }

    fn bodies(&mut self, act: Act, at: Spot) -> Vec<Block> {
        let mut spot = Spot {
            depth: at.depth.saturating_sub(1),
            ..at
        };
        let count = match act {
            Act::Emit | Act::Turn | Act::Hang | Act::Bind(_) | Act::Guard | Act::Panic => 0,
            Act::AtOnce(_) => self.random.usize(2..4),
            Act::Stream(_) => self.random.usize(2..4),
            _ => 1,
        };
        spot.sync = match act {
            Act::Call(shape, _) => at.sync || SHAPES[shape].is_sync(),
            Act::Scope(how, _) => at.sync || !matches!(how, Scoping::Future),
            Act::Start(..) | Act::Thread(Threading::Local) => false,
            Act::Thread(_) | Act::Back(true, _) => true,
            _ => at.sync,
        };
        spot.doomed = match act {
            Act::Start(_, Ending::Abort(_), _) | Act::Limit(true) => true,
            Act::Start(..) | Act::Thread(_) => false,
            _ => at.doomed && !spot.sync,
        };
        spot.pooled = at.pooled || matches!(act, Act::Thread(Threading::Pool));
        let ends = spot.doomed && !at.doomed;
        let body = |_| self.block(spot, ends);
        (0..count).map(body).collect()
    }
}
