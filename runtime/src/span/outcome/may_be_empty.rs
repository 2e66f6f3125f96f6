//! The trait of values that can be empty.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};

/// A type whose values can be empty, which `#[rag_span(empty)]` requires.
#[diagnostic::on_unimplemented(
    message = "`empty` does not know when a value of `{Self}` is empty",
    label = "not a text, a collection, an `Option`, or a `Result` of one",
    note = "write a closure: `empty = |value| value.hits == 0`"
)]
pub trait MayBeEmpty {
    /// Returns whether the value is empty.
    fn is_empty(&self) -> bool;
}

/// Returns whether the value is empty.
pub fn is_empty<T: MayBeEmpty + ?Sized>(value: &T) -> bool {
    value.is_empty()
}

impl<T: MayBeEmpty, E> MayBeEmpty for Result<T, E> {
    fn is_empty(&self) -> bool {
        self.as_ref().is_ok_and(MayBeEmpty::is_empty)
    }
}

impl<T> MayBeEmpty for Option<T> {
    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

macro_rules! may_be_empty {
    ($([$($generics:tt)*] $type:ty;)*) => {
        $(
            impl<$($generics)*> MayBeEmpty for $type {
                fn is_empty(&self) -> bool {
                    <$type>::is_empty(self)
                }
            }
        )*
    };
}

may_be_empty! {
    [] str;
    [] String;
    [T] [T];
    [T] Vec<T>;
    [T] VecDeque<T>;
    [T] LinkedList<T>;
    [T] BinaryHeap<T>;
    [T] BTreeSet<T>;
    [K, V] BTreeMap<K, V>;
    [T, S] HashSet<T, S>;
    [K, V, S] HashMap<K, V, S>;
}

macro_rules! delegate {
    ($($pointer:ty),*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<T: MayBeEmpty + ?Sized> MayBeEmpty for $pointer {
                fn is_empty(&self) -> bool {
                    T::is_empty(self)
                }
            }
        )*
    };
}

delegate!(&T, &mut T, Box<T>, std::rc::Rc<T>, std::sync::Arc<T>);
