//! A module without a prelude, in which every name that an expansion could use is another item.

/// The names that hostile modules import instead of a prelude, for the head of a program.
pub(crate) const NAMES: &str = r#"
#[allow(dead_code, unused_macros, non_snake_case, non_upper_case_globals, clippy::all, clippy::pedantic)]
mod hostile {
    pub mod std {}
    pub mod core {}
    pub mod alloc {}
    pub mod ragspan {}
    pub mod tracing {}
    pub mod matrix {}
    pub enum Result {}
    pub enum Option {}
    pub enum String {}
    pub enum Box {}
    pub enum Vec {}
    pub enum Infallible {}
    pub trait Future {}
    pub trait Stream {}
    pub trait Send {}
    pub trait Fn {}
    pub trait FnOnce {}
    pub trait Drop {}
    pub trait Into {}
    pub trait Debug {}
    pub trait Display {}
    pub struct Some;
    pub struct None;
    pub struct Pin;
    pub struct Call;
    pub struct Probe;
    pub struct Layer;
    pub struct Level;
    pub struct SpanCallsite;
    pub struct Field;
    pub fn Ok() {}
    pub fn Err() {}
    pub fn field() {}
    pub fn metric() {}
    pub fn debug() {}
    pub fn display() {}
    pub static CALLSITE: u8 = 1;
    pub static META: u8 = 1;
    pub const call: u8 = 2;
    pub const ret: u8 = 3;
    pub const value: u8 = 4;
    pub const callsite: u8 = 5;
    pub const span: u8 = 6;
    pub const this: u8 = 7;
    pub mod private {}
    pub mod __private {}
}
"#;

/// The head of a hostile module.
pub(crate) const HEAD: &str = r#"
#[allow(unused_imports)]
use ::std::{convert::Into as _, future::Future as _};
#[allow(unused_imports)]
use crate::hostile::{
    Box, Call, Debug, Display, Drop, Err, Field, Fn, FnOnce, Future, Infallible, Into, Layer, Level, META, None, Ok,
    Option, Pin, Probe, Result, CALLSITE, Send, Some, SpanCallsite, Stream, String, Vec, __private, alloc, call,
    core, debug, display, field, matrix, metric, private, ragspan, ret, callsite, span, std, this, tracing, value,
};
"#;

/// The full paths of the names that hostile modules hide.
const FULL_PATHS: &[(&str, &str)] = &[
    ("std", "::std"),
    ("matrix", "::matrix"),
    ("async_trait", "::async_trait"),
    ("Result", "::std::result::Result"),
    ("Ok", "::std::result::Result::Ok"),
    ("Err", "::std::result::Result::Err"),
    ("Option", "::std::option::Option"),
    ("Some", "::std::option::Option::Some"),
    ("None", "::std::option::Option::None"),
    ("String", "::std::string::String"),
    ("Box", "::std::boxed::Box"),
    ("Vec", "::std::vec::Vec"),
    ("Infallible", "::std::convert::Infallible"),
    ("Future", "::std::future::Future"),
    ("Pin", "::std::pin::Pin"),
    ("Stream", "::matrix::Stream"),
    ("Send", "::std::marker::Send"),
    ("Fn", "::std::ops::Fn"),
    ("FnOnce", "::std::ops::FnOnce"),
    ("Drop", "::std::ops::Drop"),
    ("Into", "::std::convert::Into"),
    ("Debug", "::std::fmt::Debug"),
    ("Display", "::std::fmt::Display"),
];

/// Replaces the names that a hostile module hides by their full paths.
pub(crate) fn spelled_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = token(rest, first);
        let (token, after) = rest.split_at(length);
        let full_path = FULL_PATHS.iter().find(|(word, _)| *word == token);
        match full_path.filter(|_| is_first_segment(&out)) {
            Some((_, path)) => out.push_str(path),
            None => out.push_str(token),
        }
        rest = after;
    }
    out
}

/// Returns the length of the word, the comment, the string or the other character that `rest` begins with.
fn token(rest: &str, first: char) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let until = |end: &str, from: usize| {
        rest.get(from..)
            .and_then(|rest| rest.find(end))
            .map_or(rest.len(), |at| from + at + end.len())
    };
    if rest.starts_with("//") {
        until("\n", 2)
    } else if rest.starts_with("r#\"") {
        until("\"#", 3)
    } else if first == '"' {
        string(rest)
    } else if is_word(first) {
        rest.find(|c| !is_word(c)).unwrap_or(rest.len())
    } else {
        first.len_utf8()
    }
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

/// Returns whether a word after `before` is not a field, a later segment of a path, or a lifetime.
fn is_first_segment(before: &str) -> bool {
    let before = before.trim_end();
    let last = before.chars().next_back();
    // `Debug` in `err(Debug)` is a keyword of the attribute.
    let of_attribute = before.ends_with("err(") || before.ends_with("ret(");
    !(of_attribute || before.ends_with("::") || matches!(last, Some('.' | '\'' | '#')))
}

#[cfg(test)]
mod tests {
    use super::spelled_out;

    #[test]
    fn a_name_of_the_prelude_is_replaced_by_its_full_path() {
        for (text, expected) in [
            ("Ok(1)", "::std::result::Result::Ok(1)"),
            ("Result::Ok(a.Ok)", "::std::result::Result::Ok(a.Ok)"),
            (
                "\"Ok \\\" Some\" // None\nOkay",
                "\"Ok \\\" Some\" // None\nOkay",
            ),
            ("err(Debug), ret(Display)", "err(Debug), ret(Display)"),
            ("std::iter::once", "::std::iter::once"),
            ("::std::vec::Vec", "::std::vec::Vec"),
        ] {
            assert_eq!(spelled_out(text), expected);
        }
    }
}
