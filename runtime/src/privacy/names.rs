//! Decides by its name whether a field holds a secret.
//!
//! The check runs for every field on the caller's thread. Names are `'static`, so each thread caches the result for
//! the names that it has seen, by their address.

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, PoisonError, RwLock};

/// Names of secrets, in small letters and without hyphens and underscores. They are compared as a whole: `tokens`,
/// `max_tokens` and `token_budget` are counts of tokens, and not secrets.
const KNOWN: [&str; 39] = [
    "accesskey",
    "accesstoken",
    "apikey",
    "apisecret",
    "apitoken",
    "authorization",
    "authtoken",
    "bearertoken",
    "cardnumber",
    "clientsecret",
    "connectionstring",
    "cookie",
    "credential",
    "credentials",
    "creditcard",
    "csrftoken",
    "cvv",
    "encryptionkey",
    "idtoken",
    "jwt",
    "oauthtoken",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "proxyauthorization",
    "pwd",
    "refreshtoken",
    "secret",
    "secretaccesskey",
    "secretkey",
    "sessiontoken",
    "setcookie",
    "signingkey",
    "ssn",
    "token",
    "webhooksecret",
    "xapikey",
    "xauthtoken",
];

/// The current names.
static CURRENT: LazyLock<RwLock<Names>> = LazyLock::new(|| RwLock::new(Names::new(&[], &[])));

/// Grows with every change of the names, so that threads discard their cached results.
static GENERATION: AtomicU32 = AtomicU32::new(1);

/// The last two letters of the names of secrets: for each last letter, by five bits of it, a bit for each letter
/// before it. It excludes most names at once. Bits are only added, so the filter has false positives but no false
/// negatives.
static ENDS: [AtomicU32; 32] = {
    let mut ends = [const { AtomicU32::new(0) }; 32];
    let mut row = 0;
    while row < ends.len() {
        // The last letter may be a separator, which is ignored.
        let mut bits = if row == fold(b'-') || row == fold(b'_') {
            u32::MAX
        } else {
            0
        };
        let mut at = 0;
        while at < KNOWN.len() {
            if let [.., before, last] = *KNOWN[at].as_bytes()
                && fold(last) == row
            {
                bits |= 1 << fold(before);
            }
            at += 1;
        }
        ends[row] = AtomicU32::new(bits);
        row += 1;
    }
    ends
};

/// Folds the case of a letter.
const fn fold(letter: u8) -> usize {
    (letter & 31) as usize
}

/// Returns `false` if a name cannot be a secret's, by its last two letters.
#[inline(always)]
fn may_be(name: &str) -> bool {
    match *name.as_bytes() {
        [.., before, last] if before.is_ascii() && last.is_ascii() => {
            ENDS[fold(last)].load(Ordering::Relaxed) >> fold(before) & 1 == 1
        }
        _ => true,
    }
}

/// The number of names in a thread's cache.
const SLOTS: usize = 256;

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

thread_local! {
    static CACHE: [Cell<Cached>; SLOTS] = const { [const { Cell::new(EMPTY) }; SLOTS] };
}

/// Returns `true` if the value of a field of this name is redacted.
#[inline(always)]
pub(crate) fn is_secret(name: &'static str) -> bool {
    may_be(name) && is_secret_cached(name)
}

/// Returns this thread's cached result for the name, or computes it.
#[inline(never)]
fn is_secret_cached(name: &'static str) -> bool {
    let at = name.as_ptr().addr();
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
    let generation = GENERATION.load(Ordering::Relaxed) << 1;
    let cached = CACHE.try_with(|cached| cached[(at ^ at >> 8) % SLOTS].get());
    match cached {
        Ok(cached)
            if cached.at == at && cached.length == length && cached.answer & !1 == generation =>
        {
            cached.answer & 1 == 1
        }
        _ => look_up(name, at, length, generation),
    }
}

#[cold]
fn look_up(name: &str, at: usize, length: u32, generation: u32) -> bool {
    let secret = CURRENT
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .has(name);
    let answer = generation | u32::from(secret);
    let cached = Cached { at, length, answer };
    // A thread that is ending has no cache any more.
    let _gone = CACHE.try_with(|slots| slots[(at ^ at >> 8) % SLOTS].set(cached));
    secret
}

/// Replaces the names of the whole process.
pub(super) fn install(names: Names) {
    for name in &names.secret {
        match *name.as_bytes() {
            [.., before, last] => {
                // A separator may be between them, as in `plan_b`.
                let bits = 1 << fold(before) | 1 << fold(b'-') | 1 << fold(b'_');
                ENDS[fold(last)].fetch_or(bits, Ordering::Relaxed);
            }
            // A name of one letter may follow a point and any letter.
            [last] => {
                ENDS[fold(last)].fetch_or(u32::MAX, Ordering::Relaxed);
            }
            [] => {}
        }
    }
    *CURRENT.write().unwrap_or_else(PoisonError::into_inner) = names;
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// The names of secrets, and the allowed names.
#[derive(Debug)]
pub(super) struct Names {
    secret: HashSet<String>,
    allowed: HashSet<String>,
}

impl Names {
    /// Returns the known names with these added, and without the allowed ones.
    pub(super) fn new(more: &[String], allowed: &[String]) -> Self {
        let more = more.iter().map(|name| plain(name));
        Self {
            secret: KNOWN.into_iter().map(str::to_owned).chain(more).collect(),
            allowed: allowed.iter().map(|name| plain(name)).collect(),
        }
    }

    fn has(&self, name: &str) -> bool {
        let name = plain(name);
        let last = name.rsplit_once('.').map_or(&*name, |(_, last)| last);
        if self.allowed.contains(&name) {
            return false;
        }
        self.secret.contains(&name) || self.secret.contains(last) && !self.allowed.contains(last)
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
            "token_count",
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
    fn the_last_letters_clear_no_secret() {
        for known in KNOWN {
            for name in [
                known.to_owned(),
                known.to_uppercase(),
                format!("{known}_"),
                format!("x.{known}-"),
            ] {
                assert!(may_be(&name), "{name}");
                assert!(Names::new(&[], &[]).has(&name), "{name}");
            }
        }
        let common = [
            "query",
            "chunks",
            "model",
            "status",
            "documents",
            "kind",
            "tokens",
        ];
        for name in common {
            assert!(!may_be(name), "{name} is not excluded by its last letters");
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
