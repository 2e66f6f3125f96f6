//! What a plan says of its records, whatever the order in which its steps ran: which call, which trace, which scope each
//! belongs to, and what is bound where.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use tracing::Level;

use super::calls::{NAMES, SHAPES, STREAMED, value};
use super::event::OUTSIDE;
use super::plan::{Act, Block, Bound, Mark, Names, Plan, Starting, Step};

/// The call and the scope that are nearest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Position {
    pub(super) call: Option<Mark>,
    scope: Option<Mark>,
}

/// Where the records of a step belong.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spot {
    /// What is said before and after it.
    pub(super) outside: Position,
    /// The records of the call itself.
    pub(super) own: Position,
    pub(super) inside: Position,
    /// A call that a filter hides, which is no node.
    pub(super) hidden: bool,
}

/// What fields are bound to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Frame {
    Scope(Mark),
    /// Of the trace that began with this call.
    Trace(Mark),
}

/// A scope: it begins with its own fields over those of the frame outside.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) outer: Option<Frame>,
    names: Names,
}

/// A field that a step sets, or takes away.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) frame: Frame,
    pub(super) name: &'static str,
    pub(super) value: Value,
    pub(super) mark: Mark,
}

/// All that a plan says.
pub(super) struct Model<'a> {
    shows: &'a dyn Fn(Mark, Level) -> bool,
    pub(super) spots: BTreeMap<Mark, Spot>,
    /// Of each call, that above it.
    parents: BTreeMap<Mark, Option<Mark>>,
    pub(super) scopes: BTreeMap<Mark, Opened>,
    pub(super) writes: Vec<Write>,
}

impl<'a> Model<'a> {
    /// Of a plan under a subscriber that shows these spans.
    pub(super) fn of(plan: &Plan, shows: &'a dyn Fn(Mark, Level) -> bool) -> Self {
        let mut model = Self {
            shows,
            spots: BTreeMap::from([(OUTSIDE, Spot::default())]),
            parents: BTreeMap::new(),
            scopes: BTreeMap::new(),
            writes: Vec::new(),
        };
        for request in &plan.requests {
            model.block(request, Position::default());
        }
        model
    }

    pub(super) fn is_call(&self, mark: Mark) -> bool {
        self.parents.contains_key(&mark)
    }

    pub(super) fn parent(&self, call: Mark) -> Option<Mark> {
        self.parents.get(&call).copied().flatten()
    }

    /// The call that a call's trace began with.
    pub(super) fn root(&self, call: Mark) -> Mark {
        self.parent(call).map_or(call, |above| self.root(above))
    }

    /// What is bound at a place: that of the nearest scope, else of the trace.
    pub(super) fn frame(&self, position: Position) -> Option<Frame> {
        let scope = position.scope.map(Frame::Scope);
        scope.or_else(|| Some(Frame::Trace(self.root(position.call?))))
    }

    /// What a frame begins with under this name of its own; `None` where it is as it is outside.
    pub(super) fn initial(&self, scope: Mark, name: &str) -> Option<Value> {
        let names = self.scopes.get(&scope)?.names;
        let index = NAMES.iter().position(|known| *known == name)?;
        field(index, names, scope)
    }

    fn block(&mut self, block: &Block, position: Position) {
        for step in block.iter() {
            self.step(step, position);
        }
    }

    fn step(&mut self, step: &Step, position: Position) {
        let spot = self.spot(step, position);
        self.spots.insert(step.mark, spot);
        if let Act::Bind(bound) = step.act {
            self.bind(step.mark, bound, position);
        }
        for (index, body) in step.bodies.iter().enumerate() {
            let consumes = matches!(step.act, Act::Stream(_)) && index + 1 == step.bodies.len();
            self.block(body, if consumes { position } else { spot.inside });
        }
    }

    fn spot(&mut self, step: &Step, position: Position) -> Spot {
        let alike = Spot {
            outside: position,
            own: position,
            inside: position,
            hidden: false,
        };
        match step.act {
            Act::Call(shape, names) => {
                let shape = &SHAPES[shape];
                self.call(
                    step.mark,
                    shape.level,
                    shape.scoped.then_some(names),
                    position,
                )
            }
            Act::Stream(_) => self.call(step.mark, STREAMED, None, position),
            Act::Scope(_, names) | Act::Start(Starting::Scoped, _, names) => Spot {
                inside: self.open(step.mark, names, position),
                ..alike
            },
            Act::Start(Starting::Bare, ..) => Spot {
                inside: Position::default(),
                ..alike
            },
            _ => alike,
        }
    }

    fn open(&mut self, mark: Mark, names: Names, outside: Position) -> Position {
        let outer = self.frame(outside);
        self.scopes.insert(mark, Opened { outer, names });
        Position {
            scope: Some(mark),
            ..outside
        }
    }

    fn call(&mut self, mark: Mark, level: Level, names: Option<Names>, outside: Position) -> Spot {
        let scoped = names.map_or(outside, |names| self.open(mark, names, outside));
        let own = Position {
            call: Some(mark),
            ..scoped
        };
        self.parents.insert(mark, outside.call);
        let hidden = !(self.shows)(mark, level);
        let inside = if hidden { outside } else { own };
        Spot {
            outside,
            own,
            inside,
            hidden,
        }
    }

    fn bind(&mut self, mark: Mark, bound: Bound, position: Position) {
        let Some(frame) = self.frame(position) else {
            return;
        };
        let mut write = |name, value| {
            self.writes.push(Write {
                frame,
                name,
                value,
                mark,
            });
        };
        match bound {
            Bound::Own => write(own_key(mark), json!(mark)),
            Bound::Name(name) => write(NAMES[name], json!(value(name, mark))),
            Bound::Unbind(name) => write(NAMES[name], Value::Null),
            Bound::All(names) => (0..NAMES.len())
                .filter_map(|index| Some((NAMES[index], field(index, names, mark)?)))
                .for_each(|(name, value)| write(name, value)),
        }
    }
}

/// A field of the scope that this step opens.
fn field(index: usize, names: Names, mark: Mark) -> Option<Value> {
    match names.get(index) {
        None => Some(json!(mark)),
        Some(set) => set.then(|| json!(value(index, mark))),
    }
}

/// The name of the field that only this step binds.
pub(super) fn own_key(mark: Mark) -> &'static str {
    static KEYS: Mutex<BTreeMap<Mark, &'static str>> = Mutex::new(BTreeMap::new());
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    keys.entry(mark)
        .or_insert_with(|| Box::leak(format!("bound_{mark}").into_boxed_str()))
}
