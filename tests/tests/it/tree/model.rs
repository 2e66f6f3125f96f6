//! The model of a plan: the call, the trace and the scope of each record, and the bound fields, independent of the order in
//! which the steps run.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use tracing::Level;

use super::calls::{NAMES, SHAPES, STREAMED, value};
use super::event::OUTSIDE;
use super::plan::{Act, Block, Bound, Mark, Names, Plan, Starting, Step};

/// The nearest call and the nearest scope.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Position {
    pub(super) call: Option<Mark>,
    scope: Option<Mark>,
}

/// The positions of the records of a step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spot {
    /// The position of the events before and after the step.
    pub(super) outside: Position,
    /// The position of the records of the call itself.
    pub(super) own: Position,
    pub(super) inside: Position,
    /// True if a filter disables the span of the call, so that it is not a node.
    pub(super) hidden: bool,
}

/// The target of a binding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Frame {
    Scope(Mark),
    /// The trace that began with this call.
    Trace(Mark),
}

/// A scope, whose own fields hide those of the enclosing frame.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) outer: Option<Frame>,
    names: Names,
}

/// A field that a step binds or unbinds.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) frame: Frame,
    pub(super) name: &'static str,
    pub(super) value: Value,
    pub(super) mark: Mark,
}

/// The expectations that follow from a plan.
pub(super) struct Model<'a> {
    shows: &'a dyn Fn(Mark, Level) -> bool,
    pub(super) spots: BTreeMap<Mark, Spot>,
    /// The parent of each call.
    parents: BTreeMap<Mark, Option<Mark>>,
    pub(super) scopes: BTreeMap<Mark, Opened>,
    pub(super) writes: Vec<Write>,
}

impl<'a> Model<'a> {
    /// Creates the model of a plan under a subscriber that enables these spans.
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

    /// Returns the call that the trace of a call began with.
    pub(super) fn root(&self, call: Mark) -> Mark {
        self.parent(call).map_or(call, |above| self.root(above))
    }

    /// Returns the frame that fields are read from at a position: the nearest scope, or else the trace.
    pub(super) fn frame(&self, position: Position) -> Option<Frame> {
        let scope = position.scope.map(Frame::Scope);
        scope.or_else(|| Some(Frame::Trace(self.root(position.call?))))
    }

    /// Returns the initial value of a field that the scope itself has; `None` if it has the value of the enclosing frame.
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

/// Returns a field of the scope that this step opens.
fn field(index: usize, names: Names, mark: Mark) -> Option<Value> {
    match names.get(index) {
        None => Some(json!(mark)),
        Some(set) => set.then(|| json!(value(index, mark))),
    }
}

/// Returns the name of the field that only this step binds.
pub(super) fn own_key(mark: Mark) -> &'static str {
    static KEYS: Mutex<BTreeMap<Mark, &'static str>> = Mutex::new(BTreeMap::new());
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    keys.entry(mark)
        .or_insert_with(|| Box::leak(format!("bound_{mark}").into_boxed_str()))
}
