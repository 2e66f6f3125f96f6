//! Generates the programs: a module for each shape without the attribute, one for each pair with it, and a table of pairs.

use crate::arguments::{self, Effect};
use crate::hostile;
use crate::plan::{self, Environment, Extent, Pair, Plan};
use crate::shape::Shape;
use std::collections::BTreeMap;

/// A program, with the owner of each module.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) edition_2024: bool,
    pub(crate) text: String,
    /// The first line of each module, counted from 1.
    modules: Vec<(usize, Owner)>,
    lines: usize,
}

/// The owner of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Owner {
    Nobody,
    /// A shape without the attribute.
    Plain(usize, Environment),
    /// A pair, by its index in the plan.
    Pair(usize),
}

impl Program {
    /// Returns the path in the workspace of the programs.
    pub(crate) fn source(&self) -> String {
        let edition = if self.edition_2024 { 2024 } else { 2021 };
        format!("e{edition}/src/bin/{}.rs", self.name)
    }

    /// Returns the owner of the module that a line belongs to, and the number of the line in the module.
    pub(crate) fn owner(&self, line: usize) -> (Owner, usize) {
        let after = self.modules.partition_point(|(first, _)| *first <= line);
        let found = after.checked_sub(1).and_then(|at| self.modules.get(at));
        found.map_or((Owner::Nobody, line), |(first, owner)| {
            (*owner, line - first)
        })
    }

