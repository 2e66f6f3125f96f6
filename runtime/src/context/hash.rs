//! Keyed hashes: of values that records are joined on, and that nobody may read.

use std::fmt::{self, Display, Write};
use std::sync::{LazyLock, OnceLock};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::clock;

/// No more of a value is hashed than this, in bytes: a `Display` may never end.
const MAX_HASHED: usize = 1024 * 1024;

/// The key that `start` was given.
static SET: OnceLock<HashKey> = OnceLock::new();

/// This process' own, where none was given; none where the system has no chance to give.
static OWN: LazyLock<Option<HashKey>> =
    LazyLock::new(|| clock::secret().map(|bytes| HashKey::new(&bytes)));

/// The key of all hashes in this process.
#[derive(Clone)]
pub(crate) struct HashKey(Hmac<Sha256>);

/// A key is never shown.
impl fmt::Debug for HashKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("HashKey(..)")
    }
}

impl HashKey {
    /// A key of any length.
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes any length")))
    }

    /// From now on all hashes of this process are made with it; the first one stays.
    pub(crate) fn install(self) {
        let _first_stays = SET.set(self);
    }

    /// `hash:` and the first 64 bits of the HMAC-SHA-256 of what `value` prints.
    fn hash(&self, value: &dyn Display) -> String {
        let mut hashed = Hashed {
            mac: self.0.clone(),
            left: MAX_HASHED,
        };
        // An error here is the bound's own, or a broken `Display` of the user's: what was printed counts.
        let _stopped = write!(hashed, "{value}");
        let mut text = "hash:".to_owned();
        for byte in hashed.mac.finalize().into_bytes().iter().take(8) {
            // Writing to a string cannot fail.
            _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// The hash of what `value` prints; none where there is no key.
pub(super) fn hash(value: &dyn Display) -> Option<String> {
    SET.get()
        .or(OWN.as_ref())
        .map(|key: &HashKey| key.hash(value))
}

/// Hashes what is written to it, up to a bound.
struct Hashed {
    mac: Hmac<Sha256>,
    left: usize,
}

impl Write for Hashed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let kept = text.as_bytes();
        let kept = kept.get(..self.left).unwrap_or(kept);
        self.mac.update(kept);
        self.left -= kept.len();
        if kept.len() < text.len() {
            return Err(fmt::Error);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_published_one() {
        // RFC 4231, test cases 2 and 6.
        let short = HashKey::new(b"Jefe").hash(&"what do ya want for nothing?");
        assert_eq!(short, "hash:5bdcc146bf60754e");
        let long = HashKey::new(&[0xaa; 131]);
        let text = "Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(long.hash(&text), "hash:60e431591ee0b67f");
    }

    #[test]
    fn how_a_value_prints_itself_does_not_matter() {
        let key = HashKey::new(b"key");
        assert_eq!(
            key.hash(&format_args!("{}@{}", "ada", 1)),
            key.hash(&"ada@1")
        );
        assert_ne!(key.hash(&"ada@1"), HashKey::new(b"other").hash(&"ada@1"));
    }

    #[test]
    fn endless_printing_is_stopped() {
        struct Endless;
        impl Display for Endless {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    out.write_str("again and again ")?;
                }
            }
        }
        let key = HashKey::new(b"key");
        let first = "again and again ".repeat(MAX_HASHED / 16);
        assert_eq!(key.hash(&Endless), key.hash(&first));
        assert_ne!(key.hash(&Endless), key.hash(&""));
    }

    #[test]
    fn a_key_is_never_shown() {
        let shown = format!("{:?}", HashKey::new(b"canary"));
        assert_eq!(shown, "HashKey(..)");
    }
}
