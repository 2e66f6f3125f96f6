//! Chooses the sets of arguments for each shape, and the surroundings of each pair.

use fastrand::Rng;

use crate::arguments::{self, ARGUMENTS, Makes, Set};
use crate::shape::Shape;

/// How much of the matrix is run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Extent {
    /// A few sets for each shape.
    Sample,
    /// No arguments, every argument, and sets in which every two meet.
    All,
    /// A twin with another drop order, to see that it is found.
    Planted,
}

impl Extent {
    /// A word for its folder and programs: two extents may be built at the same time.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::All => "all",
            Self::Planted => "planted",
        }
    }
}

/// In each sample a shape meets so many sets.
const SAMPLED: usize = 3;

/// Where every two arguments have to meet, a set has so many.
const MANY: usize = 12;

/// A shape under a set of arguments.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) shape: usize,
    pub(crate) set: Set,
    pub(crate) company: Company,
}

/// The surroundings of a function: its edition, and whether its module is hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Company {
    pub(crate) edition_2024: bool,
    pub(crate) hostile: bool,
}

/// All that is to be run.
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
                let company = Company {
                    edition_2024: shape.edition_2024 || (turn + at).is_multiple_of(2),
                    hostile: !shape.prelude && (turn / 2 + at / 2).is_multiple_of(2),
                };
                pairs.push(Pair {
                    shape: index,
                    set,
                    company,
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

    /// Shape, arguments and company of a pair.
    pub(crate) fn title(&self, pair: &Pair) -> String {
        format!(
            "{} × ({}) in edition {}{}",
            self.shape(pair).name,
            arguments::written(&pair.set, self.shape(pair)),
            if pair.company.edition_2024 {
                2024
            } else {
                2021
            },
            if pair.company.hostile {
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

    /// Every pair, a line each.
    pub(crate) fn table(&self) -> String {
        let lines = self.pairs.iter().map(|pair| self.title(pair) + "\n");
        lines.collect()
    }
}

/// The combined effects of a set of arguments on a record.
pub(crate) fn makes(set: &Set) -> impl Iterator<Item = Makes> + '_ {
    set.iter().map(|index| ARGUMENTS[*index].makes)
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

/// No argument or one, a few, and many.
fn sample(fitting: &[usize], rng: &mut Rng) -> Vec<Set> {
    let mut sets: Vec<Set> = Vec::new();
    for size in [rng.usize(..2), 2, 3, 5, 6, 4] {
        let set = compatible(fitting, size, rng);
        if sets.len() < SAMPLED && !sets.contains(&set) {
            sets.push(set);
        }
    }
    sets
}

/// None, each alone, and then sets of many until every two have met.
fn all(fitting: &[usize], rng: &mut Rng) -> Vec<Set> {
    let mut sets: Vec<Set> = vec![Set::new()];
    sets.extend(fitting.iter().map(|index| vec![*index]));
    let mut apart: Vec<(usize, usize)> = Vec::new();
    for (at, one) in fitting.iter().enumerate() {
        let others = fitting
            .iter()
            .skip(at + 1)
            .filter(|other| ARGUMENTS[**other].key != ARGUMENTS[*one].key);
        apart.extend(others.map(|other| (*one, *other)));
    }
    while let Some((one, other)) = apart.pop() {
        let mut set = vec![one, other];
        fill(&mut set, fitting, MANY, rng);
        apart.retain(|(one, other)| !(set.contains(one) && set.contains(other)));
        sets.push(set);
    }
    sets
}

fn compatible(fitting: &[usize], size: usize, rng: &mut Rng) -> Set {
    let mut set = Set::new();
    fill(&mut set, fitting, size, rng);
    set
}

/// Adds arguments of other keys, as far as there are any.
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

/// How a call ends under these arguments, and whether it is a success with a value.
pub(crate) fn status(written: &str, set: &Set) -> (String, bool) {
    let is_empty = makes(set).any(|makes| makes == Makes::Empty);
    let (usual, empty) = written.split_once('/').unwrap_or((written, written));
    match if is_empty { empty } else { usual } {
        "none" => ("success".to_owned(), false),
        status => (status.to_owned(), status == "success"),
    }
}
