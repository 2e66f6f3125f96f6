//! Decides by its name whether a field holds a secret.
//!
//! The check runs for every field on the caller's thread. Names are `'static`, so each thread caches the result for
//! the names that it has seen, by their address.

mod words;

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, PoisonError, RwLock};

pub(super) use words::names_secret;

/// The current names.
static CURRENT: LazyLock<RwLock<Names>> = LazyLock::new(|| RwLock::new(Names::new(&[], &[])));

/// Grows with every change of the names, so that threads discard their cached results.
static GENERATION: AtomicU32 = AtomicU32::new(1);

/// The number of sets in a thread's cache. The set of a name follows from its address.
const SETS: usize = 128;

/// The number of names in a set. Names of one set would evict one another if it had room for one.
const WAYS: usize = 4;

/// The cached result for one name.
#[derive(Clone, Copy)]
struct Cached {
    at: usize,
    length: u32,
    /// The generation, with the answer in the last bit.
    answer: u32,
}

const EMPTY: Cached = Cached {
    at: 0,
    length: 0,
    answer: 0,
};

type Set = [Cell<Cached>; WAYS];

thread_local! {
    static CACHE: [Set; SETS] = const { [const { [const { Cell::new(EMPTY) }; WAYS] }; SETS] };
}

/// Returns `true` if the value of a field of this name is redacted.
#[inline]
pub(crate) fn is_secret(name: &'static str) -> bool {
    let at = name.as_ptr().addr();
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
    let generation = GENERATION.load(Ordering::Relaxed) << 1;
    let cached = CACHE.try_with(|sets| {
        let mut ways = sets[set_of(at)].iter().map(Cell::get);
        let answer = ways.find(|cached| {
            cached.at == at && cached.length == length && cached.answer & !1 == generation
        });
        answer.map(|cached| cached.answer & 1 == 1)
    });
    match cached {
        Ok(Some(answer)) => answer,
        _ => look_up(name, at, length, generation),
    }
}

/// Returns the index of the set of an address.
fn set_of(at: usize) -> usize {
    (at ^ at >> 7) % SETS
}

#[cold]
fn look_up(name: &str, at: usize, length: u32, generation: u32) -> bool {
    let secret = CURRENT
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .has(name);
    let answer = generation | u32::from(secret);
    let mut cached = Cached { at, length, answer };
    // A thread that is ending has no cache any more.
    let _gone = CACHE.try_with(|sets| {
        for way in &sets[set_of(at)] {
            cached = way.replace(cached);
        }
    });
    secret
}

/// Replaces the names of the whole process.
pub(super) fn install(names: Names) {
    *CURRENT.write().unwrap_or_else(PoisonError::into_inner) = names;
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// The names of secrets and the allowed names of a configuration, in addition to the built-in words.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    secret: HashSet<String>,
    allowed: HashSet<String>,
}

impl Names {
    /// Returns the known names with these added, and without the allowed ones.
    pub(super) fn new(more: &[String], allowed: &[String]) -> Self {
        Self {
            secret: more.iter().map(|name| plain(name)).collect(),
            allowed: allowed.iter().map(|name| plain(name)).collect(),
        }
    }

    /// Returns `true` if the value of this name is a secret.
    pub(super) fn has(&self, name: &str) -> bool {
        let short = name.rsplit_once('.').map_or(name, |(_, last)| last);
        let (whole, last) = (plain(name), plain(short));
        if self.allowed.contains(&whole) {
            return false;
        }
        let is_secret = self.secret.contains(&last) || names_secret(short);
        self.secret.contains(&whole) || is_secret && !self.allowed.contains(&last)
    }
}

/// Converts a name to small letters, without hyphens and underscores.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|letter| !matches!(letter, '-' | '_'));
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn secrets_are_known_however_they_are_written() {
        for name in [
            "password",
            "api_key",
            "API-Key",
            "apiKey",
            "user.password",
            "http.request.header.Set-Cookie",
            "metrics.token",
            "access_token",
        ] {
            assert!(is_secret(name), "{name}");
            assert!(is_secret(name), "{name}, from the cache");
        }
    }

    #[test]
    fn token_counts_are_not_secrets() {
        for name in [
            "tokens",
            "max_tokens",
            "total_tokens",
            "prompt_tokens",
            "token_budget",
            "token.count",
            "tokenizer",
            "password_length",
            "secretary",
            "token.count",
            "cookies",
            "key",
            "cache_key",
            "",
            ".",
        ] {
            assert!(!is_secret(name), "{name}");
            assert!(!is_secret(name), "{name}, from the cache");
        }
    }

    #[test]
    fn names_are_added_and_allowed() {
        let names = Names::new(
            &owned(&["E-Mail", "patient.name"]),
            &owned(&["token", "llm.secret"]),
        );
        for name in ["email", "user.e_mail", "patient.name", "secret"] {
            assert!(names.has(name), "{name}");
        }
        for name in ["name", "token", "next.token", "llm.secret"] {
            assert!(!names.has(name), "{name}");
        }
    }

    #[test]
    fn names_that_share_a_slot_do_not_answer_for_one_another() {
        static LETTERS: &str = "passwordpasswordpassword";
        for _ in 0..2 {
            for start in 0..16 {
                let name = LETTERS.get(start..start + 8).unwrap();
                assert_eq!(is_secret(name), name == "password", "{start}");
                assert!(!is_secret(LETTERS.get(start..start + 4).unwrap()));
            }
        }
    }
}
