//! Selects the sets of arguments for each shape, and the environments that the pairs are compiled in.

use fastrand::Rng;

use crate::arguments::{self, ARGUMENTS, Effect, Set};
use crate::shape::Shape;

/// How much of the matrix is run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Extent {
    /// A few sets for each shape.
    Sample,
    /// No arguments, every argument alone, and sets that contain every two arguments together.
    All,
    /// Twins with planted faults, to check that the faults are found.
    Planted,
}

impl Extent {
    /// Returns the name for the folder and the programs: two extents may be built at the same time.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::All => "all",
            Self::Planted => "planted",
        }
    }
}

/// The number of sets for each shape in a sample.
const SETS_PER_SAMPLE: usize = 3;

/// The size of the sets that cover all combinations of two arguments.
const COVERING_SIZE: usize = 12;

/// A shape with a set of arguments, in one environment.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) shape: usize,
    pub(crate) set: Set,
    pub(crate) environment: Environment,
}

/// The environment of a function: its edition, and whether its module shadows the names of the prelude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Environment {
    pub(crate) edition_2024: bool,
    pub(crate) hostile: bool,
}

/// The pairs of a run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) shapes: Vec<Shape>,
    pub(crate) pairs: Vec<Pair>,
    pub(crate) extent: Extent,
    pub(crate) seed: u64,
}

impl Plan {
    pub(crate) fn new(shapes: Vec<Shape>, extent: Extent, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut pairs = Vec::new();
        for (index, shape) in shapes.iter().enumerate() {
            let turn = rng.usize(..4);
            for (at, set) in sets(shape, extent, &mut rng).into_iter().enumerate() {
                let environment = Environment {
                    edition_2024: shape.edition_2024 || (turn + at).is_multiple_of(2),
                    hostile: !shape.prelude && (turn / 2 + at / 2).is_multiple_of(2),
                };
                pairs.push(Pair {
                    shape: index,
                    set,
                    environment,
                });
            }
        }
        Self {
            shapes,
            pairs,
            extent,
            seed,
        }
    }

    pub(crate) fn shape(&self, pair: &Pair) -> &Shape {
        &self.shapes[pair.shape]
    }

    /// Returns the shape, the arguments and the environment of a pair as text.
    pub(crate) fn title(&self, pair: &Pair) -> String {
        format!(
            "{} × ({}) in edition {}{}",
            self.shape(pair).name,
            arguments::render(&pair.set, self.shape(pair)),
            if pair.environment.edition_2024 {
                2024
            } else {
                2021
            },
            if pair.environment.hostile {
                ", hostile names"
            } else {
                ""
            },
        )
    }

    pub(crate) fn headline(&self) -> String {
        let rows = self.shapes.iter().filter(|shape| shape.row).count();
        let sets: std::collections::HashSet<&Set> =
            self.pairs.iter().map(|pair| &pair.set).collect();
        format!(
            "matrix: {} shapes ({rows} of the 43 rows of macros.md 1.3; the others must not compile), {} arguments, \
             {} sets, {} pairs, seed {}",
            self.shapes.len(),
            ARGUMENTS.len(),
            sets.len(),
            self.pairs.len(),
            self.seed,
        )
    }

    /// Returns a line for each pair.
    pub(crate) fn table(&self) -> String {
        let lines = self.pairs.iter().map(|pair| self.title(pair) + "\n");
        lines.collect()
    }
}

/// Returns the effects of the arguments of a set on a record.
pub(crate) fn effects(set: &Set) -> impl Iterator<Item = Effect> + '_ {
    set.iter().map(|index| ARGUMENTS[*index].effect)
}

fn sets(shape: &Shape, extent: Extent, rng: &mut Rng) -> Vec<Set> {
    let fitting: Vec<usize> = (0..ARGUMENTS.len())
        .filter(|index| ARGUMENTS[*index].fits(shape))
        .collect();
    match extent {
        Extent::Planted => vec![Set::new()],
        Extent::Sample => sample(&fitting, rng),
        Extent::All => all(&fitting, rng),
    }
}

/// Returns sets of different sizes, from none or one to six arguments.
fn sample(fitting: &[usize], rng: &mut Rng) -> Vec<Set> {
    let mut sets: Vec<Set> = Vec::new();
    for size in [rng.usize(..2), 2, 3, 5, 6, 4] {
        let set = compatible(fitting, size, rng);
        if sets.len() < SETS_PER_SAMPLE && !sets.contains(&set) {
            sets.push(set);
        }
    }
    sets
}

/// Returns the empty set, each argument alone, and larger sets until every two arguments are together in one.
fn all(fitting: &[usize], rng: &mut Rng) -> Vec<Set> {
    let mut sets: Vec<Set> = vec![Set::new()];
    sets.extend(fitting.iter().map(|index| vec![*index]));
    let mut missing: Vec<(usize, usize)> = Vec::new();
    for (at, one) in fitting.iter().enumerate() {
        let others = fitting
            .iter()
            .skip(at + 1)
            .filter(|other| ARGUMENTS[**other].key != ARGUMENTS[*one].key);
        missing.extend(others.map(|other| (*one, *other)));
    }
    while let Some((one, other)) = missing.pop() {
        let mut set = vec![one, other];
        fill(&mut set, fitting, COVERING_SIZE, rng);
        missing.retain(|(one, other)| !(set.contains(one) && set.contains(other)));
        sets.push(set);
    }
    sets
}

fn compatible(fitting: &[usize], size: usize, rng: &mut Rng) -> Set {
    let mut set = Set::new();
    fill(&mut set, fitting, size, rng);
    set
}

/// Adds arguments of other keys, up to `size` or as many as there are.
fn fill(set: &mut Set, fitting: &[usize], size: usize, rng: &mut Rng) {
    let mut others = fitting.to_vec();
    rng.shuffle(&mut others);
    for index in others {
        let same_key = |taken: &usize| ARGUMENTS[*taken].key == ARGUMENTS[index].key;
        if set.len() < size && !set.iter().any(same_key) {
            set.push(index);
        }
    }
    rng.shuffle(set);
}

/// Returns the status of a call with these arguments, and whether it is a success with a value.
pub(crate) fn status(written: &str, set: &Set) -> (String, bool) {
    let detects_empty = effects(set).any(|effect| effect == Effect::Empty);
    let (usual, empty) = written.split_once('/').unwrap_or((written, written));
    match if detects_empty { empty } else { usual } {
        "none" => ("success".to_owned(), false),
        status => (status.to_owned(), status == "success"),
    }
}