    fn line(&mut self, text: &str) {
        self.lines += text.lines().count().max(1);
        self.text.push_str(text);
        if !text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn module(&mut self, name: &str, owner: Owner, hostile: bool, content: &str) {
        self.modules.push((self.lines + 1, owner));
        if hostile {
            self.line("#[no_implicit_prelude]");
        }
        self.line(&format!("mod {name} {{"));
        self.line("#[allow(unused_imports)] use ::matrix::*;");
        if hostile {
            self.line(hostile::HEAD);
        }
        self.line(content);
        self.line("}");
    }
}

/// The maximum number of pairs in a program.
const MAX_PAIRS: usize = 200;

/// Generates the programs for these pairs of the plan.
pub(crate) fn write(plan: &Plan, pairs: &[usize], deny: bool) -> Vec<Program> {
    let mut programs = Vec::new();
    for edition_2024 in [false, true] {
        let of_edition =
            |index: &&usize| plan.pairs[**index].environment.edition_2024 == edition_2024;
        let pairs: Vec<usize> = pairs.iter().filter(of_edition).copied().collect();
        // At least two programs, so that they are built in parallel.
        let size = pairs.len().div_ceil(2).clamp(1, MAX_PAIRS);
        for (at, pairs) in pairs.chunks(size).enumerate() {
            let edition = if edition_2024 { 2024 } else { 2021 };
            let name = format!("matrix-{}-{edition}-{at}", plan.extent.name());
            programs.push(program(
                plan,
                pairs,
                Program {
                    name,
                    edition_2024,
                    ..Program::default()
                },
                deny,
            ));
        }
    }
    programs
}

fn program(plan: &Plan, pairs: &[usize], mut program: Program, deny: bool) -> Program {
    if deny {
        program.line("#![deny(warnings)]");
    }
    program.line(hostile::NAMES);
    let mut table = String::new();
    let mut plain: BTreeMap<Owner, String> = BTreeMap::new();
    for index in pairs {
        let pair = &plan.pairs[*index];
        let shape = plan.shape(pair);
        let owner = Owner::Plain(pair.shape, pair.environment);
        let hostile = pair.environment.hostile;
        let number = plain.len();
        let name = plain.entry(owner).or_insert_with(|| {
            let name = format!("plain_{number}");
            program.module(
                &name,
                owner,
                hostile,
                &content(shape, pair, &without(shape)),
            );
            name
        });
        let annotated = content(shape, pair, &with(shape, pair, plan.extent));
        program.module(
            &format!("pair_{index}"),
            Owner::Pair(*index),
            hostile,
            &annotated,
        );
        table.push_str(&row(*index, pair, shape, name));
    }
    program.modules.push((program.lines + 1, Owner::Nobody));
    program.line(&format!(
        "fn main() -> ::std::process::ExitCode {{\n::matrix::run(&[\n{table}])\n}}"
    ));
    program
}

/// Returns the items of a shape without the attribute.
pub(crate) fn without(shape: &Shape) -> String {
    let kept = shape
        .items
        .lines()
        .filter(|line| !line.trim_start().starts_with("#[rag"));
    kept.fold(String::new(), |text, line| text + line + "\n")
}

/// Returns the items of a shape with the attribute, and in a self-check with the planted fault.
pub(crate) fn with(shape: &Shape, pair: &Pair, extent: Extent) -> String {
    let arguments = arguments::render(&pair.set, shape);
    let attribute = |arguments: &str| format!("#[::ragspan::rag_span({arguments})]");
    let mut text = shape.items.replace("#[rag]", &attribute(&arguments));
    text = text.replace("#[rag(only ", "#[::ragspan::rag_span(");
    // Arguments that the shape has itself come after those of the set.
    text = text.replace("#[rag(", &format!("#[::ragspan::rag_span({arguments}, "));
    match (&shape.planted, extent) {
        (Some((from, to)), Extent::Planted) => text.replace(from, to),
        _ => text,
    }
}

/// Returns the content of a module: the items and the driver.
fn content(shape: &Shape, pair: &Pair, items: &str) -> String {
    let mut text = format!("{items}\npub fn drive(way: usize) -> String {{\nmatch way {{\n");
    for (way, drive) in shape.drives.iter().enumerate() {
        text += &format!("{way} => ::matrix::shown({}),\n", drive.call);
    }
    text.push_str("_ => unreachable!(),\n}\n}\n");
    if pair.environment.hostile {
        hostile::spelled_out(&text)
    } else {
        text
    }
}

fn row(index: usize, pair: &Pair, shape: &Shape, plain: &str) -> String {
    let cases = shape.drives.iter().map(|drive| {
        let ends = drive.statuses.iter();
        let (statuses, values): (Vec<String>, Vec<bool>) =
            ends.map(|status| plan::status(status, &pair.set)).unzip();
        let values = values.into_iter().filter(|has_one| *has_one).count();
        format!(
            "::matrix::Case {{ call: {:?}, statuses: &{statuses:?}, values: {values} }}",
            drive.call
        )
    });
    format!(
        "::matrix::Pair {{ id: {index}, plain: {plain}::drive, annotated: pair_{index}::drive, cases: &[{}], \
         expected: {} }},\n",
        cases.collect::<Vec<_>>().join(", "),
        expected(pair),
    )
}

fn expected(pair: &Pair) -> String {
    let (mut layer, mut operation, mut success, mut error) = ("data", None, "INFO", "ERROR");
    let (mut call_fields, mut success_fields) = (Vec::new(), Vec::new());
    let (mut counted_call, mut counted_success) = (0, 0);
    for effect in plan::effects(&pair.set) {
        match effect {
            Effect::Nothing | Effect::Empty => {}
            Effect::CallField(field) => call_fields.push(field),
            Effect::SuccessField(field) => success_fields.push(field),
            Effect::CountedCall => counted_call += 1,
            Effect::CountedSuccess => counted_success += 1,
            Effect::Operation(name) => operation = Some(name),
            Effect::Layer(name) => layer = name,
            Effect::SuccessLevel(level) => success = level,
            Effect::ErrorLevel(level) => error = level,
        }
    }
    format!(
        "::matrix::Expected {{ layer: {layer:?}, operation: {operation:?}, levels: ({success:?}, {error:?}), \
         call_fields: &{call_fields:?}, success_fields: &{success_fields:?}, counted_call: {counted_call}, \
         counted_success: {counted_success} }}"
    )
}
